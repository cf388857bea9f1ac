/* SPDX-License-Identifier: GPL-3.0-or-later */
/* translate.c - a RACDCERT command as the arguments of a verb of attls-keyring */
#include "keyring/racdcert/translate.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "keyring/heap.h"
#include "keyring/racdcert/operand.h"

#define KEYS   "RSA NISTECC BPECC DSA ICSF PCICC PKDS TOKEN FROMICSF"
#define STATUS "TRUST NOTRUST HIGHTRUST"

/* What a function has in its own parentheses. */
enum inside {
	INSIDE_NOTHING,
	INSIDE_OPERANDS,    /* LABEL('x') and the like */
	INSIDE_NAME,        /* a ring's name */
	INSIDE_DATASET,     /* input */
	INSIDE_MAY_DATASET, /* may be missing */
	INSIDE_CONNECTION,  /* owner of the certificate, LABEL, RING */
};

static const struct function {
	const char *word;
	const char *verb; /* NULL: cannot be done here */
	enum inside inside;
	enum argument dataset; /* what INSIDE_DATASET is */
	enum argument label;   /* what WITHLABEL is */
	const char *operands;  /* what may follow, or stand inside; blanks between */
} functions[] = {
	{"LIST", "list", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL"},
	{"ADD", "add", INSIDE_DATASET, ARG_CERT, ARG_LABEL,
		"WITHLABEL PASSWORD ICSF PCICC PKDS " STATUS},
	{"ADDRING", "addring", INSIDE_NAME, 0, ARG_LABEL, ""},
	{"ALTER", "alter", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL NEWLABEL " STATUS},
	{"CHECKCERT", "checkcert", INSIDE_DATASET, ARGUMENTS, ARG_LABEL, "PASSWORD"},
	{"CONNECT", "connect", INSIDE_CONNECTION, 0, ARG_LABEL, "LABEL RING DEFAULT USAGE"},
	{"DELETE", "delete", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL FORCE"},
	{"DELRING", "delring", INSIDE_NAME, 0, ARG_LABEL, ""},
	{"EXPORT", "export", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL DSN FORMAT PASSWORD"},
	{"GENCERT", "gencert", INSIDE_MAY_DATASET, ARG_REQUEST, ARG_LABEL,
		"SUBJECTSDN SIZE NOTBEFORE NOTAFTER WITHLABEL SIGNWITH KEYUSAGE ALTNAME " STATUS
		" " KEYS},
	{"GENREQ", "genreq", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL DSN"},
	{"LISTCHAIN", "listchain", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL"},
	{"LISTRING", "listring", INSIDE_NAME, 0, ARG_LABEL, ""},
	{"MAP", "map", INSIDE_MAY_DATASET, ARG_CERT, ARG_LABEL,
		"WITHLABEL SDNFILTER IDNFILTER CRITERIA TRUST NOTRUST"},
	{"ALTMAP", "altmap", INSIDE_OPERANDS, 0, ARG_LABEL,
		"LABEL NEWLABEL NEWCRITERIA TRUST NOTRUST"},
	{"DELMAP", "delmap", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL"},
	{"LISTMAP", "listmap", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL"},
	{"REKEY", "rekey", INSIDE_OPERANDS, 0, ARG_NEWLABEL,
		"LABEL SIZE NOTBEFORE NOTAFTER WITHLABEL " KEYS},
	{"REMOVE", "remove", INSIDE_CONNECTION, 0, ARG_LABEL, "LABEL RING"},
	{"ROLLOVER", "rollover", INSIDE_OPERANDS, 0, ARG_LABEL, "LABEL NEWLABEL FORCE"},
	{"ADDTOKEN", NULL, 0, 0, 0, ""},
	{"BIND", NULL, 0, 0, 0, ""},
	{"DELTOKEN", NULL, 0, 0, 0, ""},
	{"IMPORT", NULL, 0, 0, 0, ""},
	{"LISTTOKEN", NULL, 0, 0, 0, ""},
	{"UNBIND", NULL, 0, 0, 0, ""},
};
enum { FUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

void translation_fini(struct translation *t)
{
	for (size_t i = 0; i < t->owned_count; i++)
		free(t->owned[i]);
	free(t->owned);
	*t = (struct translation){0};
}

/* The one function that @text means: as it is written, or as the only one that begins so. */
static const struct function *find_function(const char *text)
{
	const struct function *found = NULL;

	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (strcasecmp(text, functions[i].word) == 0)
			return &functions[i];
	}
	for (size_t i = 0; i < FUNCTIONS; i++) {
		if (!word_matches(text, functions[i].word))
			continue;
		if (found)
			return NULL;
		found = &functions[i];
	}
	return found;
}

/* The same for the operands of @f. Return: owned by @t; NULL if there is none or several. */
static const char *find_operand(struct translation *t, const struct function *f, const char *text)
{
	char *copy = heap_copy(f->operands), *rest = NULL;
	const char *found = NULL;
	int count = 0;

	translation_own(t, copy);
	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		if (strcasecmp(text, w) == 0)
			return w;
		if (word_matches(text, w)) {
			found = w;
			count++;
		}
	}
	return count == 1 ? found : NULL;
}

static void give_owner(struct arguments *a, const char *owner)
{
	if (strcmp(owner, "CERTAUTH") == 0)
		a->values[ARG_CERTAUTH] = "";
	else if (strcmp(owner, "SITE") == 0)
		a->values[ARG_SITE] = "";
	else
		a->values[ARG_ID] = owner;
}

static bool read_operand(const struct reading *r, const struct function *f, size_t i)
{
	const char *text = r->c->words[i].text, *word = find_operand(r->t, f, text);

	if (word)
		return operand_read(r, word, i);
	err_add(r->err, "line %d: %s has no operand %s; it has: %s", r->c->line, f->word, text,
		*f->operands ? f->operands : "none");
	return false;
}

/* CONNECT and REMOVE: whose certificate; without an owner it is the ring's. */
static bool read_connection(const struct reading *r, const struct function *f, size_t i)
{
	const char *owner = operand_owner(r, i);

	if (!owner)
		return read_operand(r, f, i);
	r->t->a.values[ARG_OWNER] = owner;
	return true;
}

static bool read_dataset(const struct reading *r, const struct function *f, const char *name)
{
	const char *path = operand_dataset(r, name);

	if (f->dataset == ARGUMENTS)
		r->t->a.operand = path;
	else
		r->t->a.values[f->dataset] = path;
	return path != NULL;
}

/* What stands in the function's own parentheses, at @i. */
static bool read_inside(const struct reading *r, const struct function *f, size_t i)
{
	const char *value = command_value(r->c, i);
	size_t end = command_after(r->c, i);
	bool good = true, one = f->inside == INSIDE_NAME || f->inside == INSIDE_DATASET ||
				f->inside == INSIDE_MAY_DATASET;

	if (one && !value && !(f->inside == INSIDE_MAY_DATASET && end == i + 1)) {
		err_add(r->err, "line %d: %s takes one name in parentheses", r->c->line, f->word);
		return false;
	}
	if (f->inside == INSIDE_NAME)
		r->t->a.operand = value;
	else if (one && value)
		return read_dataset(r, f, value);
	for (size_t k = i + 1; !one && k < end; k = command_after(r->c, k))
		good = (f->inside == INSIDE_CONNECTION ? read_connection(r, f, k)
						       : read_operand(r, f, k)) &&
		       good;
	return good;
}

/* The owner first, as other operands may need it; the function is the first word that is one. */
static const struct function *read_head(const struct reading *r, size_t *at)
{
	const struct function *found = NULL, *f;

	for (size_t i = 1; i < r->c->count; i = command_after(r->c, i)) {
		const char *owner = operand_owner(r, i);

		if (owner)
			give_owner(&r->t->a, owner);
		else if (word_matches(r->c->words[i].text, "MULTIID"))
			r->t->a.values[ARG_MULTIID] = "";
		else if (!found && (f = find_function(r->c->words[i].text))) {
			found = f;
			*at = i;
		}
	}
	return found;
}

/* Without ID, SITE or CERTAUTH it is about the user who says it. */
static void default_owner(const struct reading *r)
{
	const struct passwd *account = getpwuid(getuid());
	struct arguments *a = &r->t->a;

	if (!arguments_owner(a) && !a->values[ARG_MULTIID] && account)
		a->values[ARG_ID] = translation_own(r->t, heap_copy(account->pw_name));
}

static bool read_rest(const struct reading *r, const struct function *f, size_t at)
{
	bool good = true;

	for (size_t i = 1; i < r->c->count; i = command_after(r->c, i)) {
		if (i == at || operand_owner(r, i) || word_matches(r->c->words[i].text, "MULTIID"))
			continue;
		good = read_operand(r, f, i) && good;
	}
	return good;
}

static bool read_function(struct reading *r)
{
	size_t at = 0;
	const struct function *f = read_head(r, &at);
	bool good;

	if (!f && r->c->count > 1 && command_after(r->c, 1) < r->c->count) {
		err_add(r->err, "line %d: the command has no function that RACDCERT knows",
			r->c->line);
		return false;
	}
	if (!f)
		f = &functions[0]; /* LIST */
	if (!f->verb) {
		err_add(r->err, "line %d: %s cannot be done here: there are no tokens of ICSF",
			r->c->line, f->word);
		return false;
	}
	default_owner(r);
	r->t->a.verb = f->verb;
	r->label = f->label;
	good = !at || read_inside(r, f, at);
	return read_rest(r, f, at) && good;
}

static bool is_about_owner(const char *verb)
{
	return strcmp(verb, "checkcert") != 0 && strcmp(verb, "altmap") != 0 &&
	       strcmp(verb, "delmap") != 0;
}

/* What RACDCERT takes in words of its own, and a verb does not take at all. */
static void adapt(struct arguments *a)
{
	if (strcmp(a->verb, "map") != 0)
		a->values[ARG_MULTIID] = NULL;
	if (!is_about_owner(a->verb))
		a->values[ARG_ID] = a->values[ARG_CERTAUTH] = a->values[ARG_SITE] = NULL;
	if (strcmp(a->verb, "delete") == 0)
		a->values[ARG_FORCE] = NULL;
	if (strcmp(a->verb, "listring") == 0 && a->operand && strcmp(a->operand, "*") == 0)
		a->operand = NULL;
}

bool translate(struct translation *t, const struct command *c, const char *dir,
	const char *datasets, struct err_list *err)
{
	struct reading r = {.t = t, .c = c, .err = err};
	const char *name = c->words[0].text;

	*t = (struct translation){.a.dir = dir, .datasets = datasets};
	if (strcasecmp(name, "SETROPTS") == 0) {
		t->nothing = true; /* RACLIST REFRESH: changes are seen without */
		return true;
	}
	if (strcasecmp(name, "RACDCERT") != 0) {
		err_add(err, "line %d: %s is not RACDCERT: other commands are not for this program",
			c->line, name);
		return false;
	}
	if (!read_function(&r))
		return false;
	adapt(&t->a);
	return true;
}

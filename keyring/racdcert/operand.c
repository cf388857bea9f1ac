/* SPDX-License-Identifier: GPL-3.0-or-later */
/* operand.c - what stands behind the functions of RACDCERT, one by one */
#include "keyring/racdcert/operand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/files.h"
#include "keyring/heap.h"

#define DATASET_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.#$@-()"

/* How an operand is read. */
typedef bool read_fn(const struct reading *r, size_t i, enum argument arg);

struct operand {
	const char *word;
	read_fn *read;
	enum argument arg;
};

const char *translation_own(struct translation *t, char *text)
{
	t->owned = heap_append(t->owned, t->owned_count, sizeof(*t->owned));
	t->owned[t->owned_count++] = text;
	return text;
}

static const char *text_at(const struct reading *r, size_t i)
{
	return r->c->words[i].text;
}

static bool refuse(const struct reading *r, size_t i, const char *why)
{
	err_add(r->err, "line %d: %s %s", r->c->line, text_at(r, i), why);
	return false;
}

static bool read_flag(const struct reading *r, size_t i, enum argument arg)
{
	if (command_after(r->c, i) != i + 1)
		return refuse(r, i, "takes no value");
	r->t->a.values[arg] = "";
	return true;
}

static bool read_text(const struct reading *r, size_t i, enum argument arg)
{
	r->t->a.values[arg] = command_value(r->c, i);
	return r->t->a.values[arg] || refuse(r, i, "takes one value in parentheses");
}

static bool read_withlabel(const struct reading *r, size_t i, enum argument arg)
{
	(void)arg;
	return read_text(r, i, r->label);
}

static bool read_password(const struct reading *r, size_t i, enum argument arg)
{
	(void)arg;
	r->t->a.password = command_value(r->c, i);
	return r->t->a.password || refuse(r, i, "takes one value in parentheses");
}

const char *operand_dataset(const struct reading *r, const char *name)
{
	struct names files;
	char *path = NULL;

	if (!*name || *name == '.' || name[strspn(name, DATASET_LETTERS)]) {
		err_add(r->err, "line %d: %s is no data set name", r->c->line, name);
		return NULL;
	}
	if (!r->t->datasets) {
		err_add(r->err, "line %d: data set %s: say with -d in which directory", r->c->line,
			name);
		return NULL;
	}
	/* data set names have no case, file names have */
	names_list(&files, r->t->datasets, r->err);
	for (size_t i = 0; i < files.count; i++) {
		if (strcasecmp(files.items[i], name) == 0 &&
			(!path || strcmp(files.items[i], name) == 0)) {
			free(path);
			path = heap_format("%s/%s", r->t->datasets, files.items[i]);
		}
	}
	names_free(&files);
	if (!path)
		path = heap_format("%s/%s", r->t->datasets, name);
	return translation_own(r->t, path);
}

static bool read_dataset(const struct reading *r, size_t i, enum argument arg)
{
	const char *name = command_value(r->c, i);

	if (!name)
		return refuse(r, i, "takes one data set name");
	r->t->a.values[arg] = operand_dataset(r, name);
	return r->t->a.values[arg] != NULL;
}

/* RACDCERT's attributes, most specific first, and the names that they have elsewhere. */
static const char *const attributes[][2] = {{"CN", "CN"}, {"T", "title"}, {"OU", "OU"}, {"O", "O"},
	{"L", "L"}, {"SP", "ST"}, {"C", "C"}};

static void print_escaped(FILE *f, const char *value)
{
	for (; *value; value++)
		fprintf(f, *value == ',' || *value == '\\' ? "\\%c" : "%c", *value);
}

/* All values of attribute @at in the parentheses of word @i. */
static size_t print_attribute(FILE *f, const struct reading *r, size_t i, size_t at, size_t count)
{
	size_t end = command_after(r->c, i);

	for (size_t k = i + 1; k < end; k = command_after(r->c, k)) {
		for (size_t v = k + 1; strcasecmp(text_at(r, k), attributes[at][0]) == 0 &&
				       v < command_after(r->c, k);
			v++) {
			fprintf(f, "%s%s=", count++ ? "," : "", attributes[at][1]);
			print_escaped(f, text_at(r, v));
		}
	}
	return count;
}

static bool is_attribute(const char *word)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (strcasecmp(word, attributes[i][0]) == 0)
			return true;
	}
	return false;
}

static bool read_subject(const struct reading *r, size_t i, enum argument arg)
{
	char *text = NULL;
	size_t size, count = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	for (size_t k = 0; k < sizeof(attributes) / sizeof(attributes[0]); k++)
		count = print_attribute(f, r, i, k, count);
	if (fclose(f) != 0)
		abort();
	r->t->a.values[arg] = translation_own(r->t, text);
	for (size_t k = i + 1; k < command_after(r->c, i); k = command_after(r->c, k)) {
		if (!is_attribute(text_at(r, k)))
			return refuse(r, k, "is none of CN, T, OU, O, L, SP, C");
	}
	return count || refuse(r, i, "names nobody");
}

static bool read_altname(const struct reading *r, size_t i, enum argument arg)
{
	static const char *const kinds[] = {"IP", "DOMAIN", "EMAIL", "URI"};
	char *text = heap_copy("");

	for (size_t k = i + 1; k < command_after(r->c, i); k = command_after(r->c, k)) {
		const char *kind = NULL;

		for (size_t n = 0; n < sizeof(kinds) / sizeof(kinds[0]); n++)
			kind = strcasecmp(text_at(r, k), kinds[n]) == 0 ? kinds[n] : kind;
		for (size_t v = k + 1; kind && v < command_after(r->c, k); v++) {
			char *more = heap_format(
				"%s%s%s:%s", text, *text ? "," : "", kind, text_at(r, v));

			free(text);
			text = more;
		}
		if (!kind) {
			free(text);
			return refuse(r, k, "is none of IP, DOMAIN, EMAIL, URI");
		}
	}
	r->t->a.values[arg] = translation_own(r->t, text);
	return *text || refuse(r, i, "holds no name");
}

static bool read_keyusage(const struct reading *r, size_t i, enum argument arg)
{
	char *text = heap_copy("");

	for (size_t k = i + 1; k < command_after(r->c, i); k++) {
		char *more = heap_format("%s%s%s", text, *text ? "," : "", text_at(r, k));

		free(text);
		text = more;
	}
	r->t->a.values[arg] = translation_own(r->t, text);
	return *text || refuse(r, i, "names no usage");
}

/* NOTBEFORE(DATE(2026-01-31) TIME(08:00:00)), either of them. */
static bool read_date(const struct reading *r, size_t i, enum argument arg)
{
	const char *date = NULL, *time = NULL;

	for (size_t k = i + 1; k < command_after(r->c, i); k = command_after(r->c, k)) {
		if (strcasecmp(text_at(r, k), "DATE") == 0)
			date = command_value(r->c, k);
		else if (strcasecmp(text_at(r, k), "TIME") == 0)
			time = command_value(r->c, k);
		else
			return refuse(r, k, "is neither DATE nor TIME");
	}
	if (!date)
		return refuse(r, i, "needs DATE(YYYY-MM-DD)");
	/* RACF writes dates also as 2026/01/31 */
	r->t->a.values[arg] =
		translation_own(r->t, time ? heap_format("%sT%sZ", date, time) : heap_copy(date));
	for (char *p = (char *)r->t->a.values[arg]; *p; p++) {
		if (*p == '/')
			*p = '-';
	}
	return true;
}

const char *operand_owner(const struct reading *r, size_t i)
{
	if (word_matches(text_at(r, i), "CERTAUTH"))
		return "CERTAUTH";
	if (word_matches(text_at(r, i), "SITE"))
		return "SITE";
	return strcasecmp(text_at(r, i), "ID") == 0 ? command_value(r->c, i) : NULL;
}

/* SIGNWITH(CERTAUTH LABEL('ca')) */
static bool read_signwith(const struct reading *r, size_t i, enum argument arg)
{
	const char *owner = NULL, *label = NULL;

	for (size_t k = i + 1; k < command_after(r->c, i); k = command_after(r->c, k)) {
		if (word_matches(text_at(r, k), "LABEL"))
			label = command_value(r->c, k);
		else if (!(owner = operand_owner(r, k)))
			return refuse(r, k, "is none of CERTAUTH, SITE, ID(user), LABEL");
	}
	if (!label)
		return refuse(r, i, "needs LABEL('label')");
	if (!owner)
		owner = arguments_owner(&r->t->a);
	r->t->a.values[arg] = translation_own(r->t, heap_format("%s/%s", owner, label));
	return true;
}

/* RSA, NISTECC, BPECC: a word of ours; where the key is kept may follow in parentheses. */
static bool read_keytype(const struct reading *r, size_t i, enum argument arg)
{
	if (command_after(r->c, i) != i + 1)
		return refuse(r, i, "in ICSF, which is not here: leave the parentheses out");
	r->t->a.values[arg] = text_at(r, i);
	return true;
}

static bool read_elsewhere(const struct reading *r, size_t i, enum argument arg)
{
	(void)arg;
	return refuse(r, i,
		"cannot be done here: there is no ICSF; of keys in PKCS#11 tokens tells "
		"attls-keyring(8)");
}

/* "OU=Sales.O=Example.C=DE": a dot before the next attribute becomes a comma. */
static bool read_filter(const struct reading *r, size_t i, enum argument arg)
{
	const char *text = command_value(r->c, i);
	char *name;

	if (!text)
		return refuse(r, i, "takes one name in quotes");
	name = heap_copy(text);
	for (char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		size_t len =
			strspn(dot + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

		if (len && dot[1 + len] == '=')
			*dot = ',';
	}
	r->t->a.values[arg] = translation_own(r->t, name);
	return true;
}

static const struct operand operands[] = {
	{"SUBJECTSDN", read_subject, ARG_SUBJECT},
	{"SIZE", read_text, ARG_SIZE},
	{"NOTBEFORE", read_date, ARG_NOTBEFORE},
	{"NOTAFTER", read_date, ARG_NOTAFTER},
	{"WITHLABEL", read_withlabel, ARG_LABEL},
	{"LABEL", read_text, ARG_LABEL},
	{"NEWLABEL", read_text, ARG_NEWLABEL},
	{"SIGNWITH", read_signwith, ARG_SIGNWITH},
	{"KEYUSAGE", read_keyusage, ARG_KEYUSAGE},
	{"ALTNAME", read_altname, ARG_ALTNAME},
	{"TRUST", read_flag, ARG_TRUST},
	{"NOTRUST", read_flag, ARG_NOTRUST},
	{"HIGHTRUST", read_flag, ARG_HIGHTRUST},
	{"PASSWORD", read_password, ARG_PASSWORD_FILE},
	{"DSN", read_dataset, ARG_OUT},
	{"FORMAT", read_text, ARG_FORMAT},
	{"RING", read_text, ARG_RING},
	{"USAGE", read_text, ARG_USAGE},
	{"DEFAULT", read_flag, ARG_DEFAULT},
	{"FORCE", read_flag, ARG_FORCE},
	{"SDNFILTER", read_filter, ARG_SDNFILTER},
	{"IDNFILTER", read_filter, ARG_IDNFILTER},
	{"CRITERIA", read_text, ARG_CRITERIA},
	{"NEWCRITERIA", read_text, ARG_CRITERIA},
	{"RSA", read_keytype, ARG_KEYTYPE},
	{"NISTECC", read_keytype, ARG_KEYTYPE},
	{"BPECC", read_keytype, ARG_KEYTYPE},
	{"DSA", read_keytype, ARG_KEYTYPE},
	{"ICSF", read_elsewhere, ARGUMENTS},
	{"PCICC", read_elsewhere, ARGUMENTS},
	{"PKDS", read_elsewhere, ARGUMENTS},
	{"TOKEN", read_elsewhere, ARGUMENTS},
	{"FROMICSF", read_elsewhere, ARGUMENTS},
};

bool operand_read(const struct reading *r, const char *word, size_t i)
{
	for (size_t k = 0; k < sizeof(operands) / sizeof(operands[0]); k++) {
		if (strcmp(operands[k].word, word) == 0)
			return operands[k].read(r, i, operands[k].arg);
	}
	return refuse(r, i, "cannot be done here");
}

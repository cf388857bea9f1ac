/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usermap.c - which user a certificate's names stand for: name filters and what they refer to */
#include "keyring/usermap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "keyring/heap.h"
#include "keyring/initext.h"
#include "keyring/name.h"
#include "keyring/subject.h"

/* A name with more RDNs than this fits no filter: each costs as many look-ups. */
enum { RDNS_MAX = 32, HOST_NAME_SIZE = 256 };

static int compare_texts(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_filters(const void *a, const void *b)
{
	const struct map_filter *x = *(const struct map_filter *const *)a;
	const struct map_filter *y = *(const struct map_filter *const *)b;
	int c = compare_texts(x->subject, y->subject);

	return c ? c : compare_texts(x->issuer, y->issuer);
}

static const char *const variables[] = {"&APPLID", "&SYSID"};

/* The variable that begins at @text; NULL if that is none. */
static const char *variable_at(const char *text)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t len = strlen(variables[i]);

		if (strncasecmp(text, variables[i], len) == 0)
			return variables[i];
	}
	return NULL;
}

static void warn_variables(const struct map_filter *f, struct err_list *err)
{
	for (const char *at = f->criteria; at && (at = strchr(at, '&')); at++) {
		if (!variable_at(at))
			err_warn(err,
				"filter %s: its criteria have %s, and only &APPLID and "
				"&SYSID are known: it never fits",
				f->label, at);
	}
}

static void sort_filters(struct usermap *m, struct err_list *err)
{
	m->sorted = heap_zero((m->filters.count + 1) * sizeof(struct map_filter *));
	for (size_t i = 0; i < m->filters.count; i++) {
		const struct map_filter *f = &m->filters.items[i];

		warn_variables(f, err);
		if (f->trust)
			m->sorted[m->sorted_count++] = f;
	}
	qsort(m->sorted, m->sorted_count, sizeof(struct map_filter *), compare_filters);
	for (size_t i = 1; i < m->sorted_count; i++) {
		if (compare_filters(&m->sorted[i - 1], &m->sorted[i]) == 0)
			err_add(err,
				"filters %s and %s have the same names: delete one (attls-keyring "
				"delmap)",
				m->sorted[i - 1]->label, m->sorted[i]->label);
	}
}

static void take_criterion(struct usermap *m, const struct ini_section *s, struct err_list *err)
{
	static const char *const keys[] = {"user", NULL};
	char *user = initext_value(s, "user");
	bool good = initext_keys_known(s, keys, err);

	if (!*s->name)
		ini_error(err, s, NULL, "names no criteria: write [criteria APPLID=NAME]");
	else if (!user)
		ini_error(err, s, "user", "is missing: whom these criteria mean");
	else if (name_is_reserved(user) || !name_owner_ok(user))
		ini_error(err, s, "user", "\"%s\" is no user", user);
	else if (good) {
		m->criteria = heap_append(m->criteria, m->criterion_count, sizeof(*m->criteria));
		m->criteria[m->criterion_count++] =
			(struct criterion){.text = heap_copy(s->name), .user = user};
		return;
	}
	free(user);
}

static void take_hosts(struct usermap *m, const struct ini_section *s, struct err_list *err)
{
	static const char *const keys[] = {"accept", NULL};
	const char *list = ini_get(s, "accept");
	char *copy = heap_copy(list ? list : ""), *rest = NULL;

	if (initext_keys_known(s, keys, err) && !list)
		ini_error(err, s, "accept", "is missing: the names of hosts");
	for (char *w = strtok_r(copy, ", \t", &rest); w; w = strtok_r(NULL, ", \t", &rest)) {
		m->hosts = heap_append(m->hosts, m->host_count, sizeof(*m->hosts));
		m->hosts[m->host_count++] = heap_copy(w);
	}
	free(copy);
}

static void read_identity(struct usermap *m, const char *dir, struct err_list *err)
{
	struct ini *ini = initext_load(dir, "identity.ini", err);

	for (size_t i = 0; ini && i < ini->section_count; i++) {
		const struct ini_section *s = &ini->sections[i];

		if (strcasecmp(s->kind, "criteria") == 0)
			take_criterion(m, s, err);
		else if (strcasecmp(s->kind, "hosts") == 0 && !*s->name)
			take_hosts(m, s, err);
		else
			ini_error(err, s, NULL,
				"unknown section: only [criteria TEXT] and [hosts] are known here");
	}
	ini_free(ini);
}

void usermap_read(struct usermap *m, const char *dir, struct err_list *err)
{
	char host[HOST_NAME_SIZE] = "";

	*m = (struct usermap){0};
	if (gethostname(host, sizeof(host) - 1) < 0)
		*host = '\0';
	m->sysid = heap_copy(host);
	maps_read(&m->filters, dir, err);
	sort_filters(m, err);
	read_identity(m, dir, err);
}

void usermap_fini(struct usermap *m)
{
	maps_free(&m->filters);
	free(m->sorted);
	for (size_t i = 0; i < m->criterion_count; i++) {
		free(m->criteria[i].text);
		free(m->criteria[i].user);
	}
	free(m->criteria);
	for (size_t i = 0; i < m->host_count; i++)
		free(m->hosts[i]);
	free(m->hosts);
	free(m->sysid);
	*m = (struct usermap){0};
}

/* ---- what a filter says ---- */

/* @criteria with its variables replaced; owned, NULL if one has no value. */
static char *resolve(const struct usermap *m, const char *criteria, const char *applid)
{
	const char *const values[] = {applid, m->sysid};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool good = out != NULL;

	for (const char *at = criteria; good && *at;) {
		const char *name = variable_at(at);
		const char *value = name == variables[0] ? values[0] : values[1];

		if (name) {
			good = value != NULL;
			fputs(good ? value : "", out);
			at += strlen(name);
		} else {
			fputc(*at++, out);
		}
	}
	if (out && fclose(out) != 0)
		good = false;
	if (good)
		return text;
	free(text);
	return NULL;
}

static const char *user_of_criteria(
	const struct usermap *m, const char *criteria, const char *applid)
{
	char *text = resolve(m, criteria, applid);
	const char *user = NULL;

	for (size_t i = 0; text && !user && i < m->criterion_count; i++) {
		if (strcasecmp(m->criteria[i].text, text) == 0)
			user = m->criteria[i].user;
	}
	free(text);
	return user;
}

static const char *look_up(
	const struct usermap *m, const char *subject, const char *issuer, const char *applid)
{
	const struct map_filter wanted = {.subject = (char *)subject, .issuer = (char *)issuer};
	const struct map_filter *key = &wanted;
	const struct map_filter *const *found =
		bsearch(&key, m->sorted, m->sorted_count, sizeof(key), compare_filters);

	if (!found)
		return NULL;
	return (*found)->user ? (*found)->user : user_of_criteria(m, (*found)->criteria, applid);
}

/* ---- the ends of a name ---- */

/* A name's text, then without its most specific RDN, without two, and so on. */
struct ends {
	char *texts[RDNS_MAX];
	size_t count;
};

static void drop_rdn(X509_NAME *name)
{
	int last = X509_NAME_entry_count(name) - 1;
	int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, last));

	while (last >= 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, last)) == set)
		X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, last--));
}

static void ends_make(struct ends *e, const X509_NAME *name)
{
	X509_NAME *rest = X509_NAME_dup(name);

	e->count = 0;
	while (rest && X509_NAME_entry_count(rest) > 0 && e->count < RDNS_MAX) {
		char *text = subject_text(rest);

		if (!text)
			break;
		e->texts[e->count++] = text;
		drop_rdn(rest);
	}
	X509_NAME_free(rest);
}

static void ends_free(struct ends *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->texts[i]);
}

/* ---- the six steps ---- */

enum form { FORM_NONE, FORM_WHOLE, FORM_END };

static const struct step {
	enum form subject;
	enum form issuer;
} steps[] = {
	{FORM_WHOLE, FORM_WHOLE},
	{FORM_END, FORM_WHOLE},
	{FORM_WHOLE, FORM_NONE},
	{FORM_END, FORM_NONE},
	{FORM_NONE, FORM_WHOLE},
	{FORM_NONE, FORM_END},
};

/* How many texts of a name @form means, beginning at the second for FORM_END. */
static size_t forms_of(const struct ends *e, enum form form)
{
	switch (form) {
	case FORM_NONE: return 1;
	case FORM_WHOLE: return e->count ? 1 : 0;
	case FORM_END: return e->count ? e->count - 1 : 0;
	}
	return 0;
}

static const char *text_of(const struct ends *e, enum form form, size_t i)
{
	return form == FORM_NONE ? NULL : e->texts[form == FORM_END ? i + 1 : 0];
}

static const char *take_step(const struct usermap *m, const struct step *step,
	const struct ends *subject, const struct ends *issuer, const char *applid)
{
	const char *user = NULL;

	for (size_t s = 0; !user && s < forms_of(subject, step->subject); s++) {
		for (size_t i = 0; !user && i < forms_of(issuer, step->issuer); i++)
			user = look_up(m, text_of(subject, step->subject, s),
				text_of(issuer, step->issuer, i), applid);
	}
	return user;
}

const char *usermap_filter(const struct usermap *m, const X509_NAME *subject,
	const X509_NAME *issuer, const char *applid)
{
	struct ends subjects, issuers;
	const char *user = NULL;

	if (m->sorted_count == 0)
		return NULL;
	ends_make(&subjects, subject);
	ends_make(&issuers, issuer);
	for (size_t i = 0; !user && i < sizeof(steps) / sizeof(steps[0]); i++)
		user = take_step(m, &steps[i], &subjects, &issuers, applid);
	ends_free(&subjects);
	ends_free(&issuers);
	return user;
}

bool usermap_accepts_host(const struct usermap *m, const char *name)
{
	for (size_t i = 0; i < m->host_count; i++) {
		if (strcasecmp(m->hosts[i], name) == 0)
			return true;
	}
	return false;
}

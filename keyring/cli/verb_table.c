/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_table.c - the verbs: what each takes, how it is used, and the way to it */
#include <stdio.h>
#include <string.h>

#include "base/ini.h"
#include "keyring/cli/module.h"
#include "keyring/cli/verbs.h"
#include "keyring/passphrase.h"
#include "keyring/token_local.h"

#define OWNER_BITS  (ARG_BIT(ARG_ID) | ARG_BIT(ARG_CERTAUTH) | ARG_BIT(ARG_SITE))
#define TRUST_BITS  (ARG_BIT(ARG_TRUST) | ARG_BIT(ARG_NOTRUST) | ARG_BIT(ARG_HIGHTRUST))
#define KEY_BITS    (ARG_BIT(ARG_KEYTYPE) | ARG_BIT(ARG_SIZE))
#define DATE_BITS   (ARG_BIT(ARG_DAYS) | ARG_BIT(ARG_NOTBEFORE) | ARG_BIT(ARG_NOTAFTER))
#define FILTER_BITS (ARG_BIT(ARG_SDNFILTER) | ARG_BIT(ARG_IDNFILTER))

enum operand { OPERAND_NONE, OPERAND_MAY, OPERAND_MUST };

static const struct verb {
	const char *name;
	verb_fn *run;
	uint64_t required;
	uint64_t optional;
	bool needs_owner; /* one of --id, --certauth, --site */
	enum operand operand;
	const char *usage;
} verbs[] = {
	{"gencert", verb_gencert, ARG_BIT(ARG_LABEL),
		OWNER_BITS | TRUST_BITS | KEY_BITS | DATE_BITS | ARG_BIT(ARG_SUBJECT) |
			ARG_BIT(ARG_ALTNAME) | ARG_BIT(ARG_KEYUSAGE) | ARG_BIT(ARG_SIGNWITH) |
			ARG_BIT(ARG_REQUEST) | ARG_BIT(ARG_KEY),
		true, OPERAND_NONE,
		"OWNER --label L --subject CN=...,O=... [--altname DNS:...,IP:...]\n"
		"\t[--keytype rsa|nistecc|bpecc|ed25519] [--size BITS] [--key URI] [--days N]\n"
		"\t[--notbefore TIME] [--notafter TIME] [--keyusage WORDS]\n"
		"\t[--signwith [OWNER/]LABEL] [STATUS]\n"
		"gencert OWNER --label L --request FILE --signwith [OWNER/]LABEL ..."},
	{"genreq", verb_genreq, ARG_BIT(ARG_LABEL), OWNER_BITS | ARG_BIT(ARG_OUT), true,
		OPERAND_NONE, "OWNER --label L [--out FILE]"},
	{"add", verb_add, ARG_BIT(ARG_CERT),
		OWNER_BITS | TRUST_BITS | ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_KEY) |
			ARG_BIT(ARG_PASSWORD_FILE) | ARG_BIT(ARG_REPLACE),
		true, OPERAND_NONE,
		"OWNER --cert FILE [--label L] [--key FILE|URI] [--password-file FILE]\n"
		"\t[--replace] [STATUS]"},
	{"alter", verb_alter, ARG_BIT(ARG_LABEL), OWNER_BITS | TRUST_BITS | ARG_BIT(ARG_NEWLABEL),
		true, OPERAND_NONE, "OWNER --label L [--newlabel L] [STATUS]"},
	{"delete", verb_delete, ARG_BIT(ARG_LABEL), OWNER_BITS, true, OPERAND_NONE,
		"OWNER --label L"},
	{"rekey", verb_rekey, ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_NEWLABEL),
		OWNER_BITS | KEY_BITS | DATE_BITS | ARG_BIT(ARG_KEY), true, OPERAND_NONE,
		"OWNER --label L --newlabel L [--keytype T] [--size BITS] [--key URI]\n"
		"\t[--days N] [--notbefore TIME] [--notafter TIME]"},
	{"rollover", verb_rollover, ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_NEWLABEL),
		OWNER_BITS | ARG_BIT(ARG_FORCE), true, OPERAND_NONE,
		"OWNER --label OLD --newlabel NEW [--force]"},
	{"list", verb_list, 0, OWNER_BITS | ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_JSON), false,
		OPERAND_NONE, "[OWNER] [--label L] [--json]"},
	{"listchain", verb_listchain, ARG_BIT(ARG_LABEL), OWNER_BITS | ARG_BIT(ARG_JSON), true,
		OPERAND_NONE, "OWNER --label L [--json]"},
	{"export", verb_export, ARG_BIT(ARG_LABEL),
		OWNER_BITS | ARG_BIT(ARG_FORMAT) | ARG_BIT(ARG_OUT) | ARG_BIT(ARG_PASSWORD_FILE),
		true, OPERAND_NONE,
		"OWNER --label L [--format pem|der|pkcs7|pkcs7-der|pkcs12|pkcs12-base64]\n"
		"\t[--password-file FILE] [--out FILE]"},
	{"checkcert", verb_checkcert, 0, ARG_BIT(ARG_PASSWORD_FILE) | ARG_BIT(ARG_JSON), false,
		OPERAND_MUST, "FILE [--password-file FILE] [--json]"},
	{"addring", verb_addring, ARG_BIT(ARG_ID), 0, true, OPERAND_MUST, "--id USER RING"},
	{"delring", verb_delring, ARG_BIT(ARG_ID), 0, true, OPERAND_MUST, "--id USER RING"},
	{"connect", verb_connect, ARG_BIT(ARG_ID) | ARG_BIT(ARG_RING) | ARG_BIT(ARG_LABEL),
		ARG_BIT(ARG_OWNER) | ARG_BIT(ARG_USAGE) | ARG_BIT(ARG_DEFAULT), true, OPERAND_NONE,
		"--id USER --ring R --label L [--owner USER|CERTAUTH|SITE]\n"
		"\t[--usage personal|certauth|site] [--default]"},
	{"remove", verb_remove, ARG_BIT(ARG_ID) | ARG_BIT(ARG_RING) | ARG_BIT(ARG_LABEL),
		ARG_BIT(ARG_OWNER), true, OPERAND_NONE,
		"--id USER --ring R --label L [--owner USER|CERTAUTH|SITE]"},
	{"listring", verb_listring, 0, ARG_BIT(ARG_ID) | ARG_BIT(ARG_JSON), false, OPERAND_MAY,
		"[--id USER] [RING] [--json]"},
	{"map", verb_map, ARG_BIT(ARG_LABEL),
		FILTER_BITS | ARG_BIT(ARG_ID) | ARG_BIT(ARG_MULTIID) | ARG_BIT(ARG_CRITERIA) |
			ARG_BIT(ARG_CERT) | ARG_BIT(ARG_TRUST) | ARG_BIT(ARG_NOTRUST),
		false, OPERAND_NONE,
		"--id USER|--multiid --criteria TEXT --label L [--cert MODEL]\n"
		"\t[--sdnfilter NAME] [--idnfilter NAME] [--trust|--notrust]"},
	{"altmap", verb_altmap, ARG_BIT(ARG_LABEL),
		ARG_BIT(ARG_NEWLABEL) | ARG_BIT(ARG_CRITERIA) | ARG_BIT(ARG_ID) |
			ARG_BIT(ARG_TRUST) | ARG_BIT(ARG_NOTRUST),
		false, OPERAND_NONE,
		"--label L [--newlabel L] [--criteria TEXT] [--id USER] [--trust|--notrust]"},
	{"delmap", verb_delmap, ARG_BIT(ARG_LABEL), 0, false, OPERAND_NONE, "--label L"},
	{"listmap", verb_listmap, 0, ARG_BIT(ARG_ID) | ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_JSON),
		false, OPERAND_NONE, "[--id USER] [--label L] [--json]"},
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

void verb_help(void)
{
	for (size_t i = 0; i < VERBS; i++)
		printf("%s %s\n", verbs[i].name, verbs[i].usage);
}

static const struct verb *find_verb(const char *name, struct err_list *err)
{
	const char *names[VERBS + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < VERBS; i++) {
		names[i] = verbs[i].name;
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
	}
	near = ini_nearest(name, names);
	err_add(err, "\"%s\" is no verb%s%s%s", name, near ? "; did you mean " : "",
		near ? near : "", near ? "?" : ": see --help");
	return NULL;
}

/* addring and delring take the ring's name as a word or as --ring. */
static void ring_as_operand(const struct verb *v, struct arguments *a)
{
	if (v->operand == OPERAND_NONE || a->operand || !a->values[ARG_RING])
		return;
	a->operand = a->values[ARG_RING];
	a->values[ARG_RING] = NULL;
}

static bool check_use(const struct verb *v, struct arguments *a, struct err_list *err)
{
	if (v->run != verb_checkcert)
		ring_as_operand(v, a);
	if (!arguments_check(a, v->required, v->required | v->optional, err))
		return false;
	if (v->needs_owner && !arguments_owner(a))
		err_add(err, "%s needs --id USER, --certauth or --site", a->verb);
	if (v->operand == OPERAND_MUST && !a->operand)
		err_add(err, "%s needs the name: %s %s", a->verb, v->name, v->usage);
	if (v->operand == OPERAND_NONE && a->operand)
		err_add(err, "\"%s\" is one word too many: options begin with --", a->operand);
	return !err_any(err);
}

static bool source_ok(const char *option, const char *source, struct err_list *err)
{
	if (!source || passphrase_source_ok(source))
		return true;
	/* without the value: it may be the secret itself */
	err_add(err, "--%s: is none of fd:N (from 3), credential:NAME, file:PATH", option);
	return false;
}

int verb_prepare(const struct arguments *a, struct err_list *err)
{
	if (!source_ok("passphrase", a->passphrase, err) || !source_ok("pin", a->pin, err))
		return EXIT_WRONG_USE;
	if (a->passphrase && !passphrase_read(PASSPHRASE_KEYS, a->passphrase, err))
		return EXIT_PROBLEM;
	return module_open(a, err) ? EXIT_DONE : EXIT_PROBLEM;
}

void verb_finish(void)
{
	token_local_close();
	passphrase_forget();
}

int verb_run(struct arguments *a, struct err_list *err)
{
	const struct verb *v = find_verb(a->verb, err);

	if (!v || !check_use(v, a, err))
		return EXIT_WRONG_USE;
	return v->run(a, err) ? EXIT_DONE : EXIT_PROBLEM;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attls-keyring: certificates and key rings in a directory, with RACDCERT's verbs */
#include <stdio.h>
#include <string.h>

#include "base/ini.h"
#include "keyring/cli/verbs.h"

enum { EXIT_DONE = 0, EXIT_PROBLEM = 1, EXIT_WRONG_USE = 2 };

#define OWNER_BITS (ARG_BIT(ARG_ID) | ARG_BIT(ARG_CERTAUTH) | ARG_BIT(ARG_SITE))
#define TRUST_BITS (ARG_BIT(ARG_TRUST) | ARG_BIT(ARG_NOTRUST) | ARG_BIT(ARG_HIGHTRUST))
#define GENCERT_BITS                                                                               \
	(ARG_BIT(ARG_ALTNAME) | ARG_BIT(ARG_KEYTYPE) | ARG_BIT(ARG_SIZE) | ARG_BIT(ARG_DAYS) |     \
		ARG_BIT(ARG_NOTBEFORE) | ARG_BIT(ARG_NOTAFTER) | ARG_BIT(ARG_KEYUSAGE) |           \
		ARG_BIT(ARG_SIGNWITH))

enum operand { OPERAND_NONE, OPERAND_MAY, OPERAND_MUST };

static const struct verb {
	const char *name;
	verb_fn *run;
	unsigned required;
	unsigned optional;
	bool needs_owner; /* one of --id, --certauth, --site */
	enum operand operand;
	const char *usage;
} verbs[] = {
	{"gencert", verb_gencert, ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_SUBJECT),
		OWNER_BITS | TRUST_BITS | GENCERT_BITS, true, OPERAND_NONE,
		"OWNER --label L --subject CN=...,O=... [--altname DNS:...,IP:...]\n"
		"\t[--keytype rsa|nistecc|ed25519] [--size BITS] [--days N]\n"
		"\t[--notbefore TIME] [--notafter TIME] [--keyusage WORDS]\n"
		"\t[--signwith [OWNER/]LABEL] [STATUS]"},
	{"add", verb_add, ARG_BIT(ARG_CERT),
		OWNER_BITS | TRUST_BITS | ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_KEY) |
			ARG_BIT(ARG_PASSWORD_FILE),
		true, OPERAND_NONE,
		"OWNER --cert FILE [--label L] [--key FILE] [--password-file FILE] [STATUS]"},
	{"delete", verb_delete, ARG_BIT(ARG_LABEL), OWNER_BITS, true, OPERAND_NONE,
		"OWNER --label L"},
	{"list", verb_list, 0, OWNER_BITS | ARG_BIT(ARG_LABEL) | ARG_BIT(ARG_JSON), false,
		OPERAND_NONE, "[OWNER] [--label L] [--json]"},
	{"export", verb_export, ARG_BIT(ARG_LABEL),
		OWNER_BITS | ARG_BIT(ARG_FORMAT) | ARG_BIT(ARG_OUT), true, OPERAND_NONE,
		"OWNER --label L [--format pem|der] [--out FILE]"},
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
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static void print_help(void)
{
	puts("usage: attls-keyring [-k DIR] VERB OPTIONS\n"
	     "\n"
	     "Certificates, private keys and key rings in a directory (-k, --keyring; default\n"
	     "/etc/attls/keyring), with the verbs of RACF's RACDCERT.\n"
	     "OWNER is --id USER, --certauth or --site. STATUS is --trust (the default),\n"
	     "--notrust or --hightrust.\n");
	for (size_t i = 0; i < VERBS; i++)
		printf("%s %s\n", verbs[i].name, verbs[i].usage);
	puts("\nExit status: 0 done, 1 it could not be done, 2 wrong use.");
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

static int run(int argc, char **argv, struct err_list *err)
{
	struct arguments a;
	const struct verb *v;

	if (!arguments_parse(&a, argc, argv, err))
		return EXIT_WRONG_USE;
	if (a.version) {
		puts("attls-keyring " ATTLS_VERSION);
		return EXIT_DONE;
	}
	if (a.help) {
		print_help();
		return EXIT_DONE;
	}
	if (!a.verb) {
		err_add(err, "a verb is missing: see --help");
		return EXIT_WRONG_USE;
	}
	v = find_verb(a.verb, err);
	if (!v || !check_use(v, &a, err))
		return EXIT_WRONG_USE;
	return v->run(&a, err) ? EXIT_DONE : EXIT_PROBLEM;
}

int main(int argc, char **argv)
{
	struct err_list err;
	int status;

	err_init(&err);
	status = run(argc, argv, &err);
	if (fflush(stdout) != 0 && status == EXIT_DONE) {
		err_add(&err, "standard output cannot be written");
		status = EXIT_PROBLEM;
	}
	for (size_t i = 0; i < err.warning_count; i++)
		fprintf(stderr, "attls-keyring: warning: %s\n", err.warnings[i]);
	for (size_t i = 0; i < err.count; i++)
		fprintf(stderr, "attls-keyring: %s\n", err.lines[i]);
	err_fini(&err);
	return status;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attls-keyring: certificates and key rings in a directory, with RACDCERT's verbs */
#include <stdio.h>

#include "keyring/cli/verbs.h"

static void print_help(void)
{
	puts("usage: attls-keyring [-k DIR] [--passphrase SOURCE]\n"
	     "                     [--pkcs11-module FILE] [--pin SOURCE] VERB OPTIONS\n"
	     "\n"
	     "Certificates, private keys and key rings in a directory (-k, --keyring; default\n"
	     "/etc/attls/keyring), with the verbs of RACF's RACDCERT.\n"
	     "OWNER is --id USER, --certauth or --site. STATUS is --trust (the default),\n"
	     "--notrust or --hightrust. SOURCE is fd:N, credential:NAME or file:PATH: it opens\n"
	     "encrypted private keys, and those that are stored are encrypted with it.\n"
	     "URI is pkcs11:token=NAME;object=NAME, of a private key that stays in a token; the\n"
	     "module and the PIN are what it is used with.\n");
	verb_help();
	puts("\nExit status: 0 done, 1 it could not be done, 2 wrong use.");
}

static int run(int argc, char **argv, struct err_list *err)
{
	struct arguments a;
	int status;

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
	status = verb_prepare(&a, err);
	if (status == EXIT_DONE)
		status = verb_run(&a, err);
	verb_finish();
	return status;
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attls-racdcert: RACDCERT command text, run on a keyring directory */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/cli/verbs.h"
#include "keyring/heap.h"
#include "keyring/racdcert/translate.h"

#define DEFAULT_DIR "/etc/attls/keyring"

enum { INPUT_LIMIT = 1 << 20 };

struct wish {
	struct arguments keys; /* what opens private keys */
	const char *dir;
	const char *datasets;
	bool help;
	bool version;
};

static void print_help(void)
{
	puts("usage: attls-racdcert [-k DIR] [-d DATASETS] [--passphrase SOURCE]\n"
	     "                      [--pkcs11-module FILE] [--pin SOURCE] [FILE | COMMAND...]\n"
	     "\n"
	     "Runs RACF's RACDCERT commands on the keyring directory DIR (-k, --keyring; default\n"
	     "/etc/attls/keyring), from FILE, from standard input, or one from the command line.\n"
	     "Data set names are names of files in DATASETS (-d, --datasets).\n"
	     "Encrypted private keys and those in PKCS#11 tokens are opened as by attls-keyring.\n"
	     "\n"
	     "Exit status: 0 done, 1 some command could not be done, 2 wrong use.");
}

static bool parse_options(struct wish *w, int argc, char **argv)
{
	static const struct option options[] = {
		{"keyring", required_argument, NULL, 'k'},
		{"datasets", required_argument, NULL, 'd'},
		{"passphrase", required_argument, NULL, 'p'},
		{"pkcs11-module", required_argument, NULL, 'm'},
		{"pin", required_argument, NULL, 'i'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*w = (struct wish){.dir = DEFAULT_DIR};
	while ((option = getopt_long(argc, argv, "+:k:d:hV", options, NULL)) != -1) {
		switch (option) {
		case 'k': w->dir = optarg; break;
		case 'd': w->datasets = optarg; break;
		case 'p': w->keys.passphrase = optarg; break;
		case 'm': w->keys.module = optarg; break;
		case 'i': w->keys.pin = optarg; break;
		case 'h': w->help = true; break;
		case 'V': w->version = true; break;
		default:
			fprintf(stderr, "attls-racdcert: %s is no option, or needs a value\n",
				argv[optind - 1]);
			return false;
		}
	}
	return true;
}

static char *read_stream(FILE *f, const char *name, struct err_list *err)
{
	char *text = heap_zero(INPUT_LIMIT + 1);
	size_t len = fread(text, 1, INPUT_LIMIT + 1, f);

	if (!ferror(f) && len <= INPUT_LIMIT && !memchr(text, '\0', len)) {
		text[len < INPUT_LIMIT ? len : INPUT_LIMIT] = '\0';
		return text;
	}
	err_add(err, "%s: is no command text (at most a megabyte, without zero bytes)", name);
	free(text);
	return NULL;
}

/* The command line as one command; its first word may be left out. */
static char *join_words(char **words)
{
	bool whole =
		strncasecmp(*words, "RACDCERT", 8) == 0 || strncasecmp(*words, "SETROPTS", 8) == 0;
	char *text = heap_copy(whole ? "" : "RACDCERT ");

	for (; *words; words++) {
		char *more = heap_format("%s%s ", text, *words);

		free(text);
		text = more;
	}
	return text;
}

/* Return: owned text; NULL with a sentence. */
static char *read_input(char **operands, struct err_list *err)
{
	FILE *f;
	char *text;

	if (!*operands || strcmp(*operands, "-") == 0)
		return read_stream(stdin, "standard input", err);
	if (operands[1] || strpbrk(*operands, " ("))
		return join_words(operands);
	f = fopen(*operands, "r");
	if (!f) {
		err_add(err, "%s: cannot be read: %s", *operands, strerror(errno));
		return NULL;
	}
	text = read_stream(f, *operands, err);
	fclose(f);
	return text;
}

static int print_errors(struct err_list *err, int line)
{
	int status = err_any(err) ? EXIT_PROBLEM : EXIT_DONE;
	char place[32] = "";

	if (line)
		snprintf(place, sizeof(place), "line %d: ", line);
	fflush(stdout);
	for (size_t i = 0; i < err->warning_count; i++)
		fprintf(stderr, "attls-racdcert: %swarning: %s\n", place, err->warnings[i]);
	for (size_t i = 0; i < err->count; i++)
		fprintf(stderr, "attls-racdcert: %s%s\n", place, err->lines[i]);
	err_fini(err);
	return status;
}

static int run_command(const struct command *c, const struct wish *w)
{
	struct translation t;
	struct err_list err;
	int line = 0, status;

	err_init(&err);
	if (translate(&t, c, w->dir, w->datasets, &err) && !t.nothing) {
		line = c->line;
		if (verb_run(&t.a, &err) != EXIT_DONE && !err_any(&err))
			err_add(&err, "could not be done");
	}
	status = print_errors(&err, line);
	translation_fini(&t);
	return status;
}

static int run_all(const struct commands *all, const struct wish *w)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i < all->count; i++) {
		if (run_command(&all->items[i], w) != EXIT_DONE)
			status = EXIT_PROBLEM;
	}
	return status;
}

static int run(const struct wish *w, char **operands)
{
	struct commands all = {0};
	struct err_list err;
	int status;
	char *text;

	err_init(&err);
	text = read_input(operands, &err);
	if (text && commands_parse(&all, text, &err) && all.count == 0)
		err_add(&err, "there is no command");
	status = verb_prepare(&w->keys, &err);
	if (status == EXIT_DONE)
		status = run_all(&all, w);
	verb_finish();
	if (print_errors(&err, 0) != EXIT_DONE && status == EXIT_DONE)
		status = EXIT_PROBLEM;
	commands_free(&all);
	free(text);
	return status;
}

int main(int argc, char **argv)
{
	struct wish w;

	if (!parse_options(&w, argc, argv))
		return EXIT_WRONG_USE;
	if (w.version)
		puts("attls-racdcert " ATTLS_VERSION);
	else if (w.help)
		print_help();
	else
		return run(&w, argv + optind);
	return EXIT_DONE;
}

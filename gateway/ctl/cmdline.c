/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmdline.c - the command line of attlsctl: verbs and options as tables */
#include "gateway/ctl/cmdline.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rfc3339.h"
#include "gateway/packet/addr.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { WORD_TEXT = 64 };

/* Options of the verbs; the place in struct ctl is a text or a bool. */
static const struct ctl_option {
	const char *name;
	const char *value; /* what stands for it in the help; NULL: takes none */
	unsigned bit;      /* 0: every verb takes it */
	size_t place;
	const char *help;
} options[] = {
	{"json", NULL, 0, offsetof(struct ctl, json), "answer as JSON"},
	{"prometheus", NULL, OPT_PROMETHEUS, offsetof(struct ctl, prometheus),
		"in Prometheus' text format"},
	{"effective", NULL, OPT_EFFECTIVE, offsetof(struct ctl, effective),
		"each value with its origin; of RULE alone, if one is named"},
	{"local", "A:P", OPT_LOCAL, offsetof(struct ctl, local),
		"plain side's address and port, [A]:P for IPv6"},
	{"remote", "A:P", OPT_REMOTE, offsetof(struct ctl, remote), "wire side's address and port"},
	{"direction", "D", OPT_DIRECTION, offsetof(struct ctl, direction),
		"outbound (opened by the plain side) or inbound"},
	{"userid", "U", OPT_USERID, offsetof(struct ctl, userid),
		"user who owns the socket: name or number"},
	{"jobname", "J", OPT_JOBNAME, offsetof(struct ctl, jobname),
		"its process, exe:PATH, unit:NAME, ..."},
	{"inside-interface", "I", OPT_INSIDE, offsetof(struct ctl, inside_interface),
		"router: where the plain side comes in"},
	{"at", "TIME", OPT_AT, offsetof(struct ctl, at), "RFC 3339 time of the connection"},
	{"rules", "FILE...", OPT_RULES, offsetof(struct ctl, files),
		"rule files to ask instead of the daemon"},
};

/* getopt_long() answers that stand for no row of the table */
enum { ANSWER_INI = 'c', ANSWER_HELP = 'h', ANSWER_VERSION = 'V', ANSWER_OPTION = 256 };

static void option_print(const struct ctl_option *o)
{
	char text[WORD_TEXT];

	snprintf(text, sizeof(text), "--%s%s%s", o->name, o->value ? " " : "",
		o->value ? o->value : "");
	printf("  %-22s %s\n", text, o->help);
}

static void verb_help(const struct verb *v)
{
	printf("usage: attlsctl [-c FILE] %s [OPTION]...%s%s\n\n%s\n\n", v->words,
		v->operands ? " " : "", v->operands ? v->operands : "", v->summary);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!options[i].bit || options[i].bit & (v->required | v->optional))
			option_print(&options[i]);
	}
}

static void general_help(const struct verb *verbs)
{
	printf("usage: attlsctl [-c FILE] COMMAND [OPTION]...\n\n"
	       "Asks and steers a running attlsd.\n\n");
	for (const struct verb *v = verbs; v->words; v++)
		printf("  %-14s %s\n", v->words, v->summary);
	printf("\n  -c, --config FILE      the gateway's ini file (/etc/attls/attls.ini)\n");
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!options[i].bit)
			option_print(&options[i]);
	}
	printf("  -h, --help             this, or with a command: its options\n"
	       "  -V, --version          version of the program\n\n"
	       "exit status: 0 done; 1 refused or failed; 2 wrong usage; 3 attlsd not reachable\n");
}

static void file_add(struct ctl *ctl, const char *path)
{
	const char **more = realloc(ctl->files, (ctl->file_count + 1) * sizeof(*more));

	if (!more)
		abort();
	ctl->files = more;
	ctl->files[ctl->file_count++] = path;
}

static void option_store(struct ctl *ctl, const struct ctl_option *o, const char *value)
{
	char *place = (char *)ctl + o->place;

	if (o->bit == OPT_RULES)
		file_add(ctl, value);
	else if (o->value)
		*(const char **)place = value;
	else
		*(bool *)place = true;
}

/* What getopt_long() is to know: our table and the three that every program has. */
static void long_options(struct option *out)
{
	static const struct option common[] = {
		{"config", required_argument, NULL, ANSWER_INI},
		{"help", no_argument, NULL, ANSWER_HELP},
		{"version", no_argument, NULL, ANSWER_VERSION},
		{0},
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		*out++ = (struct option){options[i].name,
			options[i].value ? required_argument : no_argument, NULL,
			ANSWER_OPTION + (int)i};
	memcpy(out, common, sizeof(common));
}

/* What the options alone say, beside what they leave in struct ctl. */
struct seen {
	unsigned given; /* OPT_ bits */
	bool help;
	bool version;
};

/* Return: false after a usage sentence */
static bool options_read(int argc, char **argv, struct ctl *ctl, struct seen *seen)
{
	struct option known[ARRAY_LEN(options) + 4];
	int answer;

	long_options(known);
	optind = 0; /* glibc: start over, for a second run */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, ":c:hV", known, NULL)) != -1) {
		if (answer >= ANSWER_OPTION) {
			option_store(ctl, &options[answer - ANSWER_OPTION], optarg);
			seen->given |= options[answer - ANSWER_OPTION].bit;
			continue;
		}
		switch (answer) {
		case ANSWER_INI: ctl->ini = optarg; break;
		case ANSWER_HELP: seen->help = true; break;
		case ANSWER_VERSION: seen->version = true; break;
		default:
			err_add(&ctl->err, "%s %s; try attlsctl --help", argv[optind - 1],
				answer == ':' ? "needs a value" : "is no option");
			return false;
		}
	}
	return true;
}

/* The verb that @words begin with. Return: how many words it takes, 0 if none fits */
static int verb_find(const struct verb *verbs, char **words, int count, const struct verb **verb)
{
	char two[WORD_TEXT];

	snprintf(two, sizeof(two), "%s %s", count > 0 ? words[0] : "", count > 1 ? words[1] : "");
	for (const struct verb *v = verbs; v->words; v++) {
		*verb = v;
		if (count > 0 && strcmp(v->words, words[0]) == 0)
			return 1;
		if (strcmp(v->words, two) == 0)
			return 2;
	}
	*verb = NULL;
	return 0;
}

static const char *option_name(unsigned bits)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (options[i].bit & bits)
			return options[i].name;
	}
	return "";
}

static bool verb_fits(const struct verb *v, unsigned given, struct err_list *err)
{
	unsigned strange = given & ~(v->required | v->optional);
	unsigned missing = v->required & ~given;

	if (strange)
		err_add(err, "%s does not take --%s; try attlsctl %s --help", v->words,
			option_name(strange), v->words);
	if (missing)
		err_add(err, "%s needs --%s; try attlsctl %s --help", v->words,
			option_name(missing), v->words);
	return !strange && !missing;
}

/* Values that the daemon and the offline commands may rely on. */
static bool values_check(const struct ctl *ctl, struct err_list *err)
{
	struct endpoint local = {0}, remote = {0};
	int64_t at;

	if (ctl->local && !endpoint_parse(ctl->local, &local))
		err_add(err, "--local %s: write 192.0.2.1:443 or [2001:db8::1]:443", ctl->local);
	else if (ctl->remote && !endpoint_parse(ctl->remote, &remote))
		err_add(err, "--remote %s: write 192.0.2.1:443 or [2001:db8::1]:443", ctl->remote);
	else if (local.addr.family != remote.addr.family)
		err_add(err, "--local and --remote must be of one address family");
	else if (ctl->direction && strcmp(ctl->direction, "outbound") != 0 &&
		 strcmp(ctl->direction, "inbound") != 0)
		err_add(err, "--direction %s: write outbound or inbound", ctl->direction);
	else if (ctl->at && !rfc3339_parse(ctl->at, &at))
		err_add(err, "--at %s: write a time like 2025-03-01T08:00:00Z", ctl->at);
	return !err_any(err);
}

enum cmdline cmdline_parse(
	int argc, char **argv, const struct verb *verbs, struct ctl *ctl, const struct verb **verb)
{
	struct seen seen = {0};
	int used;

	if (!options_read(argc, argv, ctl, &seen))
		return CMDLINE_USAGE;
	if (seen.version) {
		printf("attlsctl %s\n", ATTLS_VERSION);
		return CMDLINE_DONE;
	}
	argv += optind;
	argc -= optind;
	used = verb_find(verbs, argv, argc, verb);
	if (seen.help) {
		if (*verb)
			verb_help(*verb);
		else
			general_help(verbs);
		return CMDLINE_DONE;
	}
	if (!*verb) {
		err_add(&ctl->err, "%s%s; try attlsctl --help", argc ? "unknown command " : "",
			argc ? argv[0] : "a command is needed");
		return CMDLINE_USAGE;
	}
	if (argc > used && !(*verb)->operands && !(seen.given & OPT_RULES)) {
		err_add(&ctl->err, "%s does not take \"%s\"", (*verb)->words, argv[used]);
		return CMDLINE_USAGE;
	}
	for (; used < argc; used++)
		file_add(ctl, argv[used]);
	return verb_fits(*verb, seen.given, &ctl->err) && values_check(ctl, &ctl->err)
		       ? CMDLINE_RUN
		       : CMDLINE_USAGE;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arguments.c - the command line of attls-keyring as a table of texts */
#include "keyring/cli/arguments.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "keyring/name.h"

#define DEFAULT_DIR "/etc/attls/keyring"

enum { SHORT_BASE = 1000 };

#define WITH_VALUE(name, arg)                                                                      \
	{                                                                                          \
		name, required_argument, NULL, SHORT_BASE + (arg)                                  \
	}
#define FLAG(name, arg)                                                                            \
	{                                                                                          \
		name, no_argument, NULL, SHORT_BASE + (arg)                                        \
	}

static const struct option options[] = {
	WITH_VALUE("id", ARG_ID),
	FLAG("certauth", ARG_CERTAUTH),
	FLAG("site", ARG_SITE),
	WITH_VALUE("label", ARG_LABEL),
	WITH_VALUE("ring", ARG_RING),
	WITH_VALUE("owner", ARG_OWNER),
	WITH_VALUE("usage", ARG_USAGE),
	FLAG("default", ARG_DEFAULT),
	WITH_VALUE("cert", ARG_CERT),
	WITH_VALUE("key", ARG_KEY),
	WITH_VALUE("password-file", ARG_PASSWORD_FILE),
	FLAG("trust", ARG_TRUST),
	FLAG("notrust", ARG_NOTRUST),
	FLAG("hightrust", ARG_HIGHTRUST),
	WITH_VALUE("subject", ARG_SUBJECT),
	WITH_VALUE("altname", ARG_ALTNAME),
	WITH_VALUE("keytype", ARG_KEYTYPE),
	WITH_VALUE("size", ARG_SIZE),
	WITH_VALUE("notbefore", ARG_NOTBEFORE),
	WITH_VALUE("notafter", ARG_NOTAFTER),
	WITH_VALUE("days", ARG_DAYS),
	WITH_VALUE("keyusage", ARG_KEYUSAGE),
	WITH_VALUE("signwith", ARG_SIGNWITH),
	WITH_VALUE("format", ARG_FORMAT),
	WITH_VALUE("out", ARG_OUT),
	FLAG("json", ARG_JSON),
	WITH_VALUE("newlabel", ARG_NEWLABEL),
	FLAG("replace", ARG_REPLACE),
	WITH_VALUE("request", ARG_REQUEST),
	FLAG("force", ARG_FORCE),
	WITH_VALUE("sdnfilter", ARG_SDNFILTER),
	WITH_VALUE("idnfilter", ARG_IDNFILTER),
	FLAG("multiid", ARG_MULTIID),
	WITH_VALUE("criteria", ARG_CRITERIA),
	{"keyring", required_argument, NULL, 'k'},
	{"passphrase", required_argument, NULL, 'p'},
	{"pkcs11-module", required_argument, NULL, 'm'},
	{"pin", required_argument, NULL, 'i'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char *option_name(enum argument arg)
{
	for (size_t i = 0; options[i].name; i++) {
		if (options[i].val == SHORT_BASE + (int)arg)
			return options[i].name;
	}
	return "";
}

static bool take_value(
	struct arguments *a, enum argument arg, const char *value, struct err_list *err)
{
	if (a->values[arg]) {
		err_add(err, "--%s is given twice", option_name(arg));
		return false;
	}
	if (value && !*value) {
		err_add(err, "--%s is given without a value", option_name(arg));
		return false;
	}
	a->values[arg] = value ? value : "";
	return true;
}

static bool take_option(struct arguments *a, int option, char **argv, struct err_list *err)
{
	if (option >= SHORT_BASE)
		return take_value(a, (enum argument)(option - SHORT_BASE), optarg, err);
	switch (option) {
	case 'k': a->dir = optarg; return true;
	case 'p': a->passphrase = optarg; return true;
	case 'm': a->module = optarg; return true;
	case 'i': a->pin = optarg; return true;
	case 'h': a->help = true; return true;
	case 'V': a->version = true; return true;
	case ':': err_add(err, "%s needs a value", argv[optind - 1]); return false;
	default: err_add(err, "%s is no option", argv[optind - 1]); return false;
	}
}

static bool take_operands(struct arguments *a, int argc, char **argv, struct err_list *err)
{
	if (optind < argc)
		a->verb = argv[optind++];
	if (optind < argc)
		a->operand = argv[optind++];
	if (optind < argc)
		err_add(err, "\"%s\" is one word too many: options begin with --", argv[optind]);
	return optind >= argc;
}

bool arguments_parse(struct arguments *a, int argc, char **argv, struct err_list *err)
{
	int option;

	*a = (struct arguments){.dir = DEFAULT_DIR};
	while ((option = getopt_long(argc, argv, ":k:hV", options, NULL)) != -1) {
		if (!take_option(a, option, argv, err))
			return false;
	}
	return take_operands(a, argc, argv, err);
}

static bool owners_agree(const struct arguments *a, struct err_list *err)
{
	int given = !!a->values[ARG_ID] + !!a->values[ARG_CERTAUTH] + !!a->values[ARG_SITE];
	const char *id = a->values[ARG_ID];

	if (given > 1) {
		err_add(err, "give one of --id USER, --certauth and --site");
		return false;
	}
	if (id && name_is_reserved(id)) {
		err_add(err, "--id %s: is no user; say --certauth or --site", id);
		return false;
	}
	if (id && !name_owner_ok(id)) {
		err_add(err, "--id %s: is no owner's name (no '/', at most %d bytes)", id,
			NAME_MAX_LEN);
		return false;
	}
	return true;
}

static bool trusts_agree(const struct arguments *a, struct err_list *err)
{
	if (!!a->values[ARG_TRUST] + !!a->values[ARG_NOTRUST] + !!a->values[ARG_HIGHTRUST] <= 1)
		return true;
	err_add(err, "give one of --trust, --notrust and --hightrust");
	return false;
}

bool arguments_check(
	const struct arguments *a, uint64_t required, uint64_t allowed, struct err_list *err)
{
	bool good = true;

	for (enum argument i = 0; i < ARGUMENTS; i++) {
		if (a->values[i] && !(allowed & ARG_BIT(i))) {
			err_add(err, "%s does not take --%s", a->verb, option_name(i));
			good = false;
		}
		if (!a->values[i] && (required & ARG_BIT(i))) {
			err_add(err, "%s needs --%s", a->verb, option_name(i));
			good = false;
		}
	}
	return owners_agree(a, err) && trusts_agree(a, err) && good;
}

const char *arguments_owner(const struct arguments *a)
{
	if (a->values[ARG_CERTAUTH])
		return "CERTAUTH";
	return a->values[ARG_SITE] ? "SITE" : a->values[ARG_ID];
}

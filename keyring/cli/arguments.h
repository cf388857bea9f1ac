/* SPDX-License-Identifier: GPL-3.0-or-later */
/* arguments.h - the command line of attls-keyring as a table of texts */
#ifndef ATTLS_KEYRING_CLI_ARGUMENTS_H
#define ATTLS_KEYRING_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum argument {
	ARG_ID,
	ARG_CERTAUTH,
	ARG_SITE,
	ARG_LABEL,
	ARG_RING,
	ARG_OWNER,
	ARG_USAGE,
	ARG_DEFAULT,
	ARG_CERT,
	ARG_KEY,
	ARG_PASSWORD_FILE,
	ARG_TRUST,
	ARG_NOTRUST,
	ARG_HIGHTRUST,
	ARG_SUBJECT,
	ARG_ALTNAME,
	ARG_KEYTYPE,
	ARG_SIZE,
	ARG_NOTBEFORE,
	ARG_NOTAFTER,
	ARG_DAYS,
	ARG_KEYUSAGE,
	ARG_SIGNWITH,
	ARG_FORMAT,
	ARG_OUT,
	ARG_JSON,
	ARG_NEWLABEL,
	ARG_REPLACE,
	ARG_REQUEST,
	ARG_FORCE,
	ARG_SDNFILTER,
	ARG_IDNFILTER,
	ARG_MULTIID,
	ARG_CRITERIA,
	ARGUMENTS,
};

#define ARG_BIT(a) (UINT64_C(1) << (a))

struct arguments {
	const char *dir;               /* -k */
	const char *verb;              /* NULL: none given */
	const char *operand;           /* what follows the verb without being an option, or NULL */
	const char *values[ARGUMENTS]; /* NULL: not given; "" for those without a value */
	const char *passphrase;        /* where that of encrypted keys is, or NULL */
	const char *module;            /* for keys in PKCS#11 tokens, or NULL */
	const char *pin;               /* where that of these tokens is, or NULL */
	const char *password;          /* as given, instead of in a file; NULL: none */
	bool help;
	bool version;
};

/** arguments_parse() - read argv. Return: false with a sentence in @err. */
bool arguments_parse(struct arguments *a, int argc, char **argv, struct err_list *err);

/**
 * arguments_check() - whether all of @required and nothing beyond @allowed was given
 * @required, @allowed: sets of ARG_BIT(); @allowed includes @required
 * Return: false with a sentence for each argument that is wrong.
 */
bool arguments_check(
	const struct arguments *a, uint64_t required, uint64_t allowed, struct err_list *err);

/**
 * arguments_owner() - the owner that --id, --certauth or --site name
 * Return: NULL if none was given.
 */
const char *arguments_owner(const struct arguments *a);

#endif

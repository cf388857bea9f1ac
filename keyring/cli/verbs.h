/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verbs.h - what attls-keyring can do: one function a verb, and what they share */
#ifndef ATTLS_KEYRING_CLI_VERBS_H
#define ATTLS_KEYRING_CLI_VERBS_H

#include <jansson.h>

#include "base/columns.h"
#include "keyring/certfile.h"
#include "keyring/cli/arguments.h"
#include "keyring/cli/bundle.h"
#include "keyring/store.h"

/** verb_fn - do it. Return: false with sentences in @err. */
typedef bool verb_fn(const struct arguments *a, struct err_list *err);

verb_fn verb_gencert;
verb_fn verb_add;
verb_fn verb_delete;
verb_fn verb_addring;
verb_fn verb_delring;
verb_fn verb_connect;
verb_fn verb_remove;
verb_fn verb_list;
verb_fn verb_listring;
verb_fn verb_export;
verb_fn verb_checkcert;
verb_fn verb_listchain;
verb_fn verb_genreq;
verb_fn verb_rekey;
verb_fn verb_alter;
verb_fn verb_rollover;
verb_fn verb_map;
verb_fn verb_altmap;
verb_fn verb_delmap;
verb_fn verb_listmap;

/**
 * verb_prepare() - take up what opens private keys, for all verbs that follow
 * @err: must outlive verb_finish(): it gets what a token refuses, as warnings.
 * Return: an exit status; verb_finish() is due in any case.
 */
int verb_prepare(const struct arguments *a, struct err_list *err);
void verb_finish(void);

/** verb_run() - check the use of the verb that @a names, and do it. Return: an exit status. */
int verb_run(struct arguments *a, struct err_list *err);

/** verb_help() - how each verb is used, on standard output */
void verb_help(void);

enum { EXIT_DONE = 0, EXIT_PROBLEM = 1, EXIT_WRONG_USE = 2 };

/* Which certificate. Borrowed. */
struct cert_id {
	const char *owner;
	const char *label;
};

/* A keyring directory being worked on; both NULL outside desk_open() and desk_close(). */
struct desk {
	struct store *store; /* NULL when only reading */
	struct keystore *keys;
};

/**
 * desk_open() - read the directory, for changes under the writers' lock
 * Problems of other files become warnings: what is broken must stay repairable.
 */
bool desk_open(struct desk *d, const struct arguments *a, bool for_change, struct err_list *err);
void desk_close(struct desk *d);

/** desk_read_again() - take up changes of our own; false if the directory is gone */
bool desk_read_again(struct desk *d, const struct arguments *a);

/** desk_cert() - certificate @owner/@label. Return: NULL with a sentence in @err. */
const struct cert *desk_cert(
	const struct desk *d, const char *owner, const char *label, struct err_list *err);

/** desk_facts() - of @x, spans into @der, which OPENSSL_free() takes back */
bool desk_facts(const X509 *x, struct facts *f, unsigned char **der);

/** desk_same() - the stored certificate with serial number and issuer of @x, or NULL */
const struct cert *desk_same(const struct desk *d, const X509 *x);

/** write_out() - bytes to file @path, or NULL for standard output; @secret: for its owner alone */
bool write_out(const char *path, BIO *bytes, bool secret, struct err_list *err);

/** arguments_password() - what --password-file names, or was given otherwise */
struct password arguments_password(const struct arguments *a);

/** arguments_trust() - --trust, --notrust, --hightrust, else @otherwise; false: not for @owner */
bool arguments_trust(const struct arguments *a, const char *owner, enum cert_trust otherwise,
	enum cert_trust *trust, struct err_list *err);

/** describe_json() - a certificate as an object; @d tells the rings it is in, or NULL */
json_t *describe_json(const struct desk *d, const struct cert *c);

/** describe_print() - the same in lines for people, on standard output */
void describe_print(const struct desk *d, const struct cert *c);

/** describe_print_json() - an object that describe_json() made, in lines */
void describe_print_json(const json_t *j);

/* The columns of describe_row(). */
enum { DESCRIBE_COLUMNS = 6 };
extern const struct column describe_columns[DESCRIBE_COLUMNS];

/** describe_row() - the same in one row of a table */
void describe_row(struct columns *t, const struct cert *c);

/** describe_key() - where the private key of @c is: "no", "yes", "token"; static */
const char *describe_key(const struct cert *c);

/** print_clean() - @text to standard output, control characters as '?' */
void print_clean(const char *text);

/** describe_time() - RFC 3339 text of a certificate's date into @buf of 32 bytes */
const char *describe_time(const ASN1_TIME *t, char *buf);

/** json_print() - @j on standard output, and release it */
bool json_print(json_t *j, struct err_list *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_gencert.c - gencert, rekey: make a key and a certificate, signed by itself or by another */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keyring/cli/module.h"
#include "keyring/cli/verbs.h"
#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/remote.h"
#include "keyring/request.h"

enum { DAY = 24 * 60 * 60, DAYS_USUAL = 365, DAYS_MOST = 36500 };

/* "2026-12-31" or "2026-12-31T23:59:59Z", in UTC. @end: a day alone means its last second. */
static bool parse_time(
	const char *text, const char *option, bool end, time_t *t, struct err_list *err)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%d", &tm);
	bool is_day = rest && !*rest;

	if (rest && *rest) {
		rest = strptime(rest, "T%H:%M:%S", &tm);
		rest = rest && *rest == 'Z' ? rest + 1 : NULL;
	}
	if (!rest || *rest) {
		err_add(err, "--%s %s: write 2026-12-31 or 2026-12-31T23:59:59Z", option, text);
		return false;
	}
	*t = timegm(&tm) + (is_day && end ? DAY - 1 : 0);
	return true;
}

static bool parse_number(
	const char *text, const char *option, long most, long *n, struct err_list *err)
{
	char *end;

	errno = 0;
	*n = strtol(text, &end, 10);
	if (errno == 0 && *text >= '0' && *text <= '9' && !*end && *n >= 1 && *n <= most)
		return true;
	err_add(err, "--%s %s: is no number from 1 to %ld", option, text, most);
	return false;
}

static bool take_validity(struct issue *i, const struct arguments *a, struct err_list *err)
{
	const char *from = a->values[ARG_NOTBEFORE], *to = a->values[ARG_NOTAFTER];
	long days = DAYS_USUAL;

	i->not_before = time(NULL);
	if (from && !parse_time(from, "notbefore", false, &i->not_before, err))
		return false;
	if (to && a->values[ARG_DAYS]) {
		err_add(err, "give --notafter or --days, not both");
		return false;
	}
	if (a->values[ARG_DAYS] &&
		!parse_number(a->values[ARG_DAYS], "days", DAYS_MOST, &days, err))
		return false;
	i->not_after = i->not_before + days * DAY - 1;
	if (to && !parse_time(to, "notafter", true, &i->not_after, err))
		return false;
	if (i->not_after < i->not_before) {
		err_add(err, "the certificate would end before it begins");
		return false;
	}
	return true;
}

/* [OWNER/]LABEL: without an owner that of a CA, else one of the new certificate's owner. */
static const struct cert *find_signer(const struct desk *d, const char *text, const char *owner)
{
	const char *slash = strchr(text, '/');
	const struct cert *c = NULL;

	if (slash) {
		char *front = heap_format("%.*s", (int)(slash - text), text);

		c = keystore_cert(d->keys, front, slash + 1);
		free(front);
	}
	if (!c)
		c = keystore_cert(d->keys, "CERTAUTH", text);
	return c ? c : keystore_cert(d->keys, owner, text);
}

static bool take_signer(
	struct issue *i, const struct arguments *a, const struct desk *d, struct err_list *err)
{
	const char *text = a->values[ARG_SIGNWITH];
	const struct cert *c;

	if (!text)
		return true;
	c = find_signer(d, text, arguments_owner(a));
	if (!c) {
		err_add(err, "--signwith %s: there is no such certificate", text);
		return false;
	}
	if (!module_signs(c, err))
		return false;
	i->signer = cert_x509(c);
	i->signer_key = cert_key(c);
	if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(cert_x509(c)), i->not_after) < 0)
		err_warn(err, "%s/%s, which signs it, ends before it does", c->owner, c->label);
	return true;
}

static bool take_issue(
	struct issue *i, const struct arguments *a, const struct desk *d, struct err_list *err)
{
	const char *usage = a->values[ARG_KEYUSAGE];

	*i = (struct issue){
		.subject = a->values[ARG_SUBJECT],
		.altnames = a->values[ARG_ALTNAME],
	};
	if (usage && !issue_usage_parse(usage, &i->usage, err))
		return false;
	return take_validity(i, a, err) && take_signer(i, a, d, err);
}

/* A CA's certificate signs, and any other shakes hands, unless told otherwise. */
static void default_usage(struct issue *i, const struct arguments *a)
{
	if (a->values[ARG_CERTAUTH])
		i->usage |= ISSUE_CERTSIGN;
	else if (!i->usage)
		i->usage = ISSUE_HANDSHAKE;
}

static EVP_PKEY *make_key(const struct arguments *a, const char *type, struct err_list *err)
{
	long size = 0;

	if (a->values[ARG_KEYTYPE])
		type = a->values[ARG_KEYTYPE];
	if (a->values[ARG_SIZE] && !parse_number(a->values[ARG_SIZE], "size", 16384, &size, err))
		return NULL;
	return issue_key(type, (int)size, err);
}

/*
 * The key of @c: a new one, or, with --key, one that a token has.
 * Return: owned; what has its public half, as a certificate takes it. NULL with a sentence.
 */
static EVP_PKEY *take_key(
	struct cert *c, const struct arguments *a, const char *type, struct err_list *err)
{
	const char *uri = a->values[ARG_KEY];
	EVP_PKEY *public;

	if (!uri) {
		c->key = make_key(a, type, err);
		return c->key && EVP_PKEY_up_ref(c->key) ? c->key : NULL;
	}
	public = module_public(uri, err);
	c->key_source = (char *)(uintptr_t)uri;
	c->key = public ? remote_key_of(public, uri) : NULL;
	return public;
}

static bool key_agrees(const struct arguments *a, struct err_list *err)
{
	if (a->values[ARG_KEY] && (a->values[ARG_KEYTYPE] || a->values[ARG_SIZE])) {
		err_add(err, "the key is made already: leave --keytype and --size out");
		return false;
	}
	return module_key_ok(a, err);
}

/* Signed by @i's signer, or by itself. */
static bool sign_and_store(
	struct desk *d, struct cert *c, struct issue *i, EVP_PKEY *public, struct err_list *err)
{
	unsigned parts = STORE_CERT | STORE_META | (cert_in_token(c) ? 0 : STORE_KEY);

	if (!i->signer)
		i->signer_key = c->key;
	c->x509 = issue_certificate(i, public, err);
	return c->x509 && (!cert_in_token(c) || cert_check(c, err)) &&
	       store_write_cert(d->store, c, parts, err);
}

static bool is_free(const struct desk *d, const struct cert *c, struct err_list *err)
{
	if (!keystore_cert(d->keys, c->owner, c->label))
		return true;
	err_add(err, "%s/%s is there already: delete it first, or take another label", c->owner,
		c->label);
	return false;
}

static bool generate(
	struct desk *d, const struct arguments *a, struct cert *c, struct err_list *err)
{
	EVP_PKEY *public;
	struct issue i;
	bool good;

	if (!a->values[ARG_SUBJECT])
		err_add(err, "gencert needs --subject, or a request");
	if (!a->values[ARG_SUBJECT] || !is_free(d, c, err) || !key_agrees(a, err) ||
		!arguments_trust(a, c->owner, CERT_TRUST, &c->trust, err) ||
		!take_issue(&i, a, d, err))
		return false;
	default_usage(&i, a);
	public = take_key(c, a, "rsa", err);
	good = public && sign_and_store(d, c, &i, public, err);
	EVP_PKEY_free(public);
	return good;
}

static X509_REQ *read_request(const char *path, struct err_list *err)
{
	X509_REQ *request = NULL;
	struct stat st;
	size_t len;
	char *text = file_read(path, &st, &len);

	if (text)
		request = request_parse(path, text, len, err);
	else
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	file_free(text, len);
	return request;
}

/* Where a certificate has the label, the request must be for its key, which then stays. */
static bool may_take(
	const struct desk *d, const struct cert *c, const EVP_PKEY *key, struct err_list *err)
{
	const struct cert *old = keystore_cert(d->keys, c->owner, c->label);

	if (!old || (cert_x509(old) && EVP_PKEY_eq(X509_get0_pubkey(cert_x509(old)), key) == 1))
		return true;
	err_add(err, "%s/%s is there already, and the request is for another key", c->owner,
		c->label);
	return false;
}

static bool sign_request(struct desk *d, const struct arguments *a, struct cert *c,
	X509_REQ *request, struct err_list *err)
{
	const struct cert *old = keystore_cert(d->keys, c->owner, c->label);
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	struct issue i;

	if (!may_take(d, c, key, err) || !take_issue(&i, a, d, err) ||
		!request_wish(&i, request, err))
		return false;
	if (!i.signer)
		err_add(err, "a request is signed by a CA: give --signwith");
	default_usage(&i, a);
	if (i.signer && arguments_trust(a, c->owner, old ? old->trust : CERT_TRUST, &c->trust, err))
		c->x509 = issue_certificate(&i, key, err);
	GENERAL_NAMES_free(i.names);
	c->notes = old ? old->notes : NULL;
	c->key_source = old ? old->key_source : NULL;
	return c->x509 && store_write_cert(d->store, c, STORE_CERT | STORE_META, err);
}

static bool generate_for(
	struct desk *d, const struct arguments *a, struct cert *c, struct err_list *err)
{
	const char *path = a->values[ARG_REQUEST];
	X509_REQ *request = path ? read_request(path, err) : NULL;
	bool good;

	if (!path)
		return generate(d, a, c, err);
	if (a->values[ARG_KEYTYPE] || a->values[ARG_SIZE] || a->values[ARG_KEY])
		err_add(err, "the request brings its key: leave --keytype, --size and --key out");
	good = request && err->count == 0 && sign_request(d, a, c, request, err);
	X509_REQ_free(request);
	return good;
}

bool verb_gencert(const struct arguments *a, struct err_list *err)
{
	struct cert c = {
		.owner = (char *)arguments_owner(a),
		.label = (char *)a->values[ARG_LABEL],
		.path = (char *)a->values[ARG_LABEL],
	};
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	good = generate_for(&d, a, &c, err);
	X509_free(c.x509);
	EVP_PKEY_free(c.key);
	desk_close(&d);
	return good;
}

/* The old one's words with a new key, of the same type if no other is asked for. */
static bool rekey(struct desk *d, const struct arguments *a, struct cert *c, struct err_list *err)
{
	const struct cert *old = desk_cert(d, c->owner, a->values[ARG_LABEL], err);
	struct arguments wish = *a;
	EVP_PKEY *public;
	char size[16];
	struct issue i;
	bool good;

	if (!old || !is_free(d, c, err) || !key_agrees(a, err) || !take_validity(&i, a, err))
		return false;
	if (cert_in_token(old) && !a->values[ARG_KEY]) {
		err_add(err,
			"the private key of %s/%s is in a token: make a new one there, and give it "
			"with --key",
			old->owner, old->label);
		return false;
	}
	i = (struct issue){
		.not_before = i.not_before,
		.not_after = i.not_after,
		.name = X509_get_subject_name(cert_x509(old)),
		.names = X509_get_ext_d2i(cert_x509(old), NID_subject_alt_name, NULL, NULL),
		.usage = issue_usage_of(cert_x509(old)),
	};
	default_usage(&i, a);
	if (!wish.values[ARG_KEYTYPE]) {
		const EVP_PKEY *key = X509_get0_pubkey(cert_x509(old));

		wish.values[ARG_KEYTYPE] = issue_key_type(key);
		snprintf(size, sizeof(size), "%d", EVP_PKEY_get_bits(key));
		if (!wish.values[ARG_SIZE] && strcmp(wish.values[ARG_KEYTYPE], "ed25519") != 0)
			wish.values[ARG_SIZE] = size;
	}
	c->trust = old->trust;
	public = take_key(c, &wish, "rsa", err);
	good = public && sign_and_store(d, c, &i, public, err);
	EVP_PKEY_free(public);
	GENERAL_NAMES_free(i.names);
	return good;
}

bool verb_rekey(const struct arguments *a, struct err_list *err)
{
	struct cert c = {
		.owner = (char *)arguments_owner(a),
		.label = (char *)a->values[ARG_NEWLABEL],
		.path = (char *)a->values[ARG_NEWLABEL],
	};
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	good = rekey(&d, a, &c, err);
	X509_free(c.x509);
	EVP_PKEY_free(c.key);
	desk_close(&d);
	return good;
}

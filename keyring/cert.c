/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cert.c - one certificate of the store, decoded when it is first asked for */
#include "keyring/cert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/files.h"
#include "keyring/passphrase.h"
#include "keyring/pem.h"
#include "keyring/remote.h"
#include "keyring/token_uri.h"

static const char *const trusts[] = {
	[CERT_NOTRUST] = "NOTRUST", [CERT_TRUST] = "TRUST", [CERT_HIGHTRUST] = "HIGHTRUST", NULL};
static const char *const usages[] = {
	[CERT_PERSONAL] = "PERSONAL", [CERT_CERTAUTH] = "CERTAUTH", [CERT_SITE] = "SITE", NULL};

const char *cert_trust_name(enum cert_trust t)
{
	return trusts[t];
}

const char *cert_usage_name(enum cert_usage u)
{
	return usages[u];
}

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++) {
		if (strcasecmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

bool cert_trust_parse(const char *word, enum cert_trust *t)
{
	int i = word_index(trusts, word);

	if (i >= 0)
		*t = (enum cert_trust)i;
	return i >= 0;
}

bool cert_usage_parse(const char *word, enum cert_usage *u)
{
	int i = word_index(usages, word);

	if (i >= 0)
		*u = (enum cert_usage)i;
	return i >= 0;
}

static X509 *decode(const struct cert *c)
{
	const unsigned char *p = c->der;
	X509 *x = c->der ? d2i_X509(NULL, &p, (long)c->der_len) : NULL;

	/* parse extensions once, before threads share the object */
	if (x && (X509_check_purpose(x, -1, 0), !X509_get0_pubkey(x))) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

/* Two threads may decode at once; the first one's result stays. A keystore is heap, never const. */
X509 *cert_x509(const struct cert *c)
{
	struct cert *own = (struct cert *)c;
	X509 *known = own->x509, *fresh;

	if (known || !(fresh = decode(c)))
		return known;
	if (atomic_compare_exchange_strong(&own->x509, &known, fresh))
		return fresh;
	X509_free(fresh);
	return known;
}

EVP_PKEY *cert_key(const struct cert *c)
{
	struct cert *own = (struct cert *)c;
	EVP_PKEY *known = own->key, *fresh;
	X509 *x = cert_x509(c);

	if (known || !cert_has_key(c) || !x)
		return known;
	fresh = c->key_source ? remote_key(x, c->key_source)
			      : pem_key_of(c->key_text, c->key_len, x);
	if (!fresh || atomic_compare_exchange_strong(&own->key, &known, fresh))
		return fresh;
	EVP_PKEY_free(fresh);
	return known;
}

bool cert_has_key(const struct cert *c)
{
	return c->key_text || c->key_source || c->key;
}

bool cert_in_token(const struct cert *c)
{
	return c->key_source && token_uri_is(c->key_source);
}

/* Return: whether @key has signed something, and that is a signature by the key of @x. */
static bool prove(X509 *x, EVP_PKEY *key, bool *is_signed)
{
	static const unsigned char text[] = "whose key is this?";
	const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
	unsigned char signature[KEY_RESULT_MAX];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	*is_signed = ctx && EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
		     EVP_DigestSign(ctx, signature, &len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(ctx);
	ctx = EVP_MD_CTX_new();
	good = *is_signed && ctx &&
	       EVP_DigestVerifyInit(ctx, NULL, md, NULL, X509_get0_pubkey(x)) == 1 &&
	       EVP_DigestVerify(ctx, signature, len, text, sizeof(text)) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

static bool check_token(const struct cert *c, struct err_list *err)
{
	bool is_signed = false;

	if (!cert_key(c)) {
		err_add(err, "%s: a key of this kind cannot be used in a token", c->path);
		return false;
	}
	if (prove(cert_x509(c), cert_key(c), &is_signed))
		return true;
	if (is_signed)
		err_add(err,
			"%s: the private key at %s does not belong to this certificate: replace "
			"one of them",
			c->path, c->key_source);
	else
		err_warn(err, "%s: the key at %s does not sign", c->path, c->key_source);
	return !is_signed;
}

/* A token may be slow, and concerns its own keys alone. */
static bool say_silent(const struct cert *c, struct err_list *err)
{
	if (cert_in_token(c))
		err_warn(err, "%s: the key process does not answer", c->key_source);
	else
		err_add(err, "%s: the key process does not answer", c->key_source);
	return cert_in_token(c);
}

/* Have it found and read where it is. */
static bool check_remote(const struct cert *c, struct err_list *err)
{
	struct span source = span_of(c->key_source, strlen(c->key_source));
	struct key_request q = {.op = KEY_OP_CHECK, .source_len = (uint32_t)source.len};
	struct key_answer a;

	cert_key(c); /* as long as this is there, what is read now is kept */
	if (!remote_print(X509_get0_pubkey(cert_x509(c)), q.print) ||
		!remote_ask(&q, source, span_none(), &a))
		return say_silent(c, err);
	if (a.status == KEY_DONE)
		return !cert_in_token(c) || check_token(c, err);
	if (a.status == KEY_UNREADABLE)
		err_warn(err, "%.*s", (int)a.len, (const char *)a.bytes);
	else
		err_add(err, "%.*s", (int)a.len, (const char *)a.bytes);
	return a.status == KEY_UNREADABLE;
}

bool cert_decodes(const struct cert *c, struct err_list *err)
{
	if (cert_x509(c))
		return true;
	err_add(err, "%s: holds a certificate that cannot be decoded: store it again", c->path);
	return false;
}

bool cert_check(const struct cert *c, struct err_list *err)
{
	EVP_PKEY *any;

	if (!cert_decodes(c, err))
		return false;
	if (cert_in_token(c) && !remote_answers())
		return true;
	if (c->key_source)
		return check_remote(c, err);
	if (!cert_has_key(c) || cert_key(c))
		return true;
	any = pem_key(c->key_text, c->key_len, passphrase_get(PASSPHRASE_KEYS));
	if (!any && pem_is_encrypted(c->key_text)) {
		err_warn(err, "%s: the private key beside it is encrypted, and %s", c->path,
			passphrase_get(PASSPHRASE_KEYS) ? "this passphrase does not open it"
							: "no passphrase is given");
		return true;
	}
	if (any)
		err_add(err,
			"%s: the private key beside it does not belong to this certificate: "
			"replace one of them",
			c->path);
	else
		err_add(err,
			"%s: beside it is no usable private key in PEM: store it again with "
			"attls-keyring add",
			c->path);
	EVP_PKEY_free(any);
	return false;
}

void cert_fini(struct cert *c)
{
	free(c->owner);
	free(c->label);
	free(c->notes);
	free(c->path);
	OPENSSL_free(c->der);
	file_free(c->key_text, c->key_len);
	free(c->key_source);
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}

void cert_free(struct cert *c)
{
	if (c)
		cert_fini(c);
	free(c);
}

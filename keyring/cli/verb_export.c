/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_export.c - export, checkcert: certificates to files, and a look at files */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_text.h"
#include "keyring/cli/bundle.h"
#include "keyring/cli/verbs.h"
#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/pem.h"

static char *encode(const struct cert *c, bool der, size_t *len)
{
	unsigned char *bytes = NULL;
	char *text;
	int n;

	if (!der)
		return pem_from_certificate(cert_x509(c), len);
	n = i2d_X509(cert_x509(c), &bytes);
	if (n <= 0)
		return NULL;
	text = heap_zero((size_t)n);
	memcpy(text, bytes, (size_t)n);
	OPENSSL_free(bytes);
	*len = (size_t)n;
	return text;
}

static bool write_out(const char *path, const char *text, size_t len, struct err_list *err)
{
	FILE *f = path ? fopen(path, "wb") : stdout;
	bool good = f && fwrite(text, 1, len, f) == len && fflush(f) == 0;

	if (path && f && fclose(f) != 0)
		good = false;
	if (!good)
		err_add(err, "%s: cannot be written: %s", path ? path : "standard output",
			strerror(errno));
	return good;
}

static bool take_format(const struct arguments *a, bool *der, struct err_list *err)
{
	const char *word = a->values[ARG_FORMAT];

	*der = word && strcasecmp(word, "der") == 0;
	if (!word || *der || strcasecmp(word, "pem") == 0)
		return true;
	err_add(err, "--format %s: is neither pem nor der", word);
	return false;
}

bool verb_export(const struct arguments *a, struct err_list *err)
{
	const struct cert *c;
	struct desk d;
	size_t len = 0;
	char *text;
	bool der, good = false;

	if (!take_format(a, &der, err) || !desk_open(&d, a, false, err))
		return false;
	c = desk_cert(&d, arguments_owner(a), a->values[ARG_LABEL], err);
	text = c ? encode(c, der, &len) : NULL;
	if (text)
		good = write_out(a->values[ARG_OUT], text, len, err);
	else if (c)
		err_add(err, "%s/%s: cannot be encoded", c->owner, c->label);
	free(text);
	desk_close(&d);
	return good;
}

/* The trusted CA certificates of the store, for verification. */
static X509_STORE *trusted_store(const struct desk *d)
{
	X509_STORE *store = X509_STORE_new();
	size_t certs, rings;

	keystore_count(d->keys, &certs, &rings);
	for (size_t i = 0; store && i < certs; i++) {
		const struct cert *c = keystore_cert_at(d->keys, i);

		if (strcmp(c->owner, "CERTAUTH") == 0 && c->trust != CERT_NOTRUST)
			X509_STORE_add_cert(store, cert_x509(c));
	}
	if (store)
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	return store;
}

/* "complete", or why the chain from @x to a CA of the store is not; static words */
static const char *chain_words(const struct desk *d, X509 *x, STACK_OF(X509) * others)
{
	X509_STORE *store = trusted_store(d);
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *words = "cannot be judged";

	if (store && ctx && X509_STORE_CTX_init(ctx, store, x, others))
		words = X509_verify_cert(ctx) == 1
				? "complete"
				: X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return words;
}

static json_t *check_json(const struct desk *d, const struct bundle *b, int i)
{
	X509 *x = sk_X509_value(b->certs, i);
	const struct cert *stored = desk_same(d, x);
	struct cert c = {.x509 = x};
	json_t *j;
	char *place = stored ? heap_format("%s/%s", stored->owner, stored->label) : NULL;

	c.key = b->key && X509_check_private_key(x, b->key) == 1 ? b->key : NULL;
	ERR_clear_error();
	j = describe_json(NULL, &c);
	json_object_del(j, "owner");
	json_object_del(j, "label");
	json_object_del(j, "trust");
	json_object_set_new(j, "stored_as", json_text(place));
	json_object_set_new(
		j, "status", stored ? json_string(cert_trust_name(stored->trust)) : json_null());
	json_object_set_new(j, "chain", json_string(chain_words(d, x, b->certs)));
	json_object_set_new(
		j, "expired", json_boolean(X509_cmp_current_time(X509_get0_notAfter(x)) < 0));
	free(place);
	return j;
}

bool verb_checkcert(const struct arguments *a, struct err_list *err)
{
	json_t *list = json_array(), *j;
	struct bundle b;
	struct desk d;
	size_t i;

	if (!bundle_read(&b, a->operand, a->values[ARG_PASSWORD_FILE], err)) {
		json_decref(list);
		return false;
	}
	if (desk_open(&d, a, false, err)) {
		for (int n = 0; n < sk_X509_num(b.certs); n++)
			json_array_append_new(list, check_json(&d, &b, n));
		desk_close(&d);
	}
	if (json_array_size(list) == 0 && err->count == 0)
		err_add(err, "%s: holds no certificate", a->operand);
	bundle_free(&b);
	if (a->values[ARG_JSON] && err->count == 0)
		return json_print(list, err);
	json_array_foreach(list, i, j)
	{
		fputs(i ? "\n" : "", stdout);
		describe_print_json(j);
	}
	json_decref(list);
	return err->count == 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_check.c - checkcert, listchain: certificates in files and their issuers in the store */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "keyring/chain.h"
#include "keyring/cli/verbs.h"
#include "keyring/heap.h"

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
	struct password password = arguments_password(a);
	json_t *list = json_array(), *j;
	struct bundle b;
	struct desk d;
	size_t i;

	if (!bundle_read(&b, a->operand, &password, err)) {
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

/* The rings that hold every certificate of the chain. */
static json_t *common_rings(const struct desk *d, const struct chain *chain)
{
	json_t *list = json_array();
	const struct keyring *r;

	for (size_t i = 0; (r = keystore_ring_at(d->keys, i)); i++) {
		size_t held = 0;
		char *name;

		while (held < chain->count && keyring_has(r, chain->certs[held]))
			held++;
		if (held < chain->count)
			continue;
		name = heap_format("%s/%s", r->owner, r->name);
		json_array_append_new(list, json_text(name));
		free(name);
	}
	return list;
}

static json_t *chain_json(const struct desk *d, const struct chain *chain)
{
	json_t *j = json_object(), *list = json_array();

	for (size_t i = 0; i < chain->count; i++)
		json_array_append_new(list, describe_json(d, chain->certs[i]));
	json_object_set_new(j, "chain", list);
	json_object_set_new(j, "complete", json_boolean(chain->complete));
	json_object_set_new(j, "common_rings", common_rings(d, chain));
	return j;
}

static void print_chain(const struct desk *d, const struct chain *chain)
{
	json_t *rings = common_rings(d, chain), *name;
	struct columns t;
	size_t i;

	columns_init(&t, describe_columns, DESCRIBE_COLUMNS);
	for (i = 0; i < chain->count; i++)
		describe_row(&t, chain->certs[i]);
	columns_print(&t, stdout);
	columns_fini(&t);
	puts(chain->complete ? "The chain is complete." : "The chain is not complete.");
	fputs(json_array_size(rings) ? "Rings with all of it:" : "No ring holds all of it.",
		stdout);
	json_array_foreach(rings, i, name)
	{
		putchar(' ');
		print_clean(json_string_value(name));
	}
	putchar('\n');
	json_decref(rings);
}

bool verb_listchain(const struct arguments *a, struct err_list *err)
{
	const struct cert *c;
	struct chain chain;
	bool good = true;
	struct desk d;

	if (!desk_open(&d, a, false, err))
		return false;
	c = desk_cert(&d, arguments_owner(a), a->values[ARG_LABEL], err);
	if (c)
		chain_find(&chain, d.keys, c);
	if (c && a->values[ARG_JSON])
		good = json_print(chain_json(&d, &chain), err);
	else if (c)
		print_chain(&d, &chain);
	desk_close(&d);
	return c && good;
}

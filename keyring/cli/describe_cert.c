/* SPDX-License-Identifier: GPL-3.0-or-later */
/* describe_cert.c - a certificate in words: a row, lines, or JSON */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json_text.h"
#include "keyring/certfile.h"
#include "keyring/cli/verbs.h"
#include "keyring/heap.h"
#include "keyring/issue.h"
#include "keyring/subject.h"

const char *describe_time(const ASN1_TIME *t, char *buf)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm) || !strftime(buf, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(buf, 32, "?");
	return buf;
}

static char *serial_text(const X509 *x)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;
	char *text = heap_copy(hex ? hex : "?");

	OPENSSL_free(hex);
	BN_free(number);
	return text;
}

static char *key_text(const X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;

	return heap_format("%s %d", type ? type : "unknown", key ? EVP_PKEY_get_bits(key) : 0);
}

const struct column describe_columns[DESCRIBE_COLUMNS] = {
	{.header = "OWNER"},
	{.header = "LABEL"},
	{.header = "STATUS"},
	{.header = "KEY"},
	{.header = "VALID TO"},
	{.header = "SUBJECT"},
};

const char *describe_key(const struct cert *c)
{
	if (cert_in_token(c))
		return "token";
	return cert_has_key(c) ? "yes" : "no";
}

/* From the facts alone: a table of ten thousand must not decode each. */
void describe_row(struct columns *t, const struct cert *c)
{
	ASN1_TIME *until = facts_time(c->facts.not_after);
	char date[32], *subject = facts_name(c->facts.subject);

	columns_add(t, c->owner);
	columns_add(t, c->label);
	columns_add(t, cert_trust_name(c->trust));
	columns_add(t, describe_key(c));
	columns_add(t, until ? describe_time(until, date) : "?");
	columns_add(t, subject);
	ASN1_TIME_free(until);
	free(subject);
}

void print_clean(const char *text)
{
	char *copy = heap_copy(text ? text : "?");

	text_make_printable(copy);
	fputs(copy, stdout);
	free(copy);
}

/* RACDCERT's words for the key usage extension; NULL without one. */
static json_t *usage_json(X509 *x)
{
	unsigned usage = issue_usage_of(x);
	json_t *list = usage ? json_array() : json_null();

	for (size_t i = 0; usage && issue_usage_word(i); i++) {
		if (usage & 1u << i)
			json_array_append_new(list, json_string(issue_usage_word(i)));
	}
	return list;
}

static json_t *rings_json(const struct desk *d, const struct cert *c)
{
	json_t *list = json_array();
	size_t certs, rings;

	keystore_count(d->keys, &certs, &rings);
	for (size_t i = 0; i < rings; i++) {
		const struct keyring *r = keystore_ring_at(d->keys, i);
		char *name;

		if (!keyring_has(r, c))
			continue;
		name = heap_format("%s/%s", r->owner, r->name);
		json_array_append_new(list, json_text(name));
		free(name);
	}
	return list;
}

static void set_text(json_t *j, const char *key, char *owned)
{
	json_object_set_new(j, key, json_text(owned));
	free(owned);
}

json_t *describe_json(const struct desk *d, const struct cert *c)
{
	json_t *j = json_object();
	char date[32];

	json_object_set_new(j, "owner", json_text(c->owner));
	json_object_set_new(j, "label", json_text(c->label));
	json_object_set_new(j, "trust", json_string(cert_trust_name(c->trust)));
	set_text(j, "subject", subject_text(X509_get_subject_name(cert_x509(c))));
	set_text(j, "issuer", subject_text(X509_get_issuer_name(cert_x509(c))));
	set_text(j, "serial", serial_text(cert_x509(c)));
	set_text(j, "altnames", altnames_text(cert_x509(c), ","));
	set_text(j, "key", key_text(cert_x509(c)));
	json_object_set_new(j, "private_key", json_boolean(cert_has_key(c)));
	if (cert_in_token(c))
		json_object_set_new(j, "key_uri", json_text(c->key_source));
	json_object_set_new(j, "ca", json_boolean(X509_check_ca(cert_x509(c)) != 0));
	json_object_set_new(
		j, "signature", json_string(OBJ_nid2ln(X509_get_signature_nid(cert_x509(c)))));
	json_object_set_new(j, "not_before",
		json_string(describe_time(X509_get0_notBefore(cert_x509(c)), date)));
	json_object_set_new(
		j, "not_after", json_string(describe_time(X509_get0_notAfter(cert_x509(c)), date)));
	json_object_set_new(j, "keyusage", usage_json(cert_x509(c)));
	if (c->notes)
		json_object_set_new(j, "notes", json_text(c->notes));
	if (d)
		json_object_set_new(j, "rings", rings_json(d, c));
	return j;
}

static const struct {
	const char *key;
	const char *title;
} lines[] = {
	{"owner", "Owner"},
	{"label", "Label"},
	{"trust", "Status"},
	{"subject", "Subject"},
	{"issuer", "Issuer"},
	{"serial", "Serial number"},
	{"altnames", "Alternative names"},
	{"key", "Key"},
	{"private_key", "Private key"},
	{"key_uri", "Key in token"},
	{"ca", "CA"},
	{"keyusage", "Key usage"},
	{"signature", "Signature"},
	{"not_before", "Valid from"},
	{"not_after", "Valid to"},
	{"notes", "Notes"},
	{"rings", "Rings"},
	{"stored_as", "Stored as"},
	{"status", "Status there"},
	{"chain", "Chain"},
	{"expired", "Expired"},
};

static void print_value(const json_t *v)
{
	const json_t *item;
	size_t i;

	if (json_is_boolean(v))
		fputs(json_is_true(v) ? "yes" : "no", stdout);
	else if (json_is_string(v))
		print_clean(json_string_value(v));
	else if (json_is_null(v))
		fputs("-", stdout);
	json_array_foreach(v, i, item)
	{
		fputs(i ? ", " : "", stdout);
		print_clean(json_string_value(item));
	}
}

void describe_print_json(const json_t *j)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const json_t *v = json_object_get(j, lines[i].key);

		if (!v)
			continue;
		printf("%-18s ", lines[i].title);
		print_value(v);
		putchar('\n');
	}
}

void describe_print(const struct desk *d, const struct cert *c)
{
	json_t *j = describe_json(d, c);

	describe_print_json(j);
	json_decref(j);
}

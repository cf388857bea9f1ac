/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certfile.c - one certificate's files: LABEL.pem, LABEL.key, LABEL.meta */
#include "keyring/certfile.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/ini.h"
#include "keyring/heap.h"
#include "keyring/name.h"
#include "keyring/pem.h"

static const char *const trusts[] = {
	[CERT_NOTRUST] = "NOTRUST", [CERT_TRUST] = "TRUST", [CERT_HIGHTRUST] = "HIGHTRUST", NULL};
static const char *const usages[] = {
	[CERT_PERSONAL] = "PERSONAL", [CERT_CERTAUTH] = "CERTAUTH", [CERT_SITE] = "SITE", NULL};
static const char *const meta_keys[] = {"trust", "notes", NULL};

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

void cert_free(struct cert *c)
{
	if (!c)
		return;
	free(c->owner);
	free(c->label);
	free(c->path);
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c);
}

static X509 *only_certificate(const char *path, const char *text, size_t len, struct err_list *err)
{
	STACK_OF(X509) *all = pem_certificates(text, len);
	int count = all ? sk_X509_num(all) : -1;
	X509 *x = count == 1 ? sk_X509_shift(all) : NULL;

	if (count < 0)
		err_add(err, "%s: holds a PEM certificate that cannot be decoded: store it again",
			path);
	else if (count == 0)
		err_add(err, "%s: holds no PEM certificate: put one there, or remove the file",
			path);
	else if (count > 1)
		err_add(err,
			"%s: holds %d certificates, but each has a file of its own: store the "
			"bundle with attls-keyring add",
			path, count);
	sk_X509_pop_free(all, X509_free);
	return x;
}

static bool read_certificate(struct cert *c, struct err_list *err)
{
	struct stat st;
	size_t len;
	char *text = file_read(c->path, &st, &len);

	if (!text) {
		err_add(err, "%s: cannot be read: %s", c->path, strerror(errno));
		return false;
	}
	guard_file(c->path, &st, err);
	c->x509 = only_certificate(c->path, text, len, err);
	/* parse extensions once, before workers share the object */
	if (c->x509)
		X509_check_purpose(c->x509, -1, 0);
	ERR_clear_error();
	file_free(text, len);
	return c->x509 != NULL;
}

static void check_key(struct cert *c, const char *path, struct err_list *err)
{
	if (!c->key) {
		err_add(err,
			"%s: is no usable private key (PEM, not encrypted): store it again with "
			"attls-keyring add",
			path);
		return;
	}
	if (X509_check_private_key(c->x509, c->key) == 1)
		return;
	ERR_clear_error();
	err_add(err, "%s: this key does not belong to the certificate in %s: replace one of them",
		path, c->path);
	EVP_PKEY_free(c->key);
	c->key = NULL;
}

static void read_key(struct cert *c, const struct guard *g, const char *path, struct err_list *err)
{
	struct stat st;
	size_t len;
	char *text = file_read(path, &st, &len);

	if (!text && errno == ENOENT)
		return;
	if (!text && errno == EACCES) {
		err_warn(err,
			"%s: not readable for uid %u: the certificate is used without its key",
			path, (unsigned)geteuid());
		return;
	}
	if (!text) {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
		return;
	}
	if (guard_key(g, path, &st, err)) {
		c->key = pem_key(text, len, NULL);
		check_key(c, path, err);
	}
	file_free(text, len);
}

static void take_meta(struct cert *c, const struct ini_section *s, struct err_list *err)
{
	const char *trust = ini_get(s, "trust");

	if (strcasecmp(s->kind, "certificate") != 0 || *s->name) {
		ini_error(err, s, NULL, "unknown section: only [certificate] is known here");
		return;
	}
	for (size_t i = 0; i < s->entry_count; i++) {
		const char *key = s->entries[i].key;
		const char *near = ini_nearest(key, meta_keys);

		if (word_index(meta_keys, key) < 0)
			ini_error(err, s, key, "unknown key%s%s%s", near ? "; did you mean " : "",
				near ? near : "", near ? "?" : "");
	}
	if (trust && !cert_trust_parse(trust, &c->trust))
		ini_error(err, s, "trust", "\"%s\" is none of trust, notrust, hightrust", trust);
}

static void read_meta(struct cert *c, const char *path, struct err_list *err)
{
	struct stat st;
	struct ini *ini;

	if (stat(path, &st) < 0 && errno == ENOENT)
		return;
	ini = ini_load(path, err);
	if (!ini)
		return;
	guard_file(path, &st, err);
	for (size_t i = 0; i < ini->section_count; i++)
		take_meta(c, &ini->sections[i], err);
	ini_free(ini);
}

struct cert *certfile_read(const struct guard *g, const char *folder, const char *owner,
	const char *file, struct err_list *err)
{
	struct cert *c = heap_zero(sizeof(*c));
	char label[NAME_SIZE];
	char *stem, *path;

	c->path = heap_format("%s/%s", folder, file);
	c->trust = CERT_TRUST;
	c->owner = heap_copy(owner);
	if (!name_from_file(file, ".pem", label)) {
		err_add(err, "%s: is not how a label is written (%%XX): rename it", c->path);
		cert_free(c);
		return NULL;
	}
	c->label = heap_copy(label);
	if (!read_certificate(c, err))
		return c;
	stem = heap_format("%.*s", (int)(strlen(c->path) - strlen(".pem")), c->path);
	path = heap_format("%s.key", stem);
	read_key(c, g, path, err);
	free(path);
	path = heap_format("%s.meta", stem);
	read_meta(c, path, err);
	free(path);
	free(stem);
	return c;
}

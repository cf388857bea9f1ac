/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certfile.c - one certificate's files: LABEL.pem, LABEL.key, LABEL.meta */
#include "keyring/certfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "keyring/heap.h"
#include "keyring/initext.h"
#include "keyring/name.h"
#include "keyring/pem.h"
#include "keyring/remote.h"
#include "keyring/token_uri.h"

static const char *const meta_keys[] = {"trust", "key", "notes", NULL};

static void take_certificate(struct cert *c, const char *text, size_t len, struct err_list *err)
{
	int count;

	c->der = pem_only_certificate(text, len, &count, &c->der_len);
	if (count == 0)
		err_add(err, "%s: holds no PEM certificate: put one there, or remove the file",
			c->path);
	else if (count > 1)
		err_add(err,
			"%s: holds %d certificates, but each has a file of its own: store the "
			"bundle with attls-keyring add",
			c->path, count);
	if (count >= 0 && (!c->der || facts_find(&c->facts, span_of(c->der, c->der_len))))
		return;
	err_add(err, "%s: holds a PEM certificate that cannot be decoded: store it again", c->path);
	OPENSSL_free(c->der);
	c->der = NULL;
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
	take_certificate(c, text, len, err);
	file_free(text, len);
	return c->der != NULL;
}

/* Whoever answers for remote keys reads and judges the file. */
static void note_key(struct cert *c, const struct guard *g, const char *path, struct err_list *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	else if (guard_key(g, path, &st, err))
		c->key_source = heap_copy(path);
}

static void read_key(struct cert *c, const struct guard *g, const char *path, struct err_list *err)
{
	struct stat st;

	c->key_text = file_read(path, &st, &c->key_len);
	if (!c->key_text && errno == EACCES)
		err_warn(err,
			"%s: not readable for uid %u: the certificate is used without its key",
			path, (unsigned)geteuid());
	else if (!c->key_text)
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	if (!c->key_text)
		return;
	if (guard_key(g, path, &st, err)) {
		if (!pem_has_key(c->key_text))
			err_add(err,
				"%s: is no usable private key in PEM: store it again with "
				"attls-keyring add",
				path);
		return;
	}
	file_free(c->key_text, c->key_len);
	c->key_text = NULL;
}

/* As it stands: a URI has %XX of its own. */
static void take_token(
	struct cert *c, const struct ini_section *s, const char *uri, struct err_list *err)
{
	struct err_list said;

	err_init(&said);
	if (token_uri_is(uri) && token_uri_check(uri, &said))
		c->key_source = heap_copy(uri);
	else if (!token_uri_is(uri))
		err_add(&said, "is where a key in a token is (pkcs11:token=...;object=...); a key "
			       "in a file needs no such line");
	for (size_t i = 0; i < said.count; i++)
		ini_error(err, s, "key", "%s", said.lines[i]);
	err_fini(&said);
}

static void take_meta(struct cert *c, const struct ini_section *s, struct err_list *err)
{
	const char *trust = ini_get(s, "trust"), *key = ini_get(s, "key");

	if (strcasecmp(s->kind, "certificate") != 0 || *s->name) {
		ini_error(err, s, NULL, "unknown section: only [certificate] is known here");
		return;
	}
	initext_keys_known(s, meta_keys, err);
	if (!c->notes)
		c->notes = initext_value(s, "notes");
	if (key && !c->key_source)
		take_token(c, s, key, err);
	if (trust && !cert_trust_parse(trust, &c->trust))
		ini_error(err, s, "trust", "\"%s\" is none of trust, notrust, hightrust", trust);
}

char *certfile_meta_text(const struct cert *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	fprintf(f, "[certificate]\ntrust = %s\n", cert_trust_name(c->trust));
	if (cert_in_token(c))
		fprintf(f, "key = \"%s\"\n", c->key_source);
	if (c->notes)
		initext_write(f, "notes", c->notes);
	if (fclose(f) != 0)
		abort();
	return text;
}

/* Nearly all files are as we write them; the reader of INI files costs ten times as much. */
static bool is_plain_meta(struct cert *c, const char *text)
{
	static const char head[] = "[certificate]\ntrust = ";
	char word[16];
	size_t len;

	if (strncmp(text, head, strlen(head)) != 0)
		return false;
	text += strlen(head);
	len = strcspn(text, "\n");
	if (len >= sizeof(word) || strcmp(text + len, "\n") != 0)
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	return cert_trust_parse(word, &c->trust);
}

static void parse_meta(
	struct cert *c, const char *path, const char *text, size_t len, struct err_list *err)
{
	struct ini *ini = ini_load_text(path, text, len, err);

	for (size_t i = 0; ini && i < ini->section_count; i++)
		take_meta(c, &ini->sections[i], err);
	ini_free(ini);
}

static void read_meta(struct cert *c, const char *path, struct err_list *err)
{
	struct stat st;
	size_t len;
	char *text = file_read(path, &st, &len);

	if (!text) {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
		return;
	}
	guard_file(path, &st, err);
	if (!is_plain_meta(c, text))
		parse_meta(c, path, text, len, err);
	file_free(text, len);
}

static void read_beside(
	struct cert *c, const struct guard *g, bool has_key, bool has_meta, struct err_list *err)
{
	char *stem = heap_format("%.*s", (int)(strlen(c->path) - strlen(".pem")), c->path);
	char *key = heap_format("%s.key", stem), *meta = heap_format("%s.meta", stem);

	if (has_meta)
		read_meta(c, meta, err);
	if (has_key && c->key_source)
		err_warn(err, "%s: not used, since %s names a key in a token: remove one of them",
			key, meta);
	else if (has_key && remote_is_on())
		note_key(c, g, key, err);
	else if (has_key)
		read_key(c, g, key, err);
	free(meta);
	free(key);
	free(stem);
}

struct cert *certfile_read(
	const struct cert_place *place, bool has_key, bool has_meta, struct err_list *err)
{
	struct cert *c = heap_zero(sizeof(*c));
	char label[NAME_SIZE];

	c->path = heap_format("%s/%s", place->folder, place->file);
	c->trust = CERT_TRUST;
	c->owner = heap_copy(place->owner);
	if (!name_from_file(place->file, ".pem", label)) {
		err_add(err, "%s: is not how a label is written (%%XX): rename it", c->path);
		cert_free(c);
		return NULL;
	}
	c->label = heap_copy(label);
	if (read_certificate(c, err))
		read_beside(c, place->guard, has_key, has_meta, err);
	return c;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* desk.c - what the verbs share: the keyring directory read, locked for changes, looked through */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/cli/verbs.h"

static struct keystore *read_leniently(const char *dir, struct err_list *err)
{
	struct err_list problems;
	struct keystore *k;

	err_init(&problems);
	k = keystore_read(dir, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		if (k)
			err_warn(err, "%s", problems.lines[i]);
		else
			err_add(err, "%s", problems.lines[i]);
	}
	for (size_t i = 0; i < problems.warning_count; i++)
		err_warn(err, "%s", problems.warnings[i]);
	err_fini(&problems);
	return k;
}

bool desk_open(struct desk *d, const struct arguments *a, bool for_change, struct err_list *err)
{
	*d = (struct desk){0};
	if (for_change) {
		d->store = store_open(a->dir, err);
		if (!d->store)
			return false;
	}
	d->keys = read_leniently(a->dir, err);
	if (!d->keys)
		desk_close(d);
	return d->keys != NULL;
}

bool desk_read_again(struct desk *d, const struct arguments *a)
{
	struct err_list said; /* the warnings of desk_open() once more */

	err_init(&said);
	keystore_put(d->keys);
	d->keys = keystore_read(a->dir, &said);
	err_fini(&said);
	return d->keys != NULL;
}

void desk_close(struct desk *d)
{
	keystore_put(d->keys);
	store_close(d->store);
	*d = (struct desk){0};
}

const struct cert *desk_cert(
	const struct desk *d, const char *owner, const char *label, struct err_list *err)
{
	const struct cert *c = keystore_cert(d->keys, owner, label);

	if (!c)
		err_add(err, "there is no certificate %s/%s", owner, label);
	return c && cert_check(c, err) ? c : NULL;
}

bool desk_facts(const X509 *x, struct facts *f, unsigned char **der)
{
	int len;

	*der = NULL;
	len = i2d_X509((X509 *)x, der);
	return len > 0 && facts_find(f, span_of(*der, (size_t)len));
}

const struct cert *desk_same(const struct desk *d, const X509 *x)
{
	unsigned char *der;
	struct facts f;
	const struct cert *found = desk_facts(x, &f, &der) ? keystore_same(d->keys, &f) : NULL;

	OPENSSL_free(der);
	return found;
}

static bool write_bytes(int fd, const char *data, long len)
{
	for (ssize_t n; len > 0; data += n, len -= n) {
		n = write(fd, data, (size_t)len);
		if (n < 0)
			return false;
	}
	return true;
}

bool write_out(const char *path, BIO *bytes, bool secret, struct err_list *err)
{
	mode_t mode = secret ? 0600 : 0666;
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode) : STDOUT_FILENO;
	char *data;
	long len = BIO_get_mem_data(bytes, &data);
	bool good = fd >= 0 && (!path || !secret || fchmod(fd, mode) == 0) &&
		    write_bytes(fd, data, len);

	if (path && fd >= 0 && close(fd) < 0)
		good = false;
	if (!good)
		err_add(err, "%s: cannot be written: %s", path ? path : "standard output",
			strerror(errno));
	return good;
}

struct password arguments_password(const struct arguments *a)
{
	return (struct password){.text = a->password, .file = a->values[ARG_PASSWORD_FILE]};
}

bool arguments_trust(const struct arguments *a, const char *owner, enum cert_trust otherwise,
	enum cert_trust *trust, struct err_list *err)
{
	*trust = otherwise;
	if (a->values[ARG_TRUST])
		*trust = CERT_TRUST;
	if (a->values[ARG_NOTRUST])
		*trust = CERT_NOTRUST;
	if (!a->values[ARG_HIGHTRUST])
		return true;
	*trust = CERT_HIGHTRUST;
	if (strcmp(owner, "CERTAUTH") == 0)
		return true;
	err_add(err, "--hightrust is for --certauth certificates alone");
	return false;
}

bool json_print(json_t *j, struct err_list *err)
{
	bool good = j && json_dumpf(j, stdout, JSON_INDENT(2)) == 0;

	json_decref(j);
	if (good)
		putchar('\n');
	else
		err_add(err, "the listing cannot be written as JSON");
	return good;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store.c - changing the keyring directory: one writer at a time, each change atomic and durable */
#include "keyring/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/certfile.h"
#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/name.h"
#include "keyring/pem.h"

enum { MODE_FOLDER = 0755, MODE_PUBLIC = 0644, MODE_KEY = 0600 };

struct store {
	char *dir;
	int fd;   /* of the directory */
	int lock; /* of its lock file */
	struct guard owner;
};

/* A file to be written. */
struct draft {
	const char *file;
	const char *text;
	size_t len;
	mode_t mode;
};

static bool give_away(const struct store *s, int fd)
{
	return geteuid() != 0 || fchown(fd, s->owner.uid, s->owner.gid) == 0;
}

static int take_lock(const struct store *s)
{
	int fd = openat(s->fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, MODE_KEY);

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		close(fd);
		return -1;
	}
	give_away(s, fd);
	return fd;
}

struct store *store_open(const char *dir, struct err_list *err)
{
	struct store *s = heap_zero(sizeof(*s));
	struct stat st;

	s->dir = heap_copy(dir);
	s->lock = -1;
	if (mkdir(dir, MODE_FOLDER) < 0 && errno != EEXIST) {
		err_add(err, "%s: cannot be created: %s", dir, strerror(errno));
		s->fd = -1;
		store_close(s);
		return NULL;
	}
	s->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->fd >= 0 && fstat(s->fd, &st) == 0) {
		s->owner = (struct guard){.uid = st.st_uid, .gid = st.st_gid};
		s->lock = take_lock(s);
	}
	if (s->lock < 0) {
		err_add(err, "%s: cannot be opened for writing: %s", dir, strerror(errno));
		store_close(s);
		return NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->lock >= 0)
		close(s->lock);
	if (s->fd >= 0)
		close(s->fd);
	free(s->dir);
	free(s);
}

/* Open folder @name below @at, made if it is missing and @make says so. */
static int open_folder(const struct store *s, int at, const char *name, bool make)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	if (mkdirat(at, name, MODE_FOLDER) < 0 && errno != EEXIST)
		return -1;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && (!give_away(s, fd) || fsync(at) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* How @name is spelled among the files of @path, in any case; else as name_encode() does. */
static void spell(const char *path, const char *name, const char *suffix, char *out)
{
	struct names files;
	struct err_list ignored;
	char found[NAME_SIZE];

	err_init(&ignored);
	name_with_suffix(name, suffix, out);
	names_list(&files, path, &ignored);
	for (size_t i = 0; i < files.count; i++) {
		if (name_from_file(files.items[i], suffix, found) && strcasecmp(found, name) == 0)
			snprintf(out, NAME_SIZE, "%s", files.items[i]);
	}
	names_free(&files);
	err_fini(&ignored);
}

/* The path of @owner's folder below @top ("certs", "rings"), owned. */
static char *owner_path(const struct store *s, const char *top, const char *owner)
{
	char *path = heap_format("%s/%s", s->dir, top);
	char folder[NAME_SIZE], *full;

	spell(path, owner, "", folder);
	full = heap_format("%s/%s", path, folder);
	free(path);
	return full;
}

/* That folder opened, or -1 with a sentence. */
static int owner_folder(
	const struct store *s, const char *top, const char *owner, bool make, struct err_list *err)
{
	char *path = owner_path(s, top, owner);
	int above = open_folder(s, s->fd, top, make);
	int fd = above < 0 ? -1 : open_folder(s, above, strrchr(path, '/') + 1, make);

	if (fd < 0)
		err_add(err, "%s: %s", path, strerror(errno));
	if (above >= 0)
		close(above);
	free(path);
	return fd;
}

static bool write_all(int fd, const struct draft *d)
{
	for (size_t at = 0; at < d->len;) {
		ssize_t n = write(fd, d->text + at, d->len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Temporary file, sync, rename, sync of the folder. */
static bool write_file(const struct store *s, int folder, const struct draft *d)
{
	static const char temporary[] = ".new"; /* one writer at a time */
	int fd, saved;
	bool good;

	unlinkat(folder, temporary, 0);
	fd = openat(
		folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE_KEY);
	if (fd < 0)
		return false;
	good = write_all(fd, d) && give_away(s, fd) && fchmod(fd, d->mode) == 0 && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (good && renameat(folder, temporary, folder, d->file) == 0)
		return fsync(folder) == 0;
	saved = errno;
	unlinkat(folder, temporary, 0);
	errno = saved;
	return false;
}

static bool put_file(const struct store *s, int folder, const struct draft *d, struct err_list *err)
{
	if (write_file(s, folder, d))
		return true;
	err_add(err, "%s: %s cannot be written: %s", s->dir, d->file, strerror(errno));
	return false;
}

/* The text of a file of certificate @c in @folder, file_free()d; NULL if there is none. */
static char *stored_text(int folder, const char *label, const char *suffix, size_t *len)
{
	char file[NAME_SIZE];
	struct stat st;

	name_with_suffix(label, suffix, file);
	return file_read_at(folder, file, &st, len);
}

/* @old: a key that stays in the file until the certificate is replaced; NULL for none */
static bool put_key(const struct store *s, int folder, const struct cert *c, const char *old,
	struct err_list *err)
{
	char file[NAME_SIZE];
	size_t key_len = 0;
	struct draft d = {.file = file, .mode = MODE_KEY};
	char *key = pem_from_key(cert_key(c), &key_len);
	char *text = key ? heap_format("%s%s", key, old ? old : "") : NULL;
	bool good;

	name_with_suffix(c->label, ".key", file);
	d.text = text;
	d.len = text ? strlen(text) : 0;
	if (!text)
		err_add(err, "%s: the private key cannot be written as PEM", c->label);
	good = text && put_file(s, folder, &d, err);
	file_free(text, d.len);
	file_free(key, key_len);
	return good;
}

static bool put_meta(const struct store *s, int folder, const struct cert *c, struct err_list *err)
{
	char file[NAME_SIZE];
	struct draft d = {.file = file, .mode = MODE_PUBLIC};
	char *text;
	bool good;

	name_with_suffix(c->label, ".meta", file);
	text = certfile_meta_text(c);
	d.text = text;
	d.len = strlen(text);
	good = put_file(s, folder, &d, err);
	free(text);
	return good;
}

static bool put_cert(const struct store *s, int folder, const struct cert *c, struct err_list *err)
{
	char file[NAME_SIZE];
	struct draft d = {.file = file, .mode = MODE_PUBLIC};
	char *text = pem_from_certificate(cert_x509(c), &d.len);
	bool good;

	name_with_suffix(c->label, ".pem", file);
	d.text = text;
	if (!text)
		err_add(err, "%s: the certificate cannot be written as PEM", c->label);
	good = text && put_file(s, folder, &d, err);
	file_free(text, d.len);
	return good;
}

static bool names_writable(const char *owner, const char *name, struct err_list *err)
{
	char encoded[NAME_SIZE];

	if (name_owner_ok(owner) && name_encode(name, encoded))
		return true;
	err_add(err, "%s/%s: names have 1 to %d bytes, and owners no '/'", owner, name,
		NAME_MAX_LEN);
	return false;
}

/*
 * Between the two renames that replace a certificate and its key, the key's file holds both keys,
 * and readers take the one that fits the certificate they see. So no reader, and no crash, finds a
 * certificate without its key.
 */
static bool put_parts(const struct store *s, int folder, const struct cert *c, unsigned parts,
	struct err_list *err)
{
	unsigned both = STORE_KEY | STORE_CERT;
	size_t len = 0;
	char *old = (parts & both) == both ? stored_text(folder, c->label, ".key", &len) : NULL;
	bool good = (!(parts & STORE_KEY) || put_key(s, folder, c, old, err)) &&
		    (!(parts & STORE_META) || put_meta(s, folder, c, err)) &&
		    (!(parts & STORE_CERT) || put_cert(s, folder, c, err)) &&
		    (!old || put_key(s, folder, c, NULL, err));

	file_free(old, len);
	return good;
}

bool store_write_cert(struct store *s, const struct cert *c, unsigned parts, struct err_list *err)
{
	bool good;
	int folder;

	if (!names_writable(c->owner, c->label, err))
		return false;
	folder = owner_folder(s, "certs", c->owner, true, err);
	if (folder < 0)
		return false;
	good = put_parts(s, folder, c, parts, err);
	close(folder);
	return good;
}

static bool remove_file(const struct store *s, int folder, const char *file, struct err_list *err)
{
	if (unlinkat(folder, file, 0) == 0 || errno == ENOENT)
		return true;
	err_add(err, "%s: %s cannot be removed: %s", s->dir, file, strerror(errno));
	return false;
}

bool store_has_cert(struct store *s, const char *owner, const char *label)
{
	char file[NAME_SIZE];
	char *folder, *path;
	bool found;

	if (!name_owner_ok(owner) || !name_encode(label, file))
		return false;
	folder = owner_path(s, "certs", owner);
	path = heap_format("%s/%s.pem", folder, file);
	found = access(path, F_OK) == 0;
	free(path);
	free(folder);
	return found;
}

bool store_remove_cert(
	struct store *s, const char *owner, const char *label, unsigned parts, struct err_list *err)
{
	/* the certificate first: a key without one is ignored, not the other way round */
	static const struct {
		unsigned part;
		const char *suffix;
	} files[] = {{STORE_CERT, ".pem"}, {STORE_KEY, ".key"}, {STORE_META, ".meta"}};
	int folder = owner_folder(s, "certs", owner, false, err);
	char file[NAME_SIZE];
	bool good = true;

	if (folder < 0)
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && good; i++) {
		name_with_suffix(label, files[i].suffix, file);
		good = !(parts & files[i].part) || remove_file(s, folder, file, err);
	}
	fsync(folder);
	close(folder);
	return good;
}

/* The file of a ring, spelled as it is on disk if it is there. */
static void ring_file(const struct store *s, const char *owner, const char *name, char *file)
{
	char *path = owner_path(s, "rings", owner);

	spell(path, name, ".ring", file);
	free(path);
}

char *store_ring_path(struct store *s, const char *owner, const char *name)
{
	char file[NAME_SIZE], encoded[NAME_SIZE];
	char *folder, *path;

	if (!name_owner_ok(owner) || !name_encode(name, encoded))
		return NULL;
	folder = owner_path(s, "rings", owner);
	spell(folder, name, ".ring", file);
	path = heap_format("%s/%s", folder, file);
	free(folder);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

bool store_write_ring(struct store *s, const char *owner, const char *name,
	const struct ring_refs *refs, struct err_list *err)
{
	char file[NAME_SIZE];
	struct draft d = {.file = file, .mode = MODE_PUBLIC};
	char *text;
	int folder;
	bool good;

	if (!names_writable(owner, name, err))
		return false;
	if (!name_ring_ok(name)) {
		err_add(err, "%s/%s: is the virtual ring, which is not stored", owner, name);
		return false;
	}
	ring_file(s, owner, name, file);
	text = ringfile_text(refs);
	d.text = text;
	d.len = strlen(text);
	folder = owner_folder(s, "rings", owner, true, err);
	good = folder >= 0 && put_file(s, folder, &d, err);
	if (folder >= 0)
		close(folder);
	free(text);
	return good;
}

bool store_remove_ring(struct store *s, const char *owner, const char *name, struct err_list *err)
{
	int folder = owner_folder(s, "rings", owner, false, err);
	char file[NAME_SIZE];
	bool good;

	if (folder < 0)
		return false;
	ring_file(s, owner, name, file);
	good = remove_file(s, folder, file, err);
	fsync(folder);
	close(folder);
	return good;
}

bool store_write_map(struct store *s, const struct map_filter *f, struct err_list *err)
{
	char file[NAME_SIZE];
	struct draft d = {.file = file, .mode = MODE_PUBLIC};
	char *text;
	int folder;
	bool good;

	if (!names_writable("maps", f->label, err))
		return false;
	folder = open_folder(s, s->fd, "maps", true);
	if (folder < 0) {
		err_add(err, "%s/maps: %s", s->dir, strerror(errno));
		return false;
	}
	name_with_suffix(f->label, ".map", file);
	text = mapfile_text(f);
	d.text = text;
	d.len = strlen(text);
	good = put_file(s, folder, &d, err);
	free(text);
	close(folder);
	return good;
}

bool store_remove_map(struct store *s, const char *label, struct err_list *err)
{
	int folder = open_folder(s, s->fd, "maps", false);
	char file[NAME_SIZE];
	bool good;

	if (folder < 0) {
		err_add(err, "%s/maps: %s", s->dir, strerror(errno));
		return false;
	}
	name_with_suffix(label, ".map", file);
	good = remove_file(s, folder, file, err);
	fsync(folder);
	close(folder);
	return good;
}

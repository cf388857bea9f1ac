/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ini.c - INI files: load, look up, free, and sentences that say where a problem is */
#include "base/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ini_internal.h"

/* More is no configuration but a mistake (a device, an archive). */
enum { FILE_LIMIT = 16 << 20 };

void *ini_alloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *ini_strndup(const char *text, size_t len)
{
	char *copy = ini_alloc(NULL, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

struct ini *ini_load_text(const char *path, const char *text, size_t len, struct err_list *err)
{
	struct ini *ini = ini_alloc(NULL, sizeof(*ini));

	*ini = (struct ini){.path = ini_strndup(path, strlen(path))};
	ini_read(ini, text, len, err);
	ini_values(ini, err);
	return ini;
}

/* Whole content of @fd, which may be a pipe. Return: NULL with errno set. */
static char *content_read(int fd, size_t *len)
{
	size_t room = 4096;
	char *text = ini_alloc(NULL, room);
	ssize_t n;

	*len = 0;
	while ((n = read(fd, text + *len, room - *len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			*len += (size_t)n;
		if (n < 0 || *len > FILE_LIMIT) {
			errno = n < 0 ? errno : EFBIG;
			free(text);
			return NULL;
		}
		if (*len == room)
			text = ini_alloc(text, room *= 2);
	}
	return text;
}

struct ini *ini_load(const char *path, struct err_list *err)
{
	struct ini *ini = NULL;
	char *text = NULL;
	size_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		text = content_read(fd, &len);
	if (text)
		ini = ini_load_text(path, text, len, err);
	else
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(text);
	return ini;
}

static void section_fini(struct ini_section *s)
{
	for (size_t i = 0; i < s->entry_count; i++) {
		free(s->entries[i].key);
		free(s->entries[i].value);
	}
	free(s->entries);
	free(s->kind);
	free(s->name);
}

void ini_free(struct ini *ini)
{
	if (!ini)
		return;
	for (size_t i = 0; i < ini->section_count; i++)
		section_fini(&ini->sections[i]);
	free(ini->sections);
	free(ini->path);
	free(ini);
}

static const struct ini_entry *entry_find(const struct ini_section *s, const char *key)
{
	for (size_t i = 0; i < s->entry_count; i++) {
		if (strcasecmp(s->entries[i].key, key) == 0)
			return &s->entries[i];
	}
	return NULL;
}

const char *ini_get(const struct ini_section *s, const char *key)
{
	const struct ini_entry *e = entry_find(s, key);

	return e ? e->value : NULL;
}

static char *line_of(const char *file, int line, const struct ini_section *s, const char *key,
	const char *sentence)
{
	char *text;
	int n;

	if (s)
		n = asprintf(&text, "%s:%d: [%s%s%s]%s%s: %s", file, line, s->kind,
			*s->name ? " " : "", s->name, key ? " " : "", key ? key : "", sentence);
	else
		n = asprintf(&text, "%s:%d: %s%s%s", file, line, key ? key : "", key ? ": " : "",
			sentence);
	if (n < 0)
		abort();
	return text;
}

void ini_complain(struct err_list *err, const char *file, int line, const struct ini_section *s,
	const char *key, const char *sentence)
{
	char *text = line_of(file, line, s, key, sentence);

	err_add(err, "%s", text);
	free(text);
}

__attribute__((format(printf, 3, 0))) static char *about(
	const struct ini_section *s, const char *key, const char *fmt, va_list ap)
{
	const struct ini_entry *e = key ? entry_find(s, key) : NULL;
	char *sentence, *text;

	if (vasprintf(&sentence, fmt, ap) < 0)
		abort();
	if (e && e->origin)
		s = e->origin;
	text = line_of(s->file, e ? e->line : s->line, s, key, sentence);
	free(sentence);
	return text;
}

void ini_error(
	struct err_list *err, const struct ini_section *s, const char *key, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = about(s, key, fmt, ap);
	va_end(ap);
	err_add(err, "%s", text);
	free(text);
}

void ini_warn(
	struct err_list *err, const struct ini_section *s, const char *key, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = about(s, key, fmt, ap);
	va_end(ap);
	err_warn(err, "%s", text);
	free(text);
}

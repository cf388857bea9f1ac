/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unit.c - what the path of a control group tells: systemd unit and container; pure text */
#include "gateway/worker/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { ID_DIGITS = 64 };

/* A component of a path, without the slashes. */
struct component {
	const char *text;
	size_t len;
};

/* Return: false behind the last one. @at moves on. */
static bool next_component(const char **at, struct component *c)
{
	c->text = *at + strspn(*at, "/");
	c->len = strcspn(c->text, "/");
	*at = c->text + c->len;
	return c->len > 0;
}

static bool starts_with(const struct component *c, const char *prefix)
{
	return c->len > strlen(prefix) && strncmp(c->text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const struct component *c, const char *suffix)
{
	size_t len = strlen(suffix);

	return c->len > len && strncmp(c->text + c->len - len, suffix, len) == 0;
}

/* systemd writes '_' before names that the kernel's own files could have. */
static struct component unescaped(struct component c)
{
	if (c.text[0] == '_') {
		c.text++;
		c.len--;
	}
	return c;
}

/* The first component at or below @at that is no slice; slices may only come first. */
static bool below_slices(const char **at, struct component *c)
{
	while (next_component(at, c)) {
		*c = unescaped(*c);
		if (!ends_with(c, ".slice"))
			return true;
	}
	return false;
}

static bool is_unit(const struct component *c)
{
	static const char *const types[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (ends_with(c, types[i]))
			return true;
	return false;
}

static bool is_root(const char *path)
{
	return path[strspn(path, "/")] == '\0';
}

bool unit_of(const char *path, char *unit)
{
	struct component c, own;

	unit[0] = '\0';
	if (is_root(path))
		return false;
	if (!below_slices(&path, &c) || !is_unit(&c) || c.len >= UNIT_TEXT)
		return true;
	snprintf(unit, UNIT_TEXT, "%.*s", (int)c.len, c.text);
	if (starts_with(&c, "user@") && below_slices(&path, &own) && is_unit(&own) &&
		c.len + 1 + own.len < UNIT_TEXT)
		snprintf(unit + c.len, UNIT_TEXT - c.len, "/%.*s", (int)own.len, own.text);
	return true;
}

/* ---- containers ---- */

static void cut_suffix(struct component *c, const char *suffix)
{
	if (ends_with(c, suffix))
		c->len -= strlen(suffix);
}

/* "ID", "ENGINE-ID", either with ".scope". The monitor of a container is not inside of it. */
static bool has_id(struct component c, struct component *id)
{
	cut_suffix(&c, ".scope");
	if (c.len < ID_DIGITS)
		return false;
	*id = (struct component){c.text + c.len - ID_DIGITS, ID_DIGITS};
	for (size_t i = 0; i < ID_DIGITS; i++)
		if (!isdigit((unsigned char)id->text[i]) &&
			(id->text[i] < 'a' || id->text[i] > 'f'))
			return false;
	c.len -= ID_DIGITS;
	return c.len == 0 || (c.text[c.len - 1] == '-' && !ends_with(&c, "conmon-"));
}

/* Names that stand in the path themselves; systemd writes "\x2d" for the '-' of a machine. */
static bool has_name(struct component c, const struct component *before, struct component *name)
{
	static const struct {
		const char *prefix, *suffix;
	} shapes[] = {
		{"lxc.payload.", ""},
		{"machine-", ".scope"},
		{"systemd-nspawn@", ".service"},
	};

	*name = c;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (!starts_with(&c, shapes[i].prefix) ||
			(*shapes[i].suffix && !ends_with(&c, shapes[i].suffix)))
			continue;
		name->text += strlen(shapes[i].prefix);
		name->len -= strlen(shapes[i].prefix);
		cut_suffix(name, shapes[i].suffix);
		return name->len > 0;
	}
	return before->len == 3 && strncmp(before->text, "lxc", 3) == 0;
}

static void write_name(char *id, const struct component *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->len && n + 1 < UNIT_TEXT; i++) {
		bool dash = c->len - i >= 4 && strncmp(c->text + i, "\\x2d", 4) == 0;

		id[n++] = c->text[i];
		if (dash) {
			id[n - 1] = '-';
			i += 3;
		}
	}
	id[n] = '\0';
}

bool container_of(const char *path, char *id)
{
	struct component c, before = {0}, found;

	id[0] = '\0';
	if (is_root(path))
		return false;
	while (next_component(&path, &c)) {
		if (has_id(c, &found) || has_name(c, &before, &found)) {
			write_name(id, &found);
			break;
		}
		before = c;
	}
	return true;
}

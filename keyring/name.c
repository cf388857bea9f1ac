/* SPDX-License-Identifier: GPL-3.0-or-later */
/* name.c - names of owners, labels and rings, and how they are written in file names */
#include "keyring/name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool needs_escape(const char *name, size_t at)
{
	unsigned char c = (unsigned char)name[at];

	return c < 0x20 || c == 0x7f || c == '/' || c == '%' || c == '"' || (c == '.' && at == 0);
}

bool name_encode(const char *name, char *out)
{
	size_t n = 0;

	for (size_t i = 0; name[i]; i++) {
		if (n + 3 > NAME_MAX_LEN && (needs_escape(name, i) || n + 1 > NAME_MAX_LEN))
			return false;
		if (needs_escape(name, i))
			n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned char)name[i]);
		else
			out[n++] = name[i];
	}
	out[n] = '\0';
	return n > 0;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* One character of @text, or the one that %XX stands for; moves @text on. */
static char next_char(const char **text)
{
	int high = **text == '%' ? hex_digit((*text)[1]) : -1;
	int low = high >= 0 ? hex_digit((*text)[2]) : -1;

	if (low < 0)
		return *(*text)++;
	*text += 3;
	return (char)(high << 4 | low);
}

bool name_decode(const char *text, char *out)
{
	size_t n = 0;

	for (; *text && n < NAME_FILE; n++) {
		out[n] = next_char(&text);
		if (!out[n])
			return false;
	}
	out[n] = '\0';
	return n > 0 && !*text;
}

void name_unescape(char *text)
{
	const char *from = text;

	while (*from)
		*text++ = next_char(&from);
	*text = '\0';
}

void name_with_suffix(const char *name, const char *suffix, char *out)
{
	size_t len;

	name_encode(name, out);
	len = strlen(out);
	snprintf(out + len, NAME_SIZE - len, "%s", suffix);
}

bool name_has_suffix(const char *file, const char *suffix)
{
	size_t len = strlen(file), cut = strlen(suffix);

	return len > cut && strcmp(file + len - cut, suffix) == 0;
}

bool name_from_file(const char *file, const char *suffix, char *out)
{
	char stem[NAME_SIZE], again[NAME_SIZE];
	size_t len = strlen(file);

	if (!name_has_suffix(file, suffix) || len > NAME_FILE)
		return false;
	snprintf(stem, sizeof(stem), "%.*s", (int)(len - strlen(suffix)), file);
	return name_decode(stem, out) && name_encode(out, again) && strcmp(stem, again) == 0;
}

/* The owners that are no users, with the names that they have in virtual rings. */
static const struct {
	const char *name;
	const char *virtual_name;
} reserved[] = {{"CERTAUTH", "*AUTH*"}, {"SITE", "*SITE*"}};

const char *name_owner(const char *owner)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strcasecmp(owner, reserved[i].name) == 0 ||
			strcasecmp(owner, reserved[i].virtual_name) == 0)
			return reserved[i].name;
	}
	return owner;
}

bool name_is_reserved(const char *owner)
{
	return strcasecmp(name_owner(owner), "CERTAUTH") == 0 ||
	       strcasecmp(name_owner(owner), "SITE") == 0;
}

bool name_owner_ok(const char *owner)
{
	char encoded[NAME_SIZE];

	return name_encode(owner, encoded) && !strchr(owner, '/');
}

bool name_ring_ok(const char *ring)
{
	char encoded[NAME_SIZE];

	return name_encode(ring, encoded) && strcmp(ring, VIRTUAL_RING) != 0;
}

bool name_next(const char **list, char *name)
{
	const char *at = *list;
	size_t len = 0;

	if (!at)
		return false;
	at += strspn(at, " \t");
	for (; *at && *at != ','; at++) {
		if (at[0] == '\\' && at[1] == ',')
			at++;
		if (len < NAME_SIZE - 1)
			name[len++] = *at;
	}
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\t'))
		len--;
	name[len] = '\0';
	*list = *at ? at + 1 : NULL;
	return true;
}

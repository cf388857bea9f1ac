/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyrings.c - which keyrings are in force, and what is wrong with what came later */
#include "gateway/daemon/keyrings.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

static void copy(struct err_list *to, const struct err_list *from)
{
	err_fini(to);
	err_init(to);
	for (size_t i = 0; i < from->count; i++)
		err_add(to, "%s", from->lines[i]);
	for (size_t i = 0; i < from->warning_count; i++)
		err_warn(to, "%s", from->warnings[i]);
}

static bool is_among(char *const *lines, size_t count, const char *line)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(lines[i], line) == 0)
			return true;
	}
	return false;
}

/* What is wrong is said once, however often it is looked at. Return: whether anything was said. */
static bool say(struct keyrings *k, const struct err_list *err)
{
	bool any = false;

	for (size_t i = 0; i < err->warning_count; i++) {
		if (!is_among(k->said.warnings, k->said.warning_count, err->warnings[i]))
			log_warning("keyring: %s", err->warnings[i]);
	}
	for (size_t i = 0; i < err->count; i++) {
		if (is_among(k->said.lines, k->said.count, err->lines[i]))
			continue;
		log_error("keyring: %s", err->lines[i]);
		any = true;
	}
	copy(&k->said, err);
	return any;
}

static void take_seen(struct keyrings *k, struct manifest *seen)
{
	if (k->seen != k->in_force)
		manifest_free(k->seen);
	k->seen = seen;
}

void keyrings_init(struct keyrings *k, struct manifest *seen, const struct err_list *err)
{
	k->in_force = k->seen = seen;
	err_init(&k->said);
	copy(&k->said, err);
}

void keyrings_fini(struct keyrings *k)
{
	take_seen(k, NULL);
	manifest_free(k->in_force);
	k->in_force = NULL;
	err_fini(&k->said);
}

bool keyrings_known(const struct keyrings *k, const struct manifest *seen)
{
	return manifest_equal(k->seen, seen);
}

void keyrings_report(const struct snapshot *s, const char *changes)
{
	size_t certs, rings;

	keystore_count(s->keystore, &certs, &rings);
	log_info("keyring generation %llu in force: %zu certificates, %zu rings%s%s%s",
		(unsigned long long)s->keyring_generation, certs, rings, *changes ? " (" : "",
		changes, *changes ? ")" : "");
}

void keyrings_loaded(struct keyrings *k, const struct snapshot *s, struct manifest *seen,
	const struct err_list *err)
{
	char *changes = manifest_changes(k->in_force, seen);

	say(k, err);
	keyrings_report(s, changes);
	free(changes);
	take_seen(k, NULL);
	manifest_free(k->in_force);
	k->in_force = k->seen = seen;
}

void keyrings_refused(struct keyrings *k, const struct snapshot *in_force, struct manifest *seen,
	const struct err_list *err)
{
	if (say(k, err))
		log_error("keyring generation %llu stays in force",
			(unsigned long long)in_force->keyring_generation);
	take_seen(k, seen);
}

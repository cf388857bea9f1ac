/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshot.c - what is in force: one policy with the keyrings it was put in force with */
#include "gateway/flow/snapshot.h"

#include <pwd.h>
#include <stdlib.h>

static bool ring_owner_known(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->owner_count; i++) {
		if (strcasecmp(s->owners[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Note which account a ring owner is, once. */
static void add_owner(struct snapshot *s, const char *name)
{
	const struct passwd *account = getpwnam(name);
	struct ring_owner *more;

	if (!account || ring_owner_known(s, name))
		return;
	more = realloc(s->owners, (s->owner_count + 1) * sizeof(*more));
	if (!more)
		return;
	s->owners = more;
	more[s->owner_count].name = strdup(name);
	if (more[s->owner_count].name)
		more[s->owner_count++].uid = account->pw_uid;
}

/* "OWNER/NAME": check that it is there, so that --check finds it rather than the first SYN. */
static void check_ring(
	const struct snapshot *s, const char *what, const char *ring, struct err_list *err)
{
	const char *slash = strchr(ring, '/');
	char *owner;

	if (!slash)
		return;
	owner = strndup(ring, (size_t)(slash - ring));
	if (owner && !keystore_ring(s->keystore, owner, slash + 1))
		err_add(err,
			"%s: ring %s is not in the keyring directory; create it with attls-keyring "
			"addring",
			what, ring);
	free(owner);
}

static void check_rings(struct snapshot *s, struct err_list *err)
{
	if (*s->default_ring)
		check_ring(s, "[gateway] ring", s->default_ring, err);
	for (size_t i = 0; i < s->policy->action_count; i++) {
		const struct action *a = s->policy->actions[i];
		char what[256];

		if (a->mode != ACTION_TLS)
			continue;
		if (!strchr(a->ring ? a->ring : s->default_ring, '/'))
			s->owner_rings = true;
		snprintf(what, sizeof(what), "[action %s] ring", a->name);
		if (a->ring)
			check_ring(s, what, a->ring, err);
		else if (!*s->default_ring)
			err_add(err,
				"%s: no ring is named, here or in [gateway]; write ring = "
				"OWNER/NAME",
				what);
	}
}

static bool load(struct snapshot *s, const struct settings *settings, struct err_list *err)
{
	size_t certs, rings;

	s->policy = policy_load(settings->rules, err);
	s->keystore = keystore_load(settings->keyring, err);
	s->default_ring = strdup(settings->ring);
	if (!s->policy || !s->keystore || !s->default_ring)
		return false;
	s->policy->generation = s->generation;
	s->policy->unmatched_reject = settings->unmatched_reject;
	check_rings(s, err);
	keystore_count(s->keystore, &certs, &rings);
	for (size_t i = 0; i < rings; i++)
		add_owner(s, keystore_ring_at(s->keystore, i)->owner);
	return !err_any(err);
}

struct snapshot *snapshot_load(
	const struct settings *settings, uint64_t generation, struct err_list *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s) {
		err_add(err, "out of memory");
		return NULL;
	}
	s->references = 1;
	s->generation = generation;
	if (!load(s, settings, err)) {
		snapshot_put(s);
		s = NULL;
	}
	return s; /* NOLINT(clang-analyzer-unix.Malloc): the last reference frees it */
}

struct snapshot *snapshot_get(struct snapshot *s)
{
	s->references++;
	return s;
}

void snapshot_put(struct snapshot *s)
{
	if (!s || --s->references > 0)
		return;
	for (size_t i = 0; i < s->owner_count; i++)
		free(s->owners[i].name);
	free(s->owners);
	free(s->default_ring);
	policy_put(s->policy);
	keystore_put(s->keystore);
	free(s);
}

const char *snapshot_user(const struct snapshot *s, uid_t uid)
{
	for (size_t i = 0; i < s->owner_count; i++) {
		if (s->owners[i].uid == uid)
			return s->owners[i].name;
	}
	return NULL;
}

static const struct keyring *named_ring(
	const struct snapshot *s, const char *ring, const char *slash)
{
	char owner[64];
	size_t len = (size_t)(slash - ring);

	if (len >= sizeof(owner))
		return NULL;
	memcpy(owner, ring, len);
	owner[len] = '\0';
	return keystore_ring(s->keystore, owner, slash + 1);
}

const struct keyring *snapshot_ring(
	const struct snapshot *s, const char *ring, const struct owner *owner, const char **why)
{
	const char *user = owner_has(owner, OWNER_UID) ? snapshot_user(s, owner->uid) : NULL;
	const struct keyring *found;
	const char *slash;

	if (!ring)
		ring = s->default_ring;
	slash = strchr(ring, '/');
	if (slash) {
		/* written down by the administrator: the policy itself grants it */
		found = named_ring(s, ring, slash);
		*why = "the ring named by the rule is not in the keyring directory";
		return found;
	}
	if (!user) {
		*why = owner_has(owner, OWNER_UID)
			       ? "the connection's user owns no ring"
			       : "the connection's owner is not known, so neither is the ring";
		return NULL;
	}
	found = keystore_ring(s->keystore, user, ring);
	*why = "the connection's user has no ring of that name";
	return found;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshot.c - what is in force: one policy with the keyrings it was put in force with */
#include "gateway/flow/snapshot.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/name.h"
#include "rules/interface.h"

/* Note which account a user of the keyring is. */
static void add_owner(struct snapshot *s, const char *name)
{
	const struct passwd *account = getpwnam(name);
	struct ring_owner *more;

	if (!account)
		return;
	more = realloc(s->owners, (s->owner_count + 1) * sizeof(*more));
	if (!more)
		return;
	s->owners = more;
	more[s->owner_count++] = (struct ring_owner){.name = name, .uid = account->pw_uid};
}

static int compare_owners(const void *a, const void *b)
{
	uid_t x = ((const struct ring_owner *)a)->uid, y = ((const struct ring_owner *)b)->uid;

	return (x > y) - (x < y);
}

static void add_owners(struct snapshot *s)
{
	const char *name;

	for (size_t i = 0; (name = keystore_user_at(s->keystore, i)); i++)
		add_owner(s, name);
	if (s->owner_count)
		qsort(s->owners, s->owner_count, sizeof(*s->owners), compare_owners);
}

static const struct keyring *named_ring(
	const struct snapshot *s, const char *ring, const char *slash)
{
	char *owner = strndup(ring, (size_t)(slash - ring));
	const struct keyring *found = owner ? keystore_ring(s->keystore, owner, slash + 1) : NULL;

	free(owner);
	return found;
}

static bool is_used(const struct snapshot *s, const struct keyring *r)
{
	for (size_t i = 0; i < s->used_count; i++) {
		if (s->used[i] == r)
			return true;
	}
	return false;
}

/* Its certificates decode: so that --check finds it rather than the first SYN. */
static void use_ring(struct snapshot *s, const struct keyring *r, struct err_list *err)
{
	const struct keyring **more;

	if (is_used(s, r))
		return;
	more = realloc(s->used, (s->used_count + 1) * sizeof(struct keyring *));
	if (!more) {
		err_add(err, "out of memory");
		return;
	}
	s->used = more;
	more[s->used_count++] = r;
	keyring_check(r, err);
}

/* "OWNER/NAME" is there, or "NAME" is whatever users have under it. */
static void check_ring(struct snapshot *s, const char *what, const char *ring, struct err_list *err)
{
	const char *slash = strchr(ring, '/');
	const struct keyring *r = slash ? named_ring(s, ring, slash) : NULL;

	if (slash && !r)
		err_add(err,
			"%s: ring %s is not in the keyring directory; create it with attls-keyring "
			"addring",
			what, ring);
	else if (slash)
		use_ring(s, r, err);
	for (size_t i = 0; !slash && (r = keystore_ring_at(s->keystore, i)); i++) {
		if (strcasecmp(r->name, ring) == 0)
			use_ring(s, r, err);
	}
}

static bool has_label(const struct keyring *r, const char *label)
{
	for (size_t i = 0; i < r->connection_count; i++) {
		if (strcmp(r->connections[i].cert->label, label) == 0)
			return true;
	}
	return false;
}

/* A certificate that is named is connected, though it may be NOTRUST: that takes it out of use. */
static void check_label(const struct snapshot *s, const struct action *a, struct err_list *err)
{
	const char *ring = a->ring ? a->ring : s->default_ring, *slash = strchr(ring, '/');
	const struct keyring *r = slash ? named_ring(s, ring, slash) : NULL;
	const char *labels = a->label;
	char label[NAME_SIZE];

	while (r && name_next(&labels, label)) {
		if (!has_label(r, label))
			err_add(err,
				"[action %s] label: ring %s has no certificate \"%s\"; connect it "
				"with attls-keyring connect",
				a->name, ring, label);
	}
}

/* Whose connection it is matters for a user's own ring, and for one that not everybody may use. */
static bool ring_asks_owner(const struct snapshot *s, const char *ring)
{
	const char *slash = strchr(ring, '/');
	const struct keyring *r = slash ? named_ring(s, ring, slash) : NULL;

	return !slash || (s->judges && r && keystore_right(s->keystore, NULL, r) < RIGHT_CONTROL);
}

static void check_rings(struct snapshot *s, struct err_list *err)
{
	bool default_used = false;

	for (size_t i = 0; i < s->policy->action_count; i++) {
		const struct action *a = s->policy->actions[i];
		char what[256];

		if (a->mode != ACTION_TLS)
			continue;
		snprintf(what, sizeof(what), "[action %s] ring", a->name);
		if (a->ring)
			check_ring(s, what, a->ring, err);
		else if (!*s->default_ring)
			err_add(err,
				"%s: no ring is named, here or in [gateway]; write ring = "
				"OWNER/NAME",
				what);
		check_label(s, a, err);
		default_used = default_used || !a->ring;
		s->owner_rings =
			s->owner_rings || ring_asks_owner(s, a->ring ? a->ring : s->default_ring);
	}
	if (*s->default_ring && (default_used || strchr(s->default_ring, '/')))
		check_ring(s, "[gateway] ring", s->default_ring, err);
}

static int compare_names(const void *x, const void *y)
{
	const struct rule *const *a = x, *const *b = y;

	return strcmp((*a)->name, (*b)->name);
}

static bool sort_rules(struct snapshot *s)
{
	size_t count = s->policy->rule_count;

	s->by_name = calloc(count + 1, sizeof(struct rule *));
	if (!s->by_name)
		return false;
	for (size_t i = 0; i < count; i++)
		s->by_name[i] = s->policy->rules[i];
	qsort(s->by_name, count, sizeof(struct rule *), compare_names);
	return true;
}

const struct rule *snapshot_rule(const struct snapshot *s, const char *name)
{
	const struct rule wanted = {.name = (char *)(uintptr_t)name}, *key = &wanted;
	const struct rule *const *found = bsearch(
		&key, s->by_name, s->policy->rule_count, sizeof(struct rule *), compare_names);

	return found ? *found : NULL;
}

bool snapshot_stale(const struct snapshot *s, const struct rule *rule)
{
	const struct rule *now = snapshot_rule(s, rule->name);

	return !now || now->action->digest != rule->action->digest;
}

static void read_policy(struct snapshot *s, const struct settings *settings, struct err_list *err)
{
	s->policy = policy_load(settings->rules, err);
	if (!s->policy)
		return;
	s->policy->generation = s->generation;
	s->policy->unmatched_reject = settings->unmatched_reject;
	policy_review(s->policy, REVIEW_LOAD, err);
	interfaces_check(s->policy, settings, err);
}

/* The keyrings, for the policy that is there, and whether they have what it needs. */
static bool complete(struct snapshot *s, const struct settings *settings, struct err_list *err)
{
	s->judges = settings->mode == MODE_HOST;
	s->keystore = keystore_load(settings->keyring, err);
	s->default_ring = strdup(settings->ring);
	if (!s->policy || !s->keystore || !s->default_ring || !sort_rules(s))
		return false;
	check_rings(s, err);
	add_owners(s);
	return !err_any(err);
}

static struct snapshot *next_of(const struct snapshot *previous, struct err_list *err)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s) {
		err_add(err, "out of memory");
		return NULL;
	}
	s->references = 1;
	s->generation = previous ? previous->generation : 0;
	s->keyring_generation = previous ? previous->keyring_generation + 1 : 1;
	s->keyring_loaded = time(NULL);
	return s;
}

struct snapshot *snapshot_load(
	const struct settings *settings, const struct snapshot *previous, struct err_list *err)
{
	struct snapshot *s = next_of(previous, err);

	if (!s)
		return NULL;
	s->generation++;
	read_policy(s, settings, err);
	if (!complete(s, settings, err)) {
		snapshot_put(s);
		s = NULL;
	}
	return s; /* NOLINT(clang-analyzer-unix.Malloc): the last reference frees it */
}

struct snapshot *snapshot_renew(
	const struct snapshot *s, const struct settings *settings, struct err_list *err)
{
	struct snapshot *next = next_of(s, err);

	if (!next)
		return NULL;
	next->policy = policy_get(s->policy);
	if (!complete(next, settings, err)) {
		snapshot_put(next);
		next = NULL;
	}
	return next; /* NOLINT(clang-analyzer-unix.Malloc): the last reference frees it */
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
	free(s->used);
	free(s->owners);
	free(s->by_name);
	free(s->default_ring);
	policy_put(s->policy);
	keystore_put(s->keystore);
	free(s);
}

const char *snapshot_user(const struct snapshot *s, uid_t uid)
{
	struct ring_owner wanted = {.uid = uid};
	const struct ring_owner *found = NULL;

	if (s->owner_count)
		found = bsearch(&wanted, s->owners, s->owner_count, sizeof(wanted), compare_owners);
	return found ? found->name : NULL;
}

/* Who a connection's user is, for a sentence; of those who own nothing here the number must do. */
static void name_user(const struct owner *owner, const char *user, char *text)
{
	if (user)
		snprintf(text, NAME_SIZE, "%s", user);
	else if (owner_has(owner, OWNER_UID))
		snprintf(text, NAME_SIZE, "uid %u", (unsigned)owner->uid);
	else
		snprintf(text, NAME_SIZE, "(not known)");
}

/* The ring that @ring means for the user of @v. */
static const struct keyring *find_ring(
	const struct ring_view *v, const char *ring, const struct snapshot *s)
{
	const char *slash = strchr(ring, '/');

	if (slash)
		return named_ring(s, ring, slash);
	return v->user ? keystore_ring(s->keystore, v->user, ring) : NULL;
}

static void tell_missing(
	const char *ring, const struct owner *owner, const char *user, char *why, size_t size)
{
	char text[NAME_SIZE];

	name_user(owner, user, text);
	if (strchr(ring, '/'))
		snprintf(why, size, "ring %s is not in the keyring directory", ring);
	else
		snprintf(why, size, "user %s has no ring %s (attls-keyring addring)", text, ring);
}

static bool may_read(const struct snapshot *s, struct ring_view *v, const struct owner *owner,
	char *why, size_t size)
{
	char user[NAME_SIZE];

	/* a router's connections belong to no user here: the rule speaks for the ring's owner */
	if (!s->judges)
		v->user = v->ring->owner;
	v->right = keystore_right(s->keystore, v->user, v->ring);
	if (v->right >= RIGHT_READ)
		return true;
	name_user(owner, v->user, user);
	snprintf(why, size, "user %s may not read ring %s/%s: it takes READ on it (access.ini)",
		user, v->ring->owner, v->ring->name);
	return false;
}

bool snapshot_view(const struct snapshot *s, const char *ring, const struct owner *owner,
	struct ring_view *v, char *why, size_t size)
{
	const char *user = owner_has(owner, OWNER_UID) ? snapshot_user(s, owner->uid) : NULL;

	*v = (struct ring_view){.keystore = s->keystore, .user = user};
	ring = ring ? ring : s->default_ring;
	v->ring = find_ring(v, ring, s);
	if (v->ring)
		return may_read(s, v, owner, why, size);
	tell_missing(ring, owner, user, why, size);
	return false;
}

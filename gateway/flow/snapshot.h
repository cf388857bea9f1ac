/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snapshot.h - what is in force: one policy with the keyrings it was put in force with
 *
 * Immutable, reference-counted, shared by all threads. A flow keeps the snapshot it was mapped
 * with for life, so a reload never touches it (AT-TLS: existing connections keep stale actions).
 * When only the keyring directory has changed, the next snapshot shares the policy.
 */
#ifndef ATTLS_FLOW_SNAPSHOT_H
#define ATTLS_FLOW_SNAPSHOT_H

#include "keyring/keyring.h"
#include "rules/policy.h"
#include "rules/settings.h"

#include <time.h>

/* A user of the keyring that is an account of this system. */
struct ring_owner {
	const char *name; /* of the keystore */
	uid_t uid;
};

struct snapshot {
	struct policy *policy;
	struct keystore *keystore;
	char *default_ring;          /* [gateway] ring, may be "" */
	const struct rule **by_name; /* all rules of the policy */
	const struct keyring **used; /* the rings that the policy may use, each once */
	size_t used_count;
	struct ring_owner *owners;
	size_t owner_count;
	bool owner_rings;            /* for some action it matters who the connection's owner is */
	bool judges;                 /* access to rings is judged for that owner: host mode */
	uint64_t generation;         /* counts up with each reload of the policy */
	uint64_t keyring_generation; /* counts up with each load of the keyrings */
	time_t keyring_loaded;
	_Atomic unsigned references;
};

/**
 * snapshot_load() - read policy and keyrings as @settings name them
 * @previous: what is in force, whose generations are counted on; NULL at the start
 * Asks the account database, so it is for the main thread.
 * Return: with one reference, or NULL with every problem in @err.
 */
struct snapshot *snapshot_load(
	const struct settings *settings, const struct snapshot *previous, struct err_list *err);

/**
 * snapshot_renew() - read the keyrings anew for the policy of @s, which goes on
 * Return: as snapshot_load(); @s is unchanged.
 */
struct snapshot *snapshot_renew(
	const struct snapshot *s, const struct settings *settings, struct err_list *err);

struct snapshot *snapshot_get(struct snapshot *s);
void snapshot_put(struct snapshot *s);

/**
 * snapshot_view() - the ring that an action uses, as the owner of a connection may use it
 * @ring: "NAME": of the owner's user; "OWNER/NAME"; NULL: the default ring of the gateway
 * @v:    receives ring, user and right; lives as long as the snapshot
 * @why:  receives the reason when there is none, or the owner may not read it
 */
bool snapshot_view(const struct snapshot *s, const char *ring, const struct owner *owner,
	struct ring_view *v, char *why, size_t size);

/** snapshot_rule() - the rule called @name, NULL if there is none */
const struct rule *snapshot_rule(const struct snapshot *s, const char *name);

/**
 * snapshot_stale() - whether what @rule of an earlier policy gives is no longer in force in @s
 * That is: the rule is gone, or its action says something else now (AT-TLS: stale actions).
 */
bool snapshot_stale(const struct snapshot *s, const struct rule *rule);

/** snapshot_user() - name of the keyring's user with @uid, NULL if there is none */
const char *snapshot_user(const struct snapshot *s, uid_t uid);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snapshot.h - what is in force: one policy with the keyrings it was put in force with
 *
 * Immutable, reference-counted, shared by all threads. A flow keeps the snapshot it was mapped
 * with for life, so a reload never touches it (AT-TLS: existing connections keep stale actions).
 */
#ifndef ATTLS_FLOW_SNAPSHOT_H
#define ATTLS_FLOW_SNAPSHOT_H

#include "keyring/keyring.h"
#include "rules/policy.h"
#include "rules/settings.h"

/* A ring owner that is an account of this system. */
struct ring_owner {
	char *name; /* as in the keystore */
	uid_t uid;
};

struct snapshot {
	struct policy *policy;
	struct keystore *keystore;
	char *default_ring; /* [gateway] ring, may be "" */
	struct ring_owner *owners;
	size_t owner_count;
	bool owner_rings;    /* some action uses the ring of the connection's owner */
	uint64_t generation; /* counts up with each reload */
	_Atomic unsigned references;
};

/**
 * snapshot_load() - read policy and keyrings as @settings name them
 * Asks the account database, so it is for the main thread.
 * Return: with one reference, or NULL with every problem in @err.
 */
struct snapshot *snapshot_load(
	const struct settings *settings, uint64_t generation, struct err_list *err);

struct snapshot *snapshot_get(struct snapshot *s);
void snapshot_put(struct snapshot *s);

/**
 * snapshot_ring() - the ring that an action uses for the owner of a connection
 * @ring:  "NAME": of the owner's user; "OWNER/NAME"; NULL: the default ring of the gateway
 * @owner: of the connection
 * @why:   set to a static phrase when there is none, or the owner may not read it
 * Return: NULL if none can be used. Lives as long as the snapshot.
 */
const struct keyring *snapshot_ring(
	const struct snapshot *s, const char *ring, const struct owner *owner, const char **why);

/** snapshot_user() - name of the ring owner with @uid, NULL if no ring owner has it */
const char *snapshot_user(const struct snapshot *s, uid_t uid);

#endif

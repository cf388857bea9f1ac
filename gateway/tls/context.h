/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context.h - a profile and a ring made into an OpenSSL context
 *
 * One per worker and (action, ring); never shared between threads. The only place, with keyring/,
 * that hands private keys to OpenSSL.
 */
#ifndef ATTLS_TLS_CONTEXT_H
#define ATTLS_TLS_CONTEXT_H

#include "base/err.h"
#include "gateway/tls/profile.h"
#include "keyring/keyring.h"

/* Longest key under which a client keeps sessions to resume; see session_share(). */
enum { SESSION_KEY_MAX = 64 };

struct context;

/**
 * context_new() - build from @profile and the ring of @view
 * @view:  trust anchors (usage CERTAUTH, SITE) and own certificate with its chain, as far as the
 *         user may have them; the ring must outlive the context (the caller holds the keystore)
 * @labels: own certificates as name_next() reads them, each with another kind of key, of which a
 *          server presents the one that suits the client; NULL for the ring's default. A server
 *          must have one with a key; a client presents one if it is named or the ring has a
 *          default with a key.
 * @err:   receives the sentence on failure; a warning if a client may not use the default's key
 * Return: with one reference, or NULL.
 */
struct context *context_new(const struct profile *profile, const struct ring_view *view,
	const char *labels, struct err_list *err);

struct context *context_get(struct context *c);
void context_put(struct context *c);

#endif

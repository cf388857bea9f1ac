/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyring.c - what a user of a ring gets: certificates, and the keys that it may use */
#include <string.h>
#include <strings.h>

#include "keyring/keyring.h"
#include "keyring/name.h"

bool keyring_has(const struct keyring *r, const struct cert *c)
{
	for (size_t i = 0; i < r->connection_count; i++) {
		if (r->connections[i].cert == c)
			return true;
	}
	return false;
}

enum ring_right connection_right(const struct connection *c, const char *user)
{
	if (name_is_reserved(c->cert->owner))
		return RIGHT_CONTROL;
	return user && strcasecmp(user, c->cert->owner) == 0 ? RIGHT_READ : RIGHT_UPDATE;
}

static bool can_present(const struct connection *c)
{
	return c->usage == CERT_PERSONAL && c->cert->trust != CERT_NOTRUST && cert_has_key(c->cert);
}

/* A token is left alone where it has nothing to do: each login may be one too many. */
static bool check(const struct connection *c, struct err_list *err)
{
	return cert_in_token(c->cert) && !can_present(c) ? cert_decodes(c->cert, err)
							 : cert_check(c->cert, err);
}

bool keyring_check(const struct keyring *r, struct err_list *err)
{
	bool good = true;

	for (size_t i = 0; i < r->connection_count; i++)
		good = check(&r->connections[i], err) && good;
	return good;
}

const struct cert *keyring_certificate(
	const struct ring_view *v, const char *label, enum ring_right *needed)
{
	enum ring_right missing = RIGHT_NONE;
	const struct cert *found = NULL;

	for (size_t i = 0; i < v->ring->connection_count && !found; i++) {
		const struct connection *c = &v->ring->connections[i];
		enum ring_right wanted = connection_right(c, v->user);

		if (!can_present(c) ||
			!(label ? strcmp(c->cert->label, label) == 0 : c->is_default))
			continue;
		if (v->right < wanted)
			missing = wanted;
		else if (cert_key(c->cert))
			found = c->cert;
	}
	if (needed)
		*needed = found ? RIGHT_NONE : missing;
	return found;
}

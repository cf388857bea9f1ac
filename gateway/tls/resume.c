/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resume.c - what a client context keeps of finished handshakes */
#include "gateway/tls/resume.h"

#include <stdlib.h>
#include <string.h>

void resume_fini(struct resume *r)
{
	for (size_t i = 0; i < r->count; i++)
		SSL_SESSION_free(r->entries[i].session);
	free(r->entries);
	*r = (struct resume){0};
}

static void forget(struct resume *r, size_t i)
{
	SSL_SESSION_free(r->entries[i].session);
	r->count--;
	memmove(&r->entries[i], &r->entries[i + 1], (r->count - i) * sizeof(r->entries[0]));
}

void resume_keep(struct resume *r, struct span key, SSL_SESSION *session)
{
	struct resume_entry *e;

	if (!r->entries && r->most)
		r->entries = calloc(r->most, sizeof(*r->entries));
	if (!r->entries || key.len == 0 || key.len > SESSION_KEY_MAX) {
		SSL_SESSION_free(session);
		return;
	}
	if (r->count == r->most)
		forget(r, 0);
	e = &r->entries[r->count++];
	*e = (struct resume_entry){.key_len = key.len, .session = session};
	memcpy(e->key, key.ptr, key.len);
}

static bool is_usable(SSL_SESSION *session)
{
	X509 *peer = SSL_SESSION_get0_peer(session);

	return SSL_SESSION_is_resumable(session) &&
	       SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session) > time(NULL) &&
	       peer && X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

SSL_SESSION *resume_take(struct resume *r, struct span key)
{
	for (size_t i = r->count; i-- > 0;) {
		struct resume_entry *e = &r->entries[i];
		SSL_SESSION *session = e->session;

		if (e->key_len != key.len || memcmp(e->key, key.ptr, key.len) != 0)
			continue;
		if (!is_usable(session)) {
			forget(r, i);
			continue;
		}
		SSL_SESSION_up_ref(session);
		if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
			forget(r, i);
		return session;
	}
	return NULL;
}

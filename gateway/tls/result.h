/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.h - the one translator of OpenSSL results into states and sentences */
#ifndef ATTLS_TLS_RESULT_H
#define ATTLS_TLS_RESULT_H

#include <openssl/ssl.h>

#include "base/span.h"

/* What a call that did not succeed means. */
enum result {
	RESULT_WAIT,      /* more ciphertext, or room in the ring, is needed */
	RESULT_ENDED,     /* the peer's close_notify was read */
	RESULT_NO_MEMORY, /* the allocator refused */
	RESULT_FAILED,    /* for good */
};

/**
 * result_of() - judge the return value @ret of an SSL call
 * The error queue must have been cleared before that call; it is kept for result_sentence().
 */
enum result result_of(const SSL *ssl, int ret);

/**
 * result_sentence() - why an SSL call failed, and clear the error queue
 * @first: the first bytes ever received, to tell a peer that does not speak TLS; empty once the
 *         handshake is done
 * Return: owned by the caller, NULL without memory.
 */
char *result_sentence(struct span first);

/** result_alert() - the sentence for an alert of the peer's; the caller's, NULL without memory */
char *result_alert(int number);

/** result_text() - OpenSSL's words for a failed set-up call, and clear the queue; static words */
const char *result_text(void);

#endif

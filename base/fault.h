/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault.h - why a connection ended: one enum for TCP endpoints, TLS sessions and flows
 *
 * The first fault of an object is kept (it is sticky) and is what the log and `attlsctl` show.
 */
#ifndef ATTLS_BASE_FAULT_H
#define ATTLS_BASE_FAULT_H

enum fault {
	FAULT_NONE,              /* alive, or ended cleanly */
	FAULT_PEER_RESET,        /* an acceptable RST arrived */
	FAULT_TIMEOUT,           /* R2 exceeded: data unacknowledged for too long */
	FAULT_NO_MEMORY,         /* the budget or the allocator refused */
	FAULT_TRUNCATED,         /* FIN without close_notify */
	FAULT_HANDSHAKE,         /* TLS handshake failed; the session has the sentence */
	FAULT_HANDSHAKE_TIMEOUT, /* TLS handshake not finished in time */
	FAULT_TLS,               /* TLS failed after the handshake */
	FAULT_CREDENTIALS,       /* ring, certificate or key cannot be used */
	FAULT_REJECTED,          /* the policy refuses this connection */
	FAULT_UNSUPPORTED,       /* TCP options that cannot be impersonated, simultaneous open */
	FAULT_MIDSTREAM,         /* packets of a connection whose beginning was not seen */
	FAULT_ADMIN,             /* reset by the operator, or by shutdown */
	FAULTS
};

/** fault_name() - a short lower-case phrase, static */
const char *fault_name(enum fault f);

#endif

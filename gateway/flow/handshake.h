/* SPDX-License-Identifier: GPL-3.0-or-later */
/* handshake.h - watching the three-way handshake pass, and what it settles */
#ifndef ATTLS_FLOW_HANDSHAKE_H
#define ATTLS_FLOW_HANDSHAKE_H

#include "gateway/flow/flow.h"

/* What a packet of an opening means. */
enum handshake_step {
	HANDSHAKE_PASS,          /* let it through */
	HANDSHAKE_STRIP,         /* let it through without what we cannot keep */
	HANDSHAKE_COMPLETE,      /* let it through; both ends are synchronized: take over */
	HANDSHAKE_COMPLETE_DATA, /* the same, but it carries data: it must be stolen */
	HANDSHAKE_REFUSED,       /* let the RST through; the opening is over */
	HANDSHAKE_IMPOSSIBLE,    /* cannot be impersonated: reset */
	HANDSHAKE_DROP,          /* not of this opening */
};

/** handshake_note() - remember a packet that came from @side during FLOW_OPENING */
enum handshake_step handshake_note(
	struct flow *f, enum side side, const struct segment *seg, usec_t now);

/** handshake_params() - what the handshake settled for the leg towards @side */
struct tcb_params handshake_params(const struct flow *f, enum side side);

#endif

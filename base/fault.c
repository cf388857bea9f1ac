/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fault.c - the words for why a connection ended */
#include "base/fault.h"

static const char *const names[] = {
	[FAULT_NONE] = "closed",
	[FAULT_PEER_RESET] = "reset by peer",
	[FAULT_TIMEOUT] = "retransmission timeout",
	[FAULT_NO_MEMORY] = "out of memory",
	[FAULT_TRUNCATED] = "truncated: FIN without close_notify",
	[FAULT_HANDSHAKE] = "TLS handshake failed",
	[FAULT_HANDSHAKE_TIMEOUT] = "TLS handshake timeout",
	[FAULT_TLS] = "TLS error",
	[FAULT_CREDENTIALS] = "credentials unusable",
	[FAULT_REJECTED] = "rejected by policy",
	[FAULT_UNSUPPORTED] = "unsupported TCP options",
	[FAULT_MIDSTREAM] = "beginning of the connection not seen",
	[FAULT_ADMIN] = "reset by the operator",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == FAULTS, "a phrase for each fault");

const char *fault_name(enum fault f)
{
	return (unsigned)f < FAULTS ? names[f] : "unknown";
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* side.h - the two sides of a flow, so that code is written once and indexed */
#ifndef ATTLS_FLOW_SIDE_H
#define ATTLS_FLOW_SIDE_H

/* Plain: the protected application, cleartext. Wire: the network, TLS. */
enum side { SIDE_PLAIN, SIDE_WIRE, SIDES };

static inline enum side side_peer(enum side s)
{
	return s == SIDE_PLAIN ? SIDE_WIRE : SIDE_PLAIN;
}

#endif

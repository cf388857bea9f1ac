/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drop.h - why a packet was discarded: one enum, one table of words; counted, never logged */
#ifndef ATTLS_PACKET_DROP_H
#define ATTLS_PACKET_DROP_H

enum drop {
	DROP_NONE,
	DROP_SHORT,      /* shorter than its headers say */
	DROP_NOT_TCP,    /* another protocol, or extension headers we do not walk */
	DROP_BAD_OFFSET, /* data offset below 5 or beyond the packet */
	DROP_BAD_OPTION, /* option length malformed */
	DROP_BAD_CHECKSUM,
	DROP_BAD_FLAGS,    /* SYN+FIN, SYN+RST, no flags */
	DROP_FRAGMENT,     /* not the whole segment */
	DROP_NO_FLOW,      /* mid-stream, could be TLS, answered with RST */
	DROP_NO_MEMORY,    /* buffers are short: no new connection */
	DROP_TABLE_FULL,   /* no room for another flow */
	DROP_UNACCEPTABLE, /* sequence or acknowledgment outside the window */
	DROP_REJECTED,     /* the policy refuses the connection */
	DROP_NO_LINK,      /* injection refused by the kernel */
	DROPS
};

/** drop_name() - a short lower-case phrase with underscores, static; a metric label */
const char *drop_name(enum drop d);

#endif

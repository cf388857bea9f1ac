/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drop.c - the words for why a packet was discarded */
#include "gateway/packet/drop.h"

static const char *const names[] = {
	[DROP_NONE] = "none",
	[DROP_SHORT] = "short",
	[DROP_NOT_TCP] = "not_tcp",
	[DROP_BAD_OFFSET] = "bad_offset",
	[DROP_BAD_OPTION] = "bad_option",
	[DROP_BAD_CHECKSUM] = "bad_checksum",
	[DROP_BAD_FLAGS] = "bad_flags",
	[DROP_FRAGMENT] = "fragment",
	[DROP_NO_FLOW] = "no_flow",
	[DROP_NO_MEMORY] = "no_memory",
	[DROP_TABLE_FULL] = "table_full",
	[DROP_UNACCEPTABLE] = "unacceptable",
	[DROP_REJECTED] = "rejected",
	[DROP_NO_LINK] = "no_link",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == DROPS, "a word for each drop");

const char *drop_name(enum drop d)
{
	return (unsigned)d < DROPS ? names[d] : "unknown";
}

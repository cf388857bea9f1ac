/* SPDX-License-Identifier: GPL-3.0-or-later */
/* undo.c - was an episode of loss recovery needless? (RFC 3522, 3708, 4015) */
#include "gateway/tcp/undo.h"

void undo_begin(struct undo *u)
{
	undo_end(u);
	ranges_init(&u->again, UNDO_RANGES);
	ranges_init(&u->needless, UNDO_RANGES);
	u->open = true;
}

void undo_end(struct undo *u)
{
	ranges_fini(&u->again);
	ranges_fini(&u->needless);
	u->open = u->first = false;
}

/* One report cannot tell two retransmissions of the same bytes apart (RFC 3708 3). */
static bool note_again(struct undo *u, uint64_t from, uint64_t to)
{
	return range_empty(ranges_overlap(&u->again, from, to)) && ranges_add(&u->again, from, to);
}

void undo_resent(struct undo *u, uint64_t from, uint64_t to, uint32_t ts_val)
{
	bool first = u->open && u->again.count == 0;

	if (!u->open)
		return;
	if (first) {
		u->first = true;
		u->first_from = from;
		u->first_ts = ts_val;
	}
	u->open = note_again(u, from, to);
}

bool undo_dsack(struct undo *u, struct range dup)
{
	if (!u->open || u->again.count == 0 || !ranges_add(&u->needless, dup.from, dup.to))
		return false;
	for (unsigned i = 0; i < u->again.count; i++) {
		const struct range *r = &u->again.items[i];

		if (!range_empty(ranges_gap(&u->needless, r->from, r->to)))
			return false;
	}
	return true;
}

bool undo_ack(struct undo *u, uint64_t una, bool has_ts, uint32_t ts_ecr)
{
	if (!u->first || una <= u->first_from)
		return false;
	u->first = false;
	return has_ts && (int32_t)(ts_ecr - u->first_ts) < 0;
}

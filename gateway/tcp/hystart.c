/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hystart.c - when the first slow start has found the path's capacity: HyStart++ (RFC 9406) */
#include "gateway/tcp/hystart.h"

/* RFC 9406 4.3 */
enum { SAMPLES = 8, RTT_DIVISOR = 8, CSS_DIVISOR = 4, CSS_ROUNDS = 5 };
#define THRESHOLD_MIN (4 * USEC_MSEC)
#define THRESHOLD_MAX (16 * USEC_MSEC)

void hystart_init(struct hystart *h)
{
	*h = (struct hystart){.last_min = USEC_NEVER, .min = USEC_NEVER};
}

static void begin_round(struct hystart *h, uint64_t nxt)
{
	h->round_end = nxt;
	h->last_min = h->min;
	h->min = USEC_NEVER;
	h->samples = 0;
	if (h->baseline)
		h->rounds++;
}

static bool delay_has_grown(const struct hystart *h)
{
	usec_t threshold =
		usec_min(usec_max(h->last_min / RTT_DIVISOR, THRESHOLD_MIN), THRESHOLD_MAX);

	return h->last_min != USEC_NEVER && h->min >= h->last_min + threshold;
}

static void judge_round(struct hystart *h)
{
	if (h->baseline && h->min < h->baseline) {
		h->baseline = 0; /* the delay was not the queue's: slow start goes on */
	} else if (!h->baseline && delay_has_grown(h)) {
		h->baseline = h->min;
		h->rounds = 0;
	}
}

unsigned hystart_ack(struct hystart *h, uint64_t una, uint64_t nxt, usec_t rtt)
{
	if (una > h->round_end)
		begin_round(h, nxt);
	if (rtt) {
		h->min = usec_min(h->min, rtt);
		h->samples++;
	}
	if (h->samples >= SAMPLES)
		judge_round(h);
	if (!h->baseline)
		return 1;
	return h->rounds < CSS_ROUNDS ? CSS_DIVISOR : 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lane.h - one direction of an impaired path: what comes in, what comes out, and when
 *
 * A packet is lost or not, damaged or not, waits in the drop-tail queue of a link of a given rate,
 * and arrives after the delay; jitter keeps the order, reordering does not. Only TCP is impaired;
 * other packets are delayed. Times are nanoseconds of a clock that the caller reads.
 */
#ifndef ATTLS_IMPAIR_LANE_H
#define ATTLS_IMPAIR_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/list.h"
#include "sim/rng.h"

enum { LANE_PACKET_MAX = 2048, LANE_FRAMES_MAX = 65536 };

#define LANE_NEVER INT64_MAX

/* Probabilities are of 0 to 1, sizes and rates in bytes and bytes per second, times in ns. */
struct lane_spec {
	double delay, jitter;
	double loss;
	double burst; /* mean length of a burst of losses (Gilbert-Elliott); 0: each for itself */
	double duplicate;
	double reorder, reorder_delay; /* how many arrive up to how much later */
	double corrupt;                /* one bit, behind the IP header */
	double rate, queue;            /* 0: no limit */
};

struct lane_stats {
	uint64_t packets, bytes; /* that came in */
	uint64_t delivered;
	uint64_t lost, duplicated, reordered, corrupted;
	uint64_t tail_drops; /* by the queue of the link */
	uint64_t overflow;   /* by this program: the run is void */
	uint64_t canaries;   /* packets that held the canary */
	int64_t late_max;    /* worst delay beyond the one asked for, ns */
	double late_sum;
};

struct frame {
	struct list link;
	int64_t at;
	size_t len;
	uint8_t data[];
};

struct lane {
	struct lane_spec spec;
	struct lane_stats stats;
	struct rng rng;
	const char *canary; /* NULL: none is looked for */
	struct list frames; /* by arrival */
	size_t frame_count;
	int64_t busy_until; /* the link is sending until then */
	int64_t newest;     /* latest arrival of those in order */
	int64_t previous;   /* TCP packet that came in */
	bool bad;           /* inside a burst of losses */
};

void lane_init(struct lane *l, const struct lane_spec *spec, uint64_t seed, const char *canary);
void lane_fini(struct lane *l);

/** lane_put() - an IP packet enters; it is copied, and @data may be damaged */
void lane_put(struct lane *l, uint8_t *data, size_t len, int64_t now);

/** lane_next() - when the next packet comes out, or LANE_NEVER */
int64_t lane_next(const struct lane *l);

/** lane_take() - the next packet that has come out by @now, owned, with free(); or NULL */
struct frame *lane_take(struct lane *l, int64_t now);

/** lane_report() - the counters as one JSON object */
void lane_report(const struct lane *l, FILE *out);

/**
 * lane_spec_parse() - read "delay=10ms,loss=1%,rate=20mbit,queue=50000", changing @text
 *
 * Keys are the fields of struct lane_spec. Returns NULL, or the word that is not understood.
 */
const char *lane_spec_parse(struct lane_spec *spec, char *text);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scenario.h - all that makes up a run, as plain numbers with names
 *
 * A seed becomes a scenario, the scenario a run. What failed is made simpler by making numbers
 * plainer, and replayed by naming those that are not plain.
 */
#ifndef ATTLS_SIM_SCENARIO_H
#define ATTLS_SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ends, and the places of a gateway between them; link i carries what place i sends. */
enum place { PLACE_A, PLACE_B, PLACE_PLAIN, PLACE_WIRE, PLACES };

/* Times are microseconds, chances are per mille of packets. */
struct link_params {
	int64_t delay;
	int64_t jitter; /* keeps the order */
	int64_t loss;
	int64_t ack_loss; /* of packets without data, on top */
	int64_t burst_loss, burst_good,
		burst_bad; /* Gilbert-Elliott: in bad times; their lengths */
	int64_t duplicate;
	int64_t reorder, reorder_delay; /* delayed by up to that */
	int64_t corrupt;
	int64_t merge;              /* neighbours that GRO joins */
	int64_t split;              /* cut in two anywhere by somebody on the way */
	int64_t rate;               /* bytes per second; 0: no limit */
	int64_t queue;              /* longest wait for the rate */
	int64_t mark;               /* wait above which ECN is marked; 0: never */
	int64_t dark_from, dark_to; /* nothing passes in between */
	int64_t whole;              /* super-segments stay whole (a peer on this host) */
	int64_t mtu, mtu_from;      /* payload above it vanishes from then on; 0: none */
	int64_t mtu_silent;         /* and no ICMP tells */
	int64_t first, last;        /* packets that chance may touch, by number */
};

struct end_params {
	int64_t iss;
	int64_t total;                  /* bytes to write */
	int64_t write_chunk, write_gap; /* at most at once; between two writes, up to */
	int64_t read_chunk, read_gap;   /* likewise */
	int64_t pause_at, pause_for;    /* no reading */
	int64_t turn;                   /* bytes per turn of a dialogue; 0: as they come */
	int64_t finish_after_peer;      /* FIN only after the peer's */
	int64_t abort_at;               /* 0: not */
	int64_t rcv_wscale, rcv_wnd;
	int64_t rcv_limit, snd_limit;
	int64_t budget;
	int64_t ack_due;
	int64_t ts_val;
	int64_t mischief; /* enum mischief: how it misbehaves */
	int64_t mischief_from;
};

struct scenario {
	int64_t seed;
	int64_t gateway; /* a flow of the gateway is between the ends */
	int64_t gateway_budget;
	int64_t gateway_buffer; /* bytes that one of its rings may grow to */
	int64_t mss;
	int64_t sack;
	int64_t ts;
	int64_t ecn;
	int64_t near;
	int64_t ipv6;
	int64_t forge; /* permille of arrivals accompanied by a forged segment */
	struct end_params end[2];
	struct link_params link[PLACES];
};

/* A number of a scenario. */
struct number {
	char name[32];
	int64_t *at;
	int64_t plain; /* its simplest value */
};

/** scenario_of() - what @seed means; @hostile: one end misbehaves */
void scenario_of(struct scenario *s, uint64_t seed, bool hostile);

/** scenario_number() - the @i-th number of @s; false past the last */
bool scenario_number(struct scenario *s, unsigned i, struct number *n);

/** scenario_set() - "NAME=VALUE"; false if there is no such name or it is no number */
bool scenario_set(struct scenario *s, const char *text);

/** scenario_plain() - the simplest of all, with the chances of @seed */
void scenario_plain(struct scenario *s, uint64_t seed);

/** scenario_print_changes() - " NAME=VALUE" of each number that is not plain */
void scenario_print_changes(const struct scenario *s);

#endif

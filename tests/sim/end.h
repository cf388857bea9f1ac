/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * end.h - one end of the simulated connection: a tcb, an application, and all that is checked
 *
 * The application writes bytes that are a function of their position, so every byte on the way and
 * at the other end can be compared. A check that fails ends the run with the replay command.
 */
#ifndef ATTLS_SIM_END_H
#define ATTLS_SIM_END_H

#include "gateway/tcp/tcb.h"
#include "link.h"
#include "rng.h"

/* When our FIN is asked for. */
enum finish { FINISH_AT_END, FINISH_AFTER_PEER };

struct app {
	uint64_t total;       /* bytes to write */
	uint64_t write_chunk; /* at most, at once */
	usec_t write_gap;     /* between two writes, up to; 0: none */
	uint64_t read_chunk;
	usec_t read_gap;
	usec_t pause_at; /* no reading from then */
	usec_t pause_for;
	enum finish finish;
	usec_t abort_at; /* USEC_NEVER: not */
};

struct end {
	struct tcb tcb;
	struct app app;
	struct tcb_params params;
	struct budget budget;
	struct rng *rng;
	uint64_t seed; /* of the pattern written */
	uint64_t written, consumed;
	usec_t write_at, read_at;
	bool aborted;
	struct end *peer;
	struct link *out;

	/* what the checks remember */
	uint64_t seen_edge; /* largest right edge that has arrived here */
	uint64_t our_edge;  /* right edge of the newest segment sent */
	uint64_t our_ack;
	uint32_t our_ts;
	struct ranges arrived; /* positions that have arrived here */
	uint64_t pumped;       /* segments sent */
	char name;
};

void end_init(struct end *e, const struct tcb_params *p, const struct app *app, struct rng *rng);
void end_fini(struct end *e);

/** end_next() - when this end has something to do */
usec_t end_next(const struct end *e);

/** end_run() - let the application act, then send what there is to send, checking all of it */
void end_run(struct end *e, usec_t now);

/** end_receive() - a segment arrives */
void end_receive(struct end *e, const struct segment *seg, usec_t now);

/** end_check_done() - the connection is over: it must have gone well */
void end_check_done(const struct end *e);

/* The run that is going on, for messages. */
extern uint64_t sim_seed;
extern bool sim_verbose;
extern usec_t sim_now;

/** sim_fail() - print what is wrong and how to replay it, exit 1 */
void sim_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#define sim_check(ok, ...) ((ok) ? (void)0 : sim_fail(__VA_ARGS__))

#endif

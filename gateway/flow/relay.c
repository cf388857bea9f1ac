/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay.c - move bytes between the two legs of a flow until nothing moves
 *
 * Theory of operation. Four stores lie between the endpoints, all of them rings of the two tcbs:
 *
 *   plain leg: received cleartext --session_write--> wire leg: outbox (ciphertext)
 *   wire leg: received ciphertext --session_read---> plain leg: outbox (cleartext)
 *
 * A step takes from the left only what fits on the right, so a full outbox leaves bytes where they
 * are, the received queue fills and the window offered to that endpoint closes: back-pressure is
 * nothing but that. Ends travel the same way: a leg that has ended, with nothing left to move,
 * ends the other. Each step says whether it moved something; flow_advance() repeats them until
 * none does.
 *
 * Invariants (numbers continue flow.h):
 *  (5) FIN towards the application only after close_notify was read; otherwise both are reset.
 *  (6) close_notify only after every byte the application sent has been encrypted.
 */
#include "gateway/flow/flow.h"
#include "gateway/flow/report.h"

enum { READ_MAX = 65536, RETRY_MS = 50 };

static struct tcb *tcb_of(struct flow *f, enum side side)
{
	return &f->leg[side].tcb;
}

/* What TLS has decided against: the alert it left behind is sent, then both sides are reset. */
static void fail_session(struct flow *f)
{
	if (f->fault == FAULT_NONE)
		f->fault = session_fault(f->session);
	report_end(f);
	tcb_abort(tcb_of(f, SIDE_PLAIN), f->fault);
	/* the wire leg lives until its output has run dry: see flow_output() */
}

/* Offer what the wire leg has received to @take until it takes no more. */
static bool step_handshake(struct flow *f)
{
	struct tcb *wire = tcb_of(f, SIDE_WIRE);
	struct span all, in;
	size_t before = ring_len(tcb_outbox(wire)), took = 0;
	enum session_status status;

	do {
		in = all = tcb_peek(wire);
		status = session_handshake(f->session, &in);
		tcb_consume(wire, all.len - in.len);
		took += all.len - in.len;
	} while (status == SESSION_HANDSHAKE && all.len > in.len);
	if (status == SESSION_OPEN) {
		flow_set_state(f, FLOW_ESTABLISHED);
		f->expires = USEC_NEVER;
		report_open(f);
		return true;
	}
	return took > 0 || ring_len(tcb_outbox(wire)) != before;
}

/* Application to network: encrypt what the wire leg has room for. */
static bool step_outward(struct flow *f)
{
	struct tcb *plain = tcb_of(f, SIDE_PLAIN);
	struct span clear = tcb_peek(plain);
	size_t taken;

	if (clear.len == 0 || f->close_sent)
		return false;
	taken = session_write(f->session, clear);
	tcb_consume(plain, taken);
	f->bytes[SIDE_PLAIN] += taken;
	return taken > 0;
}

/* Network to application: decrypt straight into the plain leg's outbox. */
static bool step_inward(struct flow *f)
{
	struct tcb *wire = tcb_of(f, SIDE_WIRE);
	struct ring *out = tcb_outbox(tcb_of(f, SIDE_PLAIN));
	struct span all = tcb_peek(wire), in = all;
	size_t room, got, want;
	uint8_t *space;

	if ((all.len == 0 && !session_pending(f->session)) || session_ended(f->session) ||
		tcb_finished(tcb_of(f, SIDE_PLAIN)))
		return false;
	want = session_yield(f->session, all.len);
	space = ring_space(out, want < READ_MAX ? want : READ_MAX, &room);
	if (!space)
		return false;
	got = session_read(f->session, &in, space, room);
	ring_extend(out, got);
	tcb_consume(wire, all.len - in.len);
	f->bytes[SIDE_WIRE] += got;
	return got > 0 || all.len > in.len;
}

/* Neither direction waits for the other. */
static bool step_both(struct flow *f)
{
	bool inward = step_inward(f), outward = step_outward(f);

	return inward || outward;
}

/* The application has closed its direction and everything it sent is encrypted. */
static bool step_end_outward(struct flow *f)
{
	struct tcb *wire = tcb_of(f, SIDE_WIRE);

	if (!tcb_ended(tcb_of(f, SIDE_PLAIN)) || tcb_finished(wire) || !session_close(f->session))
		return false;
	f->close_sent = true;
	tcb_finish(wire);
	return true;
}

/* The network side has closed its direction: cleanly with close_notify, else it is truncation. */
static bool step_end_inward(struct flow *f)
{
	struct tcb *plain = tcb_of(f, SIDE_PLAIN), *wire = tcb_of(f, SIDE_WIRE);

	if (tcb_ended(wire) && !session_pending(f->session) && !session_eof(f->session)) {
		flow_abort(f, FAULT_TRUNCATED);
		return true;
	}
	if (!session_ended(f->session))
		return false;
	tcb_consume(wire, tcb_peek(wire).len); /* nothing may follow close_notify */
	if (tcb_finished(plain))
		return false;
	tcb_finish(plain);
	return true;
}

/* FIN during the TLS handshake, from either side, is the end of it. */
static bool step_end_handshake(struct flow *f)
{
	if (!tcb_ended(tcb_of(f, SIDE_WIRE)))
		return false;
	flow_abort(f, FAULT_TRUNCATED);
	return true;
}

static bool advance_once(struct flow *f)
{
	bool moved;

	if (f->state == FLOW_HANDSHAKE)
		moved = step_handshake(f) || step_end_handshake(f);
	else
		moved = step_both(f);
	if (session_status(f->session) == SESSION_FAILED) {
		fail_session(f);
		return false;
	}
	if (f->state == FLOW_ESTABLISHED && !moved)
		moved = step_end_inward(f) || step_end_outward(f);
	return moved && f->fault == FAULT_NONE;
}

/*
 * The network side has sent a reset behind its last bytes. These may be an alert, which is the
 * reason that people need, so the session gets to see them first.
 */
static void hear_last_words(struct flow *f)
{
	if (tcb_fault(tcb_of(f, SIDE_WIRE)) != FAULT_PEER_RESET)
		return;
	while (f->state == FLOW_HANDSHAKE ? step_handshake(f) : step_inward(f))
		;
	if (session_status(f->session) == SESSION_FAILED)
		fail_session(f);
}

/* A fault of one leg is the fault of the flow (invariant 4). */
static void spread_faults(struct flow *f)
{
	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		enum fault fault = tcb_fault(tcb_of(f, side));

		if (fault == FAULT_NONE || f->fault != FAULT_NONE)
			continue;
		f->fault_side = side;
		flow_abort(f, fault);
	}
}

/* Nobody tells when other flows give storage back, so a flow that was refused some asks again. */
static void plan_retry(struct flow *f, usec_t now)
{
	bool refused = tcb_outbox(tcb_of(f, SIDE_PLAIN))->refused ||
		       tcb_outbox(tcb_of(f, SIDE_WIRE))->refused;

	f->retry = refused && f->fault == FAULT_NONE ? now + RETRY_MS * USEC_MSEC : USEC_NEVER;
}

void flow_advance(struct flow *f, usec_t now)
{
	f->retry = USEC_NEVER;
	if (f->state != FLOW_HANDSHAKE && f->state != FLOW_ESTABLISHED)
		return;
	if (f->fault == FAULT_NONE)
		hear_last_words(f);
	spread_faults(f);
	if (f->fault != FAULT_NONE)
		return;
	while (advance_once(f))
		;
	plan_retry(f, now);
}

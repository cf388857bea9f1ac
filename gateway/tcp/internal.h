/* SPDX-License-Identifier: GPL-3.0-or-later */
/* internal.h - what the files of gateway/tcp share about a tcb; not for others */
#ifndef ATTLS_TCP_INTERNAL_H
#define ATTLS_TCP_INTERNAL_H

#include "gateway/tcp/seq.h"
#include "gateway/tcp/tcb.h"

#define TCB_DELAYED_ACK   (40 * USEC_MSEC) /* RFC 5681 4.2: at most 500 ms */
#define TCB_HELD_ACK      (1 * USEC_MSEC)  /* of two segments and more */
#define TCB_TIME_WAIT     (60 * USEC_SEC)  /* 2 MSL as Linux has it */
#define TCB_GIVE_UP       (300 * USEC_SEC) /* R2 (RFC 9293 3.8.3) */
#define TCB_PERSIST_MIN   (200 * USEC_MSEC)
#define TCB_PERSIST_MAX   (60 * USEC_SEC)
#define TCB_CHALLENGE_GAP (500 * USEC_MSEC) /* RFC 5961 7, as Linux has it */
#define TCB_TRIM_AFTER    (1 * USEC_SEC)
#define TCB_OVERSLEPT     (1 * USEC_SEC)
#define TCB_PAWS_AGE      (24 * 86400 * USEC_SEC) /* RFC 7323 5.5 */

enum {
	TCB_QUICK_ACKS = 16,
	TCB_HELD_SEGMENTS = 8, /* below any initial window (RFC 6928) */
	TCB_DUP_OWED_MAX = 16,
	TCB_MSS_MIN = 64,
	TCB_MSS_DEFAULT = 536, /* RFC 9293 3.7.1 */
	TCB_ATTEMPTS = 8,
	TCB_TS_LEN = 12,
	TCB_BUFFER_START = 128 * 1024 /* holds a TLS record with room to spare */
};

/** tcb_set_state() - the only writer of t->state after tcb_init() */
void tcb_set_state(struct tcb *t, enum tcb_state to);

/** tcb_payload_mss() - bytes of data per full segment */
static inline uint32_t tcb_payload_mss(const struct tcb *t)
{
	return t->mss - (t->ts_ok ? TCB_TS_LEN : 0);
}

/** tcb_note_progress() - the peer lives, or we have only begun to ask: R2 starts anew */
static inline void tcb_note_progress(struct tcb *t, usec_t now)
{
	t->stuck_since = now;
	t->attempts = 0;
}

/** tcb_fin_acked() - the peer has everything, our FIN included */
static inline bool tcb_fin_acked(const struct tcb *t)
{
	return t->snd.fin != SENDQ_NO_FIN && t->snd.una > t->snd.fin;
}

/** output_data_due() - new data or our FIN may leave now */
bool output_data_due(const struct tcb *t);

/** window_init() - both buffers begin small */
void window_init(struct tcb *t, usec_t now);

/** window_measure() - bytes have arrived in order: how long does one window take? */
void window_measure(struct tcb *t, usec_t now);

/** window_tune() - let both buffers grow with what the path carries, shrink when memory is short */
void window_tune(struct tcb *t, usec_t now);

/** window_update_due() - the peer should hear how far our window has opened */
bool window_update_due(const struct tcb *t);

/** window_offer() - the window field of a segment that leaves now; moves our right edge */
uint16_t window_offer(struct tcb *t);

/** mss_timed_out() - a time-out, the @t->attempts'th in a row: is it a black hole? */
void mss_timed_out(struct tcb *t, usec_t now);

/** mss_hold_expired() - TCB_TIMER_MSS: try the size that the endpoints agreed on again */
void mss_hold_expired(struct tcb *t, usec_t now);

/** timers_run() - act on every timer that has expired; each is off afterwards, or in the future */
void timers_run(struct tcb *t, usec_t now);

/** timers_arm() - make the timers fit what is outstanding; every one set is later than @now */
void timers_arm(struct tcb *t, usec_t now);

#endif

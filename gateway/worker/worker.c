/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker.c - one thread: take packets, decide, relay, inject
 *
 * Theory of operation. Each turn of the loop handles one batch in four passes:
 *
 *   1. decide    every packet gets its verdict from intake_decide(); segments of TLS flows are
 *                remembered as stolen
 *   2. verdicts  all in one message: accepted packets go on now, stolen ones are dropped, which
 *                frees the sender's buffer before any cryptography starts
 *   3. input     stolen segments enter their flows' tcbs; the payload still lies in the receive
 *                buffer, so it is copied once
 *   4. drive     every touched flow is relayed and its output injected, once per batch
 *
 * Invariants:
 *  (1) A packet accepted in pass 1 is on its way before anything of pass 4 is injected, so our
 *      first segment never overtakes the handshake.
 *  (2) Flows are freed only at the end of the turn; pointers from pass 1 hold until then.
 *  (3) Nothing here waits, but for the queue when there is nothing else to do.
 */
#include "gateway/worker/worker.h"

#include "base/log.h"
#include "gateway/worker/capability.h"
#include "gateway/worker/decide.h"
#include "gateway/worker/drive.h"
#include "gateway/worker/held.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/now.h"
#include "gateway/worker/path.h"
#include "gateway/worker/stray.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const char *const count_names[] = {
	[WORKER_PACKETS] = "packets",
	[WORKER_BATCHES] = "batches",
	[WORKER_INJECTED] = "injected",
	[WORKER_INJECTED_BYTES] = "injected_bytes",
	[WORKER_ICMP] = "icmp_errors",
	[WORKER_CARRIED] = "carried",
	[WORKER_OWNER_TIMEOUTS] = "owner_timeouts",
};
_Static_assert(sizeof(count_names) / sizeof(count_names[0]) == WORKER_COUNTS, "a name per count");

const char *worker_count_name(enum worker_count c)
{
	return (unsigned)c < WORKER_COUNTS ? count_names[c] : "unknown";
}

/* ---- pass 1 and 2: decide, verdicts ---- */

/* Pass 2: all verdicts so far, and the answers that belong to no flow. */
static void give_verdicts(struct worker *w)
{
	struct reply reply;

	queue_flush(&w->queue);
	while (intake_reply(&w->intake, &reply))
		drive_send(w, reply.side, &reply.seg);
}

/* Take one batch through passes 1 to 3. Return: whether it was full, so that more may wait. */
static bool take_batch(struct worker *w)
{
	struct stolen stolen[QUEUE_BATCH];
	size_t count = 0;
	usec_t now;

	if (queue_receive(&w->queue) == 0)
		return false;
	now = now_monotonic();
	w->counts[WORKER_BATCHES]++;
	w->counts[WORKER_PACKETS] += w->queue.packet_count;
	for (size_t i = 0; i < w->queue.packet_count; i++) {
		const struct packet *p = &w->queue.packet[i];

		if (p->slot == PATH_SLOT)
			path_take(w, p);
		else if (decide_packet(w, p, now, &stolen[count]))
			count++;
	}
	give_verdicts(w);
	for (size_t i = 0; i < count; i++) {
		struct arrival *a = &stolen[i].arrival;

		if (stolen[i].flow->state == FLOW_DEAD)
			continue;
		w->intake.drops[flow_input(stolen[i].flow, a->side, &a->seg, now)]++;
		drive_later(w, stolen[i].flow);
	}
	return w->queue.packet_count == QUEUE_BATCH;
}

/* ---- pass 4: drive ---- */

static void drive_all(struct worker *w)
{
	usec_t now = now_monotonic();
	struct flow *f;

	while ((f = deadlines_due(&w->intake.table.deadlines, now))) {
		deadlines_set(&w->intake.table.deadlines, f, USEC_NEVER);
		drive_later(w, f);
	}
	tombstones_expire(&w->intake.tombstones, now);
	while (!list_empty(&w->dirty))
		drive_flow(w, list_entry(w->dirty.next, struct flow, dirty), now);
	table_reap(&w->intake.table);
}

/* ---- the loop ---- */

static void serve_notes(struct worker *w)
{
	struct icmp_error note[WORKER_NOTES];
	size_t count;

	pthread_mutex_lock(&w->lock);
	count = w->note_count;
	memcpy(note, w->note, count * sizeof(note[0]));
	w->note_count = 0;
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < count; i++)
		path_apply(w, &note[i]);
}

/* The call runs without the lock: it may take its time, and worker 0 must not wait for it. */
static void serve_call(struct worker *w)
{
	void (*call)(struct worker * w, void *arg);
	void *arg;

	pthread_mutex_lock(&w->lock);
	call = w->call;
	arg = w->call_arg;
	pthread_mutex_unlock(&w->lock);
	if (!call)
		return;
	call(w, arg);
	pthread_mutex_lock(&w->lock);
	w->call = NULL;
	pthread_cond_broadcast(&w->done);
	pthread_mutex_unlock(&w->lock);
}

static struct inquiry *next_answer(struct worker *w)
{
	struct inquiry *q = NULL;

	pthread_mutex_lock(&w->lock);
	if (!list_empty(&w->answers)) {
		q = list_entry(w->answers.next, struct inquiry, node);
		list_remove(&q->node);
	}
	pthread_mutex_unlock(&w->lock);
	return q;
}

static void serve_answers(struct worker *w)
{
	usec_t now = now_monotonic();
	struct inquiry *q;

	while ((q = next_answer(w)))
		held_answer(w, q, now);
}

static void serve_mail(struct worker *w)
{
	if (!w->mail || !atomic_exchange(&w->mail, false))
		return;
	serve_notes(w);
	serve_answers(w);
	stray_serve(w);
	serve_call(w);
}

/* Handshakes whose answer has come go on. */
static void serve_keys(struct worker *w)
{
	struct flow *f;

	if (w->signer.pending == 0)
		return;
	signer_take(&w->signer);
	while ((f = signer_next(&w->signer))) {
		if (f->state != FLOW_DEAD)
			drive_later(w, f);
	}
}

/* Sleep until a packet, a call or the earliest deadline. */
static void wait_for_work(struct worker *w)
{
	usec_t next = usec_min(deadlines_next(&w->intake.table.deadlines),
		usec_min(held_next(w), tombstones_next(&w->intake.tombstones)));
	usec_t now = now_monotonic();
	struct epoll_event event;
	int ms = -1;

	if (next <= now)
		return;
	if (next != USEC_NEVER) {
		usec_t left = (next - now + USEC_MSEC - 1) / USEC_MSEC;

		ms = left > 60000 ? 60000 : (int)left;
	}
	epoll_wait(w->epoll, &event, 1, ms);
}

static void *worker_run(void *arg)
{
	static const int capabilities[] = {CAP_NET_ADMIN};
	struct worker *w = arg;

	capability_only(capabilities, 1);
	if (w->config->key_fds)
		signer_open(&w->signer, w->config->key_fds[w->number]);
	while (!w->stop) {
		bool full = take_batch(w);

		serve_mail(w);
		serve_keys(w);
		if (w->held_count > 0)
			held_expire(w, now_monotonic());
		give_verdicts(w);
		drive_all(w);
		if (w->signer.pending > 0)
			signer_send(&w->signer);
		if (!full && !w->stop)
			wait_for_work(w);
	}
	return NULL;
}

/* ---- life ---- */

static bool watch(struct worker *w, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool worker_open(
	struct worker *w, unsigned number, const struct worker_config *config, struct err_list *err)
{
	uint16_t first = (uint16_t)(config->queue_base + 2 * number);
	uint16_t numbers[QUEUE_NUMBERS] = {
		first, (uint16_t)(first + 1), (uint16_t)(config->queue_base + 2 * config->workers)};

	*w = (struct worker){.number = number, .config = config, .epoll = -1, .mail_fd = -1};
	w->sockdiag.fd = -1;
	list_init(&w->dirty);
	list_init(&w->held);
	list_init(&w->answers);
	list_init(&w->strays);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->done, NULL);
	if (!intake_init(&w->intake, config->snapshot, &config->limits)) {
		err_add(err, "worker %u: out of memory for %zu flows", number,
			config->limits.flows);
		return false;
	}
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->mail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!sockdiag_open(&w->sockdiag, err) ||
		!queue_open(&w->queue, numbers, number == 0 ? 3 : 2, err))
		return false;
	/*
	 * By edges: each write to the eventfd wakes once, so that nobody has to read it; a channel
	 * of keys that has ended would keep us awake.
	 */
	if (!watch(w, queue_fd(&w->queue), EPOLLIN) || !watch(w, w->mail_fd, EPOLLIN | EPOLLET) ||
		(config->key_fds && !watch(w, config->key_fds[number], EPOLLIN | EPOLLET))) {
		err_add(err, "worker %u: epoll: %s", number, strerror(errno));
		return false;
	}
	return true;
}

bool worker_start(struct worker *w, struct err_list *err)
{
	int rc = pthread_create(&w->thread, NULL, worker_run, w);

	w->started = rc == 0;
	if (!w->started)
		err_add(err, "worker %u: thread: %s", w->number, strerror(rc));
	return w->started;
}

static void call_stop(struct worker *w, void *arg)
{
	(void)arg;
	drive_reset_all(w, FAULT_ADMIN);
	w->stop = true;
}

void worker_stop(struct worker *w)
{
	if (!w->started)
		return;
	mail_call(w, call_stop, NULL);
	pthread_join(w->thread, NULL);
	w->started = false;
}

void worker_close(struct worker *w)
{
	struct inquiry *q;

	held_free(w);
	stray_free(w);
	while ((q = next_answer(w)))
		free(q);
	intake_fini(&w->intake);
	signer_close(&w->signer);
	if (w->queue.socket)
		queue_close(&w->queue);
	sockdiag_close(&w->sockdiag);
	if (w->epoll >= 0)
		close(w->epoll);
	if (w->mail_fd >= 0)
		close(w->mail_fd);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->done);
}

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
#include "gateway/worker/drive.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/now.h"
#include "gateway/worker/path.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A stolen segment between the passes. */
struct stolen {
	struct arrival arrival;
	struct flow *flow;
};

static const char *const count_names[] = {
	[WORKER_PACKETS] = "packets",
	[WORKER_BATCHES] = "batches",
	[WORKER_INJECTED] = "injected",
	[WORKER_INJECTED_BYTES] = "injected_bytes",
	[WORKER_ICMP] = "icmp_errors",
};
_Static_assert(sizeof(count_names) / sizeof(count_names[0]) == WORKER_COUNTS, "a name per count");

const char *worker_count_name(enum worker_count c)
{
	return (unsigned)c < WORKER_COUNTS ? count_names[c] : "unknown";
}

/* ---- pass 1 and 2: decide, verdicts ---- */

/* An interface that was created anew has another index: then both are looked up again. */
static bool from_inside(struct worker *w, uint32_t indev)
{
	if (indev != w->inside && indev != w->outside) {
		w->inside = if_nametoindex(w->config->inside);
		w->outside = if_nametoindex(w->config->outside);
	}
	return indev == w->inside;
}

static enum side packet_side(struct worker *w, const struct packet *p)
{
	switch (p->hook) {
	case NF_INET_LOCAL_OUT:
	case NF_INET_PRE_ROUTING: return SIDE_PLAIN;
	case NF_INET_FORWARD: return from_inside(w, p->indev) ? SIDE_PLAIN : SIDE_WIRE;
	default: return SIDE_WIRE;
	}
}

static void find_owner(const struct worker *w, struct arrival *a)
{
	bool plain = a->side == SIDE_PLAIN;
	struct tuple key = {
		.local = plain ? a->seg.src : a->seg.dst,
		.remote = plain ? a->seg.dst : a->seg.src,
	};

	if (!w->config->host || !intake_wants_owner(&w->intake, a))
		return;
	if (owner_find(&w->owners, &key, &a->owner.uid) ||
		(!plain && owner_find_listener(&w->owners, &key.local, &a->owner.uid)))
		a->owner.known = OWNER_UID;
}

/*
 * The guard lets marked packets pass: those of flows that are let through, and the SYN of an
 * application, without which the firewall rules refuse it. Other packets of a handshake carry
 * nothing and need no mark, which a socket could inherit (tcp_fwmark_accept).
 */
static uint32_t mark_for(const struct worker *w, const struct packet *p, const struct stolen *s)
{
	bool passed = s->flow && s->flow->state == FLOW_PASS;
	bool opens = s->arrival.side == SIDE_PLAIN && (s->arrival.seg.flags & SEG_SYN);

	return passed || opens ? p->mark | w->config->mark : p->mark;
}

/* Pass 1 for one packet. Return: true if @s was filled in. */
static bool decide(struct worker *w, const struct packet *p, usec_t now, struct stolen *s)
{
	struct arrival *a = &s->arrival;
	enum drop why;
	size_t len;

	*a = (struct arrival){.side = packet_side(w, p)};
	why = segment_decode(&a->seg, span_of(p->bytes, p->len), p->checksum);
	if (why != DROP_NONE) {
		w->intake.drops[why]++;
		queue_drop(&w->queue, p);
		return false;
	}
	find_owner(w, a);
	switch (intake_decide(&w->intake, a, now, &s->flow)) {
	case VERDICT_ACCEPT: queue_accept(&w->queue, p, mark_for(w, p, s), 0); break;
	case VERDICT_STRIP:
		len = segment_strip(p->bytes, p->len);
		if (len > 0)
			queue_accept(&w->queue, p, mark_for(w, p, s), len);
		else
			queue_drop(&w->queue, p);
		break;
	case VERDICT_DROP: queue_drop(&w->queue, p); break;
	case VERDICT_STEAL: queue_drop(&w->queue, p); return true;
	}
	if (s->flow && s->flow->state != FLOW_DEAD)
		drive_later(w, s->flow);
	return false;
}

/* Take one batch through passes 1 to 3. Return: whether there was any. */
static bool take_batch(struct worker *w)
{
	struct stolen stolen[QUEUE_BATCH];
	size_t count = 0;
	struct reply reply;
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
		else if (decide(w, p, now, &stolen[count]))
			count++;
	}
	queue_flush(&w->queue);
	while (intake_reply(&w->intake, &reply))
		drive_send(w, reply.side, &reply.seg);
	for (size_t i = 0; i < count; i++) {
		struct arrival *a = &stolen[i].arrival;

		if (stolen[i].flow->state == FLOW_DEAD)
			continue;
		w->intake.drops[flow_input(stolen[i].flow, a->side, &a->seg, now)]++;
		drive_later(w, stolen[i].flow);
	}
	return true;
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

static void serve_mail(struct worker *w)
{
	uint64_t n;

	if (read(w->mail_fd, &n, sizeof(n)) < 0)
		return;
	serve_notes(w);
	serve_call(w);
}

/* Sleep until a packet, a call or the earliest deadline. */
static void wait_for_work(struct worker *w)
{
	usec_t next = deadlines_next(&w->intake.table.deadlines), now = now_monotonic();
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
	struct worker *w = arg;

	while (!w->stop) {
		bool busy = take_batch(w);

		serve_mail(w);
		drive_all(w);
		if (!busy && !w->stop)
			wait_for_work(w);
	}
	return NULL;
}

/* ---- life ---- */

static bool watch(struct worker *w, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool worker_open(
	struct worker *w, unsigned number, const struct worker_config *config, struct err_list *err)
{
	uint16_t first = (uint16_t)(config->queue_base + 2 * number);
	uint16_t numbers[QUEUE_NUMBERS] = {
		first, (uint16_t)(first + 1), (uint16_t)(config->queue_base + 2 * config->workers)};

	*w = (struct worker){.number = number, .config = config, .epoll = -1, .mail_fd = -1};
	w->owners.fd = -1;
	list_init(&w->dirty);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->done, NULL);
	if (!intake_init(&w->intake, config->snapshot, &config->limits)) {
		err_add(err, "worker %u: out of memory for %zu flows", number,
			config->limits.flows);
		return false;
	}
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->mail_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!owner_open(&w->owners, err) ||
		!queue_open(&w->queue, numbers, number == 0 ? 3 : 2, err))
		return false;
	if (!watch(w, queue_fd(&w->queue)) || !watch(w, w->mail_fd)) {
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
	intake_fini(&w->intake);
	if (w->queue.socket)
		queue_close(&w->queue);
	owner_close(&w->owners);
	if (w->epoll >= 0)
		close(w->epoll);
	if (w->mail_fd >= 0)
		close(w->mail_fd);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->done);
}

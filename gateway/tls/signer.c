/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * signer.c - one thread's channel to the key process, and the handshakes that wait for it
 *
 * Theory of operation. OpenSSL, deep in a handshake step, wants a signature. The step runs in a
 * fiber, whose stack holds the request (struct errand) while it is suspended. Answers carry the
 * request's number. Requests are sent once in each turn of the thread's loop, all at a time: what
 * costs most is waking the key process.
 *
 * If the key process ends, its successor's first message says so. What was sent before and has no
 * answer is sent again: it is lost, or still in the channel, and then the second answer is for
 * nobody.
 *
 * Invariants:
 *  (1) An errand is in exactly one list of its signer, from when it is made until it has been
 *      answered and its fiber goes on.
 *  (2) A session has one errand at most.
 */
#include "gateway/tls/signer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

/* With one page of stack in use each, a few MB; a burst of more handshakes is served in turn. */
enum { FIBERS_MAX = 1024 };

/*
 * How often something is asked while key processes end before they answer: perhaps it is what ends
 * them.
 */
enum { TRIES_MAX = 3 };

enum { BATCH = 16 }; /* requests sent by one system call */

struct errand {
	struct list node;
	struct signing *signing;
	struct key_request request;
	struct span source;
	struct span data;
	struct key_answer *answer;
	unsigned sent; /* how many times */
	bool failed;
};

static _Thread_local struct signer *mine;
static _Thread_local struct signing *running;

/* For threads without a signer. */
static struct {
	pthread_mutex_t lock;
	int fd;
	uint64_t last_id;
} common = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static const char gone[] = "the key process has ended; another one takes its place";

/* ---- messages ---- */

/* A request as it goes through the channel. */
struct letter {
	struct iovec parts[3];
};

static struct msghdr letter_write(
	struct letter *l, const struct key_request *q, struct span source, struct span data)
{
	l->parts[0] = (struct iovec){(void *)(uintptr_t)q, sizeof(*q)};
	l->parts[1] = (struct iovec){(void *)(uintptr_t)source.ptr, source.len};
	l->parts[2] = (struct iovec){(void *)(uintptr_t)data.ptr, data.len};
	return (struct msghdr){.msg_iov = l->parts, .msg_iovlen = 3};
}

static bool send_waiting(const struct key_request *q, struct span source, struct span data)
{
	struct letter l;
	struct msghdr message = letter_write(&l, q, source, data);
	ssize_t n;

	do
		n = sendmsg(common.fd, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n >= 0;
}

enum reading { READ_ONE, READ_NONE, READ_ENDED };

static enum reading read_answer(int fd, struct key_answer *a, int flags)
{
	ssize_t n;

	do
		n = recv(fd, a, sizeof(*a), flags);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return READ_NONE;
	if (n < (ssize_t)KEY_ANSWER_HEAD || a->len > (size_t)n - KEY_ANSWER_HEAD)
		return READ_ENDED;
	return READ_ONE;
}

/* ---- threads that wait ---- */

/*
 * Again, if the key process was replaced meanwhile: the request may be lost. An answer that has not
 * come in time is nobody's when it comes.
 */
static bool ask_waiting(
	struct key_request q, struct span source, struct span data, struct key_answer *a)
{
	for (int tries = 0; tries < TRIES_MAX; tries++) {
		if (!send_waiting(&q, source, data))
			return false;
		do {
			if (read_answer(common.fd, a, 0) != READ_ONE)
				return false;
			if (a->id == q.id && a->status != KEY_RESTARTED)
				return true;
		} while (a->status != KEY_RESTARTED);
	}
	return false;
}

static bool ask_common(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a)
{
	struct key_request numbered = *q;
	bool done;

	pthread_mutex_lock(&common.lock);
	numbered.id = ++common.last_id;
	done = ask_waiting(numbered, source, data, a);
	pthread_mutex_unlock(&common.lock);
	return done;
}

/* ---- handshakes that are suspended ---- */

static void finish(struct errand *e, bool failed)
{
	e->failed = failed;
	e->signing->is_answered = true;
	list_remove(&e->node);
	list_append(&e->signing->signer->ready, &e->node);
}

static void fail_all(struct list *errands)
{
	list_each_safe (node, errands)
		finish(list_entry(node, struct errand, node), true);
}

/* The oldest that were not sent. Return: how many the channel took, or -1. */
static int send_batch(struct signer *s)
{
	struct letter letters[BATCH];
	struct mmsghdr messages[BATCH];
	unsigned count = 0;
	int n;

	for (struct list *i = s->unsent.next; i != &s->unsent && count < BATCH; i = i->next) {
		struct errand *e = list_entry(i, struct errand, node);

		messages[count].msg_hdr =
			letter_write(&letters[count], &e->request, e->source, e->data);
		count++;
	}
	do
		n = sendmmsg(s->fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

static void move_to_waiting(struct signer *s, int count)
{
	list_each_safe (node, &s->unsent) {
		if (count-- <= 0)
			return;
		list_entry(node, struct errand, node)->sent++;
		list_remove(node);
		list_append(&s->waiting, node);
	}
}

void signer_send(struct signer *s)
{
	while (!list_empty(&s->unsent)) {
		int n = send_batch(s);

		if (n >= 0)
			move_to_waiting(s, n);
		else if (errno != EAGAIN)
			fail_all(&s->unsent);
		else
			return;
	}
}

/* The process that was asked is no more: its successor is. */
static void send_again(struct signer *s)
{
	list_each_safe (node, &s->waiting) {
		struct errand *e = list_entry(node, struct errand, node);

		if (e->sent == TRIES_MAX) {
			finish(e, true);
			continue;
		}
		list_remove(&e->node);
		list_append(&s->unsent, &e->node);
	}
}

static bool ask_suspended(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a)
{
	struct signing *g = running;
	struct signer *s = g->signer;
	struct errand e = {
		.signing = g,
		.request = *q,
		.source = source,
		.data = data,
		.answer = a,
	};

	e.request.id = ++s->last_id;
	list_append(&s->unsent, &e.node);
	s->pending++;
	g->is_answered = false;
	while (!g->is_answered)
		fiber_pause();
	list_remove(&e.node);
	s->pending--;
	return !e.failed;
}

/* The asker of this process: see remote_begin(). The reason of a failure goes to the session. */
static bool ask(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a)
{
	struct signing *g;
	bool done;

	if (!running || !fiber_inside())
		return ask_common(q, source, data, a);
	done = ask_suspended(q, source, data, a);
	g = running;
	if (done && a->status == KEY_DONE)
		return true;
	free(g->reason);
	g->reason = done ? strndup((const char *)a->bytes, a->len) : strdup(gone);
	return done;
}

/* Return: whether the step has come to its end. */
static bool go_on(struct signing *g)
{
	struct signing *before = running;
	bool over;

	running = g;
	over = fiber_resume(g->fiber);
	if (over)
		g->fiber = NULL;
	running = before;
	return over;
}

static bool begin(struct signing *g, void (*step)(void *arg), void *arg)
{
	struct signing *before = running;
	bool begun;

	running = g;
	begun = fiber_run(&g->signer->fibers, step, arg, &g->fiber);
	running = before;
	if (begun)
		return g->fiber == NULL;
	g->is_starved = true;
	g->signer->pending++;
	list_append(&g->signer->starved, &g->starved);
	return false;
}

bool signing_run(struct signing *g, void (*step)(void *arg), void *arg)
{
	if (!g->signer)
		g->signer = mine;
	if (!g->signer) {
		step(arg);
		return true;
	}
	if (g->is_starved || (g->fiber && !g->is_answered))
		return false;
	return g->fiber ? go_on(g) : begin(g, step, arg);
}

static void forget_starved(struct signing *g)
{
	if (!g->is_starved)
		return;
	g->is_starved = false;
	g->signer->pending--;
	list_remove(&g->starved);
}

static bool fail_of(struct list *errands, const struct signing *g)
{
	list_each_safe (node, errands) {
		struct errand *e = list_entry(node, struct errand, node);

		if (e->signing != g)
			continue;
		finish(e, true);
		return true;
	}
	return false;
}

void signing_cancel(struct signing *g)
{
	forget_starved(g);
	while (g->fiber) {
		if (!g->is_answered && !fail_of(&g->signer->waiting, g))
			fail_of(&g->signer->unsent, g);
		go_on(g);
	}
	free(g->reason);
	g->reason = NULL;
}

/* ---- the channel ---- */

static struct errand *errand_of(struct list *errands, uint64_t id)
{
	list_each_safe (node, errands) {
		struct errand *e = list_entry(node, struct errand, node);

		if (e->request.id == id)
			return e;
	}
	return NULL;
}

/* One that was to be sent again may be answered before. */
static void deliver(struct signer *s, const struct key_answer *a)
{
	struct errand *e = errand_of(&s->waiting, a->id);

	if (!e)
		e = errand_of(&s->unsent, a->id);
	if (!e)
		return;
	memcpy(e->answer, a, KEY_ANSWER_HEAD + a->len);
	finish(e, false);
}

void signer_take(struct signer *s)
{
	struct key_answer a;
	enum reading r;

	while ((r = read_answer(s->fd, &a, MSG_DONTWAIT)) == READ_ONE) {
		if (a.status == KEY_RESTARTED)
			send_again(s);
		else
			deliver(s, &a);
	}
	if (r == READ_ENDED) {
		fail_all(&s->waiting);
		fail_all(&s->unsent);
	}
}

void *signer_next(struct signer *s)
{
	if (!list_empty(&s->ready)) {
		struct errand *e = list_entry(s->ready.next, struct errand, node);

		/* it stays in no list of ours until its fiber goes on */
		list_remove(&e->node);
		return e->signing->waiter;
	}
	if (!list_empty(&s->starved) && (s->fibers.idle || s->fibers.count < s->fibers.limit)) {
		struct signing *g = list_entry(s->starved.next, struct signing, starved);

		forget_starved(g);
		return g->waiter;
	}
	return NULL;
}

void signer_begin(int first_fd)
{
	common.fd = first_fd;
	remote_begin(ask);
}

void signer_end(void)
{
	remote_begin(NULL);
}

void signer_open(struct signer *s, int fd)
{
	*s = (struct signer){.fd = fd, .fibers = {.limit = FIBERS_MAX}};
	list_init(&s->unsent);
	list_init(&s->waiting);
	list_init(&s->ready);
	list_init(&s->starved);
	mine = s;
}

void signer_close(struct signer *s)
{
	if (mine == s)
		mine = NULL;
	fibers_fini(&s->fibers);
}

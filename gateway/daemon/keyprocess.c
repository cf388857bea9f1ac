/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyprocess.c - the process that holds the private keys: from its fork to its end
 *
 * One thread for each channel, so workers do not wait for each other. All are there before the
 * door is shut (seal.c), and none reads a request before.
 */
#include "gateway/daemon/keyprocess.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/daemon/privilege.h"
#include "gateway/daemon/seal.h"
#include "keyring/keyserver.h"

/* START_MAX_S is less than the daemon waits for the first word (keeper.c). */
enum { NICE = 5, START_MAX_S = 20 };

struct counter {
	pthread_t thread;
	int fd;
	struct keyserver *keys;
	pthread_barrier_t *shut; /* the door is */
	/* one request, its source and its data */
	struct key_request request;
	uint8_t rest[KEY_SOURCE_MAX + KEY_DATA_MAX];
	struct key_answer answer;
};

static bool say(int fd, const struct key_answer *a)
{
	return send(fd, a, KEY_ANSWER_HEAD + a->len, MSG_NOSIGNAL) >= 0;
}

/* Return: whether there was one that makes sense; otherwise the channel is at its end. */
static bool receive(struct counter *c)
{
	struct iovec parts[] = {{&c->request, sizeof(c->request)}, {c->rest, sizeof(c->rest)}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	const struct key_request *q = &c->request;
	ssize_t n;

	do
		n = recvmsg(c->fd, &message, 0);
	while (n < 0 && errno == EINTR);
	return n >= (ssize_t)sizeof(*q) && !(message.msg_flags & MSG_TRUNC) &&
	       q->source_len <= KEY_SOURCE_MAX && q->data_len <= KEY_DATA_MAX &&
	       (size_t)n == sizeof(*q) + q->source_len + q->data_len &&
	       memchr(q->digest, '\0', sizeof(q->digest)) != NULL;
}

static void *serve(void *arg)
{
	struct counter *c = arg;
	const struct key_request *q = &c->request;

	pthread_barrier_wait(c->shut);
	while (receive(c)) {
		keyserver_answer(c->keys, q, span_of(c->rest, q->source_len),
			span_of(c->rest + q->source_len, q->data_len), &c->answer);
		if (!say(c->fd, &c->answer))
			break;
	}
	_exit(EXIT_SUCCESS); /* the daemon has ended, whatever another thread waits for */
}

/* Never on disk: neither as swap nor as core. */
static void stay_in_memory(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

	privilege_seal();
	if (setrlimit(RLIMIT_MEMLOCK, &all) == 0)
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/*
 * A storm of handshakes is to harm nobody who has finished his: a signature takes milliseconds of a
 * processor, a packet microseconds. So workers come first, and are not stopped for us when we wake.
 */
static void stand_back(void)
{
	const struct sched_param none = {0};

	sched_setscheduler(0, SCHED_BATCH, &none);
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICE);
}

/* With the rights that it keeps, and before the door is shut: nobody knows what a module does. */
static void load_module(const struct settings *s, struct keyserver *keys)
{
	struct err_list err;

	err_init(&err);
	if (*s->pkcs11_module && !keyserver_load_module(keys, s->pkcs11_module, &err))
		log_error("[gateway] pkcs11_module: %s; keys in tokens are not used", err.lines[0]);
	err_fini(&err);
}

/* What hangs before the first word, a module for instance, is not to hang for good. */
static void limit_start(unsigned seconds)
{
	signal(SIGALRM, SIG_DFL);
	alarm(seconds);
}

static bool prepare(const struct settings *s, struct counter *counters, size_t count,
	bool with_module, struct err_list *err)
{
	const char *user = *s->key_user ? s->key_user : s->user;

	limit_start(START_MAX_S);
	stay_in_memory();
	stand_back();
	if (!privilege_keep_files(user, err))
		return false;
	privilege_seal(); /* a change of user has made it dumpable again */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (with_module)
		load_module(s, counters[0].keys);
	else if (*s->pkcs11_module)
		keyserver_drop_module(counters[0].keys);
	limit_start(0);
	for (size_t i = 1; i < count; i++) {
		int rc = pthread_create(&counters[i].thread, NULL, serve, &counters[i]);

		if (rc == 0)
			continue;
		err_add(err, "key process: thread: %s", strerror(rc));
		return false;
	}
	return keyserver_has_tokens(counters[0].keys) ? seal_close_for_module(err)
						      : seal_close(err);
}

static void say_why_not(int fd, const struct err_list *err)
{
	struct key_answer a = {.status = KEY_REFUSED};

	a.len = (uint32_t)snprintf((char *)a.bytes, sizeof(a.bytes), "%s", err->lines[0]);
	if (a.len >= sizeof(a.bytes))
		a.len = sizeof(a.bytes) - 1;
	say(fd, &a);
}

void keyprocess_run(const struct settings *s, const int *fds, size_t count, bool with_module,
	atomic_bool *spoken)
{
	static const struct key_answer hello = {.status = KEY_RESTARTED};
	struct counter *counters = calloc(count, sizeof(*counters));
	struct keyserver *keys = keyserver_new(s->keyring);
	pthread_barrier_t shut;
	struct err_list err;
	bool good;

	prctl(PR_SET_NAME, "attls-key");
	err_init(&err);
	if (!counters || pthread_barrier_init(&shut, NULL, (unsigned)count) != 0)
		_exit(EXIT_FAILURE);
	for (size_t i = 0; i < count; i++) {
		counters[i].fd = fds[i];
		counters[i].keys = keys;
		counters[i].shut = &shut;
	}
	good = prepare(s, counters, count, with_module, &err);
	*spoken = true;
	if (!good) {
		say_why_not(fds[0], &err);
		_exit(EXIT_SUCCESS);
	}
	for (size_t i = 0; i < count; i++)
		say(fds[i], &hello);
	serve(&counters[0]);
	_exit(EXIT_SUCCESS); /* not reached */
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.c - see to it that there is a key process */
#include "gateway/daemon/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/daemon/keyprocess.h"
#include "gateway/tls/signer.h"
#include "keyring/passphrase.h"

/* One that ends at once would otherwise be begun again at once. */
enum { PAUSE_S = 1 };

/* A module is blamed for this many in a row that live no longer than this. */
enum { SHORT_COUNT = 3, SHORT_S = 5 };

/* For each answer to the main thread; the first one takes the key process's whole start. */
enum { ANSWER_MAX_S = 30 };

static void tell(int status)
{
	if (WIFSIGNALED(status))
		log_error("the key process was ended by signal %d (%s); another one takes its "
			  "place",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_error("the key process has ended with status %d; another one takes its place",
			WEXITSTATUS(status));
}

/* The daemon's descriptors are not for us: a socket held here would never end for its peer. */
static void close_others(const int *fds, size_t count)
{
	unsigned keep = STDERR_FILENO;

	for (size_t i = 0; i < count; i++) { /* they are in ascending order */
		if ((unsigned)fds[i] > keep + 1)
			close_range(keep + 1, (unsigned)fds[i] - 1, 0);
		keep = (unsigned)fds[i];
	}
	close_range(keep + 1, ~0U, 0);
}

/* Once, for all key processes: a descriptor gives them only once. */
static void read_secrets(const struct settings *s)
{
	struct err_list err;

	err_init(&err);
	if (*s->key_passphrase && !passphrase_read(PASSPHRASE_KEYS, s->key_passphrase, &err))
		log_error("[gateway] key_passphrase: %s; encrypted private keys are not used",
			err.lines[0]);
	err_fini(&err);
	err_init(&err);
	if (*s->pkcs11_pin && !passphrase_read(PASSPHRASE_TOKENS, s->pkcs11_pin, &err))
		log_error("[gateway] pkcs11_pin: %s; tokens are not logged in to", err.lines[0]);
	err_fini(&err);
}

/* What a key process and its keeper both see. */
static atomic_bool *share_word(void)
{
	void *p = mmap(NULL, sizeof(atomic_bool), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(EXIT_FAILURE);
	return p;
}

/* Whether the module is to be left out, as far as one can tell from outside. */
static bool is_to_blame(bool spoken, time_t lived, unsigned *short_lives)
{
	*short_lives = lived <= SHORT_S ? *short_lives + 1 : 0;
	return !spoken || *short_lives >= SHORT_COUNT;
}

static void give_up_module(const struct settings *s, bool spoken)
{
	log_error("[gateway] pkcs11_module: %s: with this module %s; the next one does without it, "
		  "and keys in tokens are not used until attlsd starts again",
		s->pkcs11_module,
		spoken ? "key processes end again and again"
		       : "the key process has ended before it was ready");
}

static bool is_over(int status, bool spoken)
{
	return spoken && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* Invariant: a module that ends its process, or hangs at the start, ends no more than tokens. */
static _Noreturn void attend(const struct settings *s, const int *fds, size_t count)
{
	const struct timespec pause = {.tv_sec = PAUSE_S};
	atomic_bool *spoken = share_word();
	bool with_module = *s->pkcs11_module;
	unsigned short_lives = 0;
	int status = 0;

	for (time_t begun = time(NULL);; begun = time(NULL)) {
		pid_t pid;

		*spoken = false;
		pid = fork();
		if (pid == 0)
			keyprocess_run(s, fds, count, with_module, spoken);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || is_over(status, *spoken))
			_exit(EXIT_SUCCESS);
		tell(status);
		if (with_module && is_to_blame(*spoken, time(NULL) - begun, &short_lives)) {
			give_up_module(s, *spoken);
			with_module = false;
		}
		if (time(NULL) - begun < PAUSE_S)
			nanosleep(&pause, NULL);
	}
}

static _Noreturn void keep(const struct settings *s, const int *fds, size_t count)
{
	signal(SIGINT, SIG_IGN); /* the terminal's; the daemon's end is ours */
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "attlsd-keeper");
	read_secrets(s);
	close_others(fds, count);
	attend(s, fds, count);
}

/* @theirs gets the other ends, in ascending order. */
static bool open_channels(struct keeper *k, int *theirs)
{
	for (size_t i = 0; i < k->count; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
			return false;
		k->fds[i] = pair[0];
		theirs[i] = pair[1];
	}
	return true;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* The main thread waits, for a token perhaps; it has more to do than that. */
static void limit_waiting(int fd)
{
	const struct timeval limit = {.tv_sec = ANSWER_MAX_S};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* Wait for the first word. */
static bool greet(struct keeper *k, struct err_list *err)
{
	struct key_answer a;
	ssize_t n = recv(k->fds[0], &a, sizeof(a), 0);

	if (n >= (ssize_t)KEY_ANSWER_HEAD && a.status == KEY_RESTARTED)
		return true;
	if (n >= (ssize_t)KEY_ANSWER_HEAD && a.len <= (size_t)n - KEY_ANSWER_HEAD)
		err_add(err, "%.*s", (int)a.len, (const char *)a.bytes);
	else if (n < 0 && errno == EAGAIN)
		err_add(err, "the key process is not ready after %d seconds", ANSWER_MAX_S);
	else
		err_add(err, "the key process does not start");
	if (n < 0)
		kill(k->pid, SIGKILL); /* nobody is to wait for it either */
	return false;
}

bool keeper_start(struct keeper *k, const struct settings *s, struct err_list *err)
{
	int *theirs;
	bool ok;

	k->count = s->workers + 1;
	k->fds = malloc(k->count * sizeof(*k->fds));
	theirs = malloc(k->count * sizeof(*theirs));
	if (!k->fds || !theirs)
		abort();
	memset(k->fds, -1, k->count * sizeof(*k->fds));
	memset(theirs, -1, k->count * sizeof(*theirs));
	ok = open_channels(k, theirs);
	k->pid = ok ? fork() : -1;
	if (k->pid == 0)
		keep(s, theirs, k->count);
	if (k->pid < 0)
		err_add(err, "key process: %s", strerror(errno));
	passphrase_shun(s->key_passphrase);
	passphrase_shun(s->pkcs11_pin);
	close_all(theirs, k->count);
	free(theirs);
	if (k->pid < 0)
		return false;
	limit_waiting(k->fds[0]);
	if (!greet(k, err))
		return false;
	signer_begin(k->fds[0]);
	return true;
}

void keeper_stop(struct keeper *k)
{
	if (!k->fds)
		return;
	signer_end();
	close_all(k->fds, k->count);
	free(k->fds);
	if (k->pid > 0)
		waitpid(k->pid, NULL, 0);
	*k = (struct keeper){0};
}

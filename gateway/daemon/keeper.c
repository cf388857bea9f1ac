/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keeper.c - see to it that there is a key process */
#include "gateway/daemon/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

static _Noreturn void keep(const struct settings *s, const int *fds, size_t count)
{
	const struct timespec pause = {.tv_sec = PAUSE_S};
	int status = 0;
	pid_t pid;

	signal(SIGINT, SIG_IGN); /* the terminal's; the daemon's end is ours */
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "attlsd-keeper");
	read_secrets(s);
	close_others(fds, count);
	for (time_t begun = time(NULL);; begun = time(NULL)) {
		pid = fork();
		if (pid == 0)
			keyprocess_run(s, fds, count);
		if (pid < 0 || waitpid(pid, &status, 0) != pid ||
			(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS))
			_exit(EXIT_SUCCESS);
		tell(status);
		if (time(NULL) - begun < PAUSE_S)
			nanosleep(&pause, NULL);
	}
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

/* Wait for the first word. */
static bool greet(int fd, struct err_list *err)
{
	struct key_answer a;
	ssize_t n = recv(fd, &a, sizeof(a), 0);

	if (n >= (ssize_t)KEY_ANSWER_HEAD && a.status == KEY_RESTARTED)
		return true;
	if (n >= (ssize_t)KEY_ANSWER_HEAD && a.len <= (size_t)n - KEY_ANSWER_HEAD)
		err_add(err, "%.*s", (int)a.len, (const char *)a.bytes);
	else
		err_add(err, "the key process does not start");
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
	if (k->pid < 0 || !greet(k->fds[0], err))
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

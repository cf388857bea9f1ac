/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_seal.c - what the key process may still do once the door is shut, and what ends it */
#include "unit/unit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/daemon/seal.h"

/* How a process that shuts itself in by @seal and then does @act ends. */
static int end_of(bool (*seal)(struct err_list *err), void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err_list err;

		err_init(&err);
		if (!seal(&err))
			_exit(2);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void read_file(void)
{
	char byte;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &byte, 1) != 1 || close(fd) < 0)
		_exit(1);
}

static void use_memory(void)
{
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p, 1 << 20) < 0)
		_exit(1);
}

static void write_file(void)
{
	open("/tmp/attls-seal", O_WRONLY | O_CREAT, 0600);
}

static void make_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void run_program(void)
{
	execl("/bin/true", "true", NULL);
}

static void fork_again(void)
{
	fork();
}

static void map_code(void)
{
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		MAP_FAILED)
		_exit(1);
}

static void test_what_it_needs(void **state)
{
	(void)state;
	assert_int_equal(end_of(seal_close, read_file), 0);
	assert_int_equal(end_of(seal_close, use_memory), 0);
}

static void expect_killed(bool (*seal)(struct err_list *err), void (*act)(void))
{
	int status = end_of(seal, act);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void test_what_ends_it(void **state)
{
	void (*const acts[])(void) = {write_file, make_socket, run_program, fork_again, map_code};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		expect_killed(seal_close, acts[i]);
	assert_int_not_equal(access("/tmp/attls-seal", F_OK), 0);
}

/* ---- with a module ---- */

static void *nothing(void *arg)
{
	return arg;
}

static void make_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
		_exit(1);
}

static void use_network(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || close(fd) < 0)
		_exit(1);
}

static void write_somewhere(void)
{
	char path[] = "/tmp/attls-seal-XXXXXX";

	if (mkstemp(path) < 0 || unlink(path) < 0)
		_exit(1);
}

static void load_library(void)
{
	if (!dlopen("libutil.so.1", RTLD_NOW | RTLD_LOCAL))
		_exit(1);
}

static void map_writable_code(void)
{
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) != MAP_FAILED)
		_exit(1);
}

static void make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void make_code_by_key(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	pkey_mprotect(p, 4096, PROT_READ | PROT_EXEC, -1);
}

static void share_code(void)
{
	shmat(-1, NULL, SHM_EXEC);
}

static void signal_process(void)
{
	kill(getpid(), 0);
}

static void signal_thread(void)
{
	syscall(SYS_tkill, gettid(), 0);
}

static void queue_signal(void)
{
	sigqueue(getppid(), 0, (union sigval){0});
}

static void queue_thread_signal(void)
{
	pthread_sigqueue(pthread_self(), 0, (union sigval){0});
}

static void signal_descriptor(void)
{
	syscall(SYS_pidfd_send_signal, -1, 0, NULL, 0);
}

static void signal_itself(void)
{
	if (signal(SIGUSR1, SIG_IGN) == SIG_ERR || raise(SIGUSR1) != 0)
		_exit(1);
}

static void read_parent(void)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {&local, 1};

	process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
}

static void leave_namespace(void)
{
	unshare(CLONE_NEWNET);
}

static void test_what_a_module_may(void **state)
{
	void (*const acts[])(void) = {read_file, use_memory, make_thread, use_network,
		write_somewhere, load_library, signal_itself};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		assert_int_equal(end_of(seal_close_for_module, acts[i]), 0);
}

static void test_what_ends_it_with_a_module(void **state)
{
	void (*const acts[])(void) = {run_program, fork_again, map_writable_code, make_code,
		make_code_by_key, share_code, signal_process, signal_thread, queue_signal,
		queue_thread_signal, signal_descriptor, read_parent, leave_namespace};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		expect_killed(seal_close_for_module, acts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_needs),
		cmocka_unit_test(test_what_ends_it),
		cmocka_unit_test(test_what_a_module_may),
		cmocka_unit_test(test_what_ends_it_with_a_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

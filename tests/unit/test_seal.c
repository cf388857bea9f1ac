/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_seal.c - what the key process may still do once the door is shut, and what ends it */
#include "unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/daemon/seal.h"

/* How a process that shuts itself in and then does @act ends. */
static int end_of(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err_list err;

		err_init(&err);
		if (!seal_close(&err))
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
	assert_int_equal(end_of(read_file), 0);
	assert_int_equal(end_of(use_memory), 0);
}

static void test_what_ends_it(void **state)
{
	void (*const acts[])(void) = {write_file, make_socket, run_program, fork_again, map_code};

	(void)state;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = end_of(acts[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
	assert_int_not_equal(access("/tmp/attls-seal", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_needs),
		cmocka_unit_test(test_what_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_process.c - which process holds a socket: several at once, shared ones, ended processes */
#include "unit/unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/worker/lookup.h"
#include "gateway/worker/now.h"

enum { CHILDREN = 8 };

/* A child that made a socket; it ends when its end of the pair is closed. */
struct child {
	pid_t pid;
	int control;
	uint64_t inode;
};

static uint64_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void run_child(int control)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t inode = inode_of(fd);
	char c;

	if (write(control, &inode, sizeof(inode)) == sizeof(inode))
		while (read(control, &c, 1) > 0)
			;
	_exit(0);
}

static struct child start_child(void)
{
	struct child c;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		close(pair[0]);
		run_child(pair[1]);
	}
	close(pair[1]);
	c.control = pair[0];
	assert_int_equal(read(c.control, &c.inode, sizeof(c.inode)), sizeof(c.inode));
	return c;
}

static void end_child(struct child *c)
{
	shutdown(c->control, SHUT_RDWR);
	close(c->control);
	assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
}

static struct finder *finder_new(void)
{
	struct finder *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->groups.fd = -1; /* no control groups: all processes are looked at */
	return f;
}

static bool find(struct finder *f, struct sought *sockets, size_t count)
{
	return process_find(
		&f->processes, &f->groups, sockets, count, now_monotonic() + 60 * USEC_SEC);
}

static void test_several_in_one_search(void **state)
{
	struct child children[CHILDREN];
	struct sought sockets[CHILDREN + 1];
	struct finder *f = finder_new();
	int own = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	for (size_t i = 0; i < CHILDREN; i++) {
		children[i] = start_child();
		sockets[i] = (struct sought){.inode = children[i].inode, .cgroup = ""};
	}
	sockets[CHILDREN] = (struct sought){.inode = inode_of(own), .cgroup = ""};
	assert_true(find(f, sockets, CHILDREN + 1));
	for (size_t i = 0; i < CHILDREN; i++)
		assert_int_equal(sockets[i].holder.pid, children[i].pid);
	assert_int_equal(sockets[CHILDREN].holder.pid, getpid());
	for (size_t i = 0; i < CHILDREN; i++)
		end_child(&children[i]);
	close(own);
	free(f);
}

/* It is found by another search, and not where it was found before. */
static void test_process_that_ended(void **state)
{
	struct child first = start_child(), second = start_child();
	struct sought sockets[] = {
		{.inode = first.inode, .cgroup = ""}, {.inode = second.inode, .cgroup = ""}};
	struct finder *f = finder_new();

	(void)state;
	assert_true(find(f, sockets, 1));
	assert_int_equal(sockets[0].holder.pid, first.pid);
	end_child(&first);
	assert_true(find(f, sockets, 2));
	assert_int_equal(sockets[0].holder.pid, 0);
	assert_int_equal(sockets[1].holder.pid, second.pid);
	end_child(&second);
	free(f);
}

static void test_of_two_holders_the_first(void **state)
{
	int shared = socket(AF_INET, SOCK_STREAM, 0);
	struct sought sockets = {.inode = inode_of(shared), .cgroup = ""};
	struct child heir = start_child();
	struct finder *f = finder_new();

	(void)state;
	assert_true(find(f, &sockets, 1));
	assert_int_equal(sockets.holder.pid, getpid());
	close(shared);
	assert_true(find(f, &sockets, 1));
	assert_int_equal(sockets.holder.pid, heir.pid);
	end_child(&heir);
	free(f);
}

static void init_inquiry(struct inquiry *q, uint64_t inode, usec_t until)
{
	*q = (struct inquiry){.wants = OWNER_PROCESS, .until = until, .socket.inode = inode};
}

/* Who was found once is looked at where it was found; no time is left here for anything else. */
static void test_found_again_without_a_search(void **state)
{
	struct child known = start_child(), other = start_child();
	struct sought sockets[] = {
		{.inode = known.inode, .cgroup = ""}, {.inode = other.inode, .cgroup = ""}};
	struct finder *f = finder_new();

	(void)state;
	assert_true(find(f, sockets, 1));
	assert_false(process_find(&f->processes, &f->groups, sockets, 2, 0));
	assert_int_equal(sockets[0].holder.pid, known.pid);
	assert_int_equal(sockets[1].holder.pid, 0);
	end_child(&known);
	assert_false(process_find(&f->processes, &f->groups, sockets, 1, 0));
	assert_int_equal(sockets[0].holder.pid, 0);
	end_child(&other);
	free(f);
}

/* Out of time is another answer than that there is no such process. */
static void test_late_and_unknown_differ(void **state)
{
	struct child c = start_child();
	struct finder *f = finder_new();
	struct inquiry *q = calloc(2, sizeof(*q));
	struct inquiry *both[] = {&q[0], &q[1]};

	(void)state;
	init_inquiry(&q[0], c.inode, now_monotonic());
	init_inquiry(&q[1], c.inode, now_monotonic());
	finder_answer(f, both, 2);
	assert_true(q[0].late && q[1].late);
	assert_int_equal(q[0].owner.known, 0);

	init_inquiry(&q[0], c.inode, now_monotonic() + 60 * USEC_SEC);
	init_inquiry(&q[1], UINT32_MAX + 1ULL, now_monotonic() + 60 * USEC_SEC);
	finder_answer(f, both, 2);
	assert_true(!q[0].late && !q[1].late);
	assert_string_equal(q[0].owner.process, "test_process");
	assert_int_equal(q[1].owner.known, 0);
	end_child(&c);
	free(q);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several_in_one_search),
		cmocka_unit_test(test_process_that_ended),
		cmocka_unit_test(test_of_two_holders_the_first),
		cmocka_unit_test(test_found_again_without_a_search),
		cmocka_unit_test(test_late_and_unknown_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fiber.c - a function that can be suspended in the middle and go on later, on the same thread
 *
 * A new stack is entered by setcontext(). From then on each stack is left by setjmp() and the other
 * entered by longjmp(): unlike swapcontext() they leave the signal mask alone, which would take two
 * system calls.
 */
/* Its checked longjmp() takes going to another stack for an error. */
#undef _FORTIFY_SOURCE

#include "base/fiber.h"

#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __has_feature
#define FIBER_CLANG_ASAN __has_feature(address_sanitizer)
#else
#define FIBER_CLANG_ASAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || FIBER_CLANG_ASAN
#include <sanitizer/common_interface_defs.h>
#define FIBER_ASAN 1
#else
#define FIBER_ASAN 0
#endif

/* OpenSSL's handshakes take a tenth; pages that are not touched cost nothing. */
enum { STACK_SIZE = FIBER_ASAN ? 1 << 20 : 1 << 18 };

struct fiber {
	struct fibers *all;
	struct fiber *next; /* idle ones */
	ucontext_t bottom;  /* not on a stack: nobody would come back to tell AddressSanitizer */
	jmp_buf inside;
	jmp_buf outside; /* who has called fiber_run() or fiber_resume() */
	struct fiber *outer;
	void (*run)(void *arg);
	void *arg;
	bool begun; /* @inside is set */
	bool over;
	char *map; /* the guard page, then the stack */
	/* what AddressSanitizer wants to know of both stacks */
	void *fake_inside;
	void *fake_outside;
	const void *outer_stack;
	size_t outer_size;
};

static _Thread_local struct fiber *current;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Leave one stack for the other. @save: NULL if the stack left is not come back to */
static void leave(void **save, const void *stack, size_t size)
{
#if FIBER_ASAN
	__sanitizer_start_switch_fiber(save, stack, size);
#else
	(void)save;
	(void)stack;
	(void)size;
#endif
}

static void arrive(void *saved, const void **stack, size_t *size)
{
#if FIBER_ASAN
	__sanitizer_finish_switch_fiber(saved, stack, size);
#else
	(void)saved;
	(void)stack;
	(void)size;
#endif
}

/* Leave this stack, to go on here when somebody goes to @here. */
static void go(jmp_buf here, jmp_buf there)
{
	if (_setjmp(here) == 0)
		_longjmp(there, 1);
}

/* The bottom of every stack: one function after the other. */
static void serve(void)
{
	struct fiber *f = current;

	f->begun = true;
	for (;;) {
		arrive(NULL, &f->outer_stack, &f->outer_size);
		f->run(f->arg);
		f->over = true;
		leave(NULL, f->outer_stack, f->outer_size);
		go(f->inside, f->outside);
	}
}

/* For the compiler, getcontext() returns twice: so it stands alone. */
static __attribute__((noinline, noreturn)) void start(struct fiber *f)
{
	getcontext(&f->bottom);
	f->bottom.uc_stack.ss_sp = f->map + page_size();
	f->bottom.uc_stack.ss_size = STACK_SIZE;
	f->bottom.uc_link = NULL;
	makecontext(&f->bottom, serve, 0);
	setcontext(&f->bottom);
	abort();
}

static struct fiber *fiber_new(struct fibers *all)
{
	struct fiber *f = all->idle;
	char *map;

	if (f) {
		all->idle = f->next;
		return f;
	}
	if (all->count == all->limit)
		return NULL;
	f = calloc(1, sizeof(*f));
	map = f ? mmap(NULL, page_size() + STACK_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0)
		: MAP_FAILED;
	if (map == MAP_FAILED || mprotect(map, page_size(), PROT_NONE) < 0) {
		if (map != MAP_FAILED)
			munmap(map, page_size() + STACK_SIZE);
		free(f);
		return NULL;
	}
	f->all = all;
	f->map = map;
	all->count++;
	return f;
}

static void retire(struct fiber *f)
{
	f->next = f->all->idle;
	f->all->idle = f;
}

/* Return: whether it is over. */
static bool enter(struct fiber *f)
{
	f->outer = current;
	current = f;
	leave(&f->fake_outside, f->map + page_size(), STACK_SIZE);
	if (f->begun)
		go(f->outside, f->inside);
	else if (_setjmp(f->outside) == 0)
		start(f);
	arrive(f->fake_outside, NULL, NULL);
	current = f->outer;
	if (f->over)
		retire(f);
	return f->over;
}

bool fiber_run(struct fibers *all, void (*run)(void *arg), void *arg, struct fiber **stopped)
{
	struct fiber *f = fiber_new(all);

	*stopped = NULL;
	if (!f)
		return false;
	f->run = run;
	f->arg = arg;
	f->over = false;
	if (!enter(f))
		*stopped = f;
	return true;
}

bool fiber_resume(struct fiber *f)
{
	return enter(f);
}

void fiber_pause(void)
{
	struct fiber *f = current;

	leave(&f->fake_inside, f->outer_stack, f->outer_size);
	go(f->inside, f->outside);
	arrive(f->fake_inside, &f->outer_stack, &f->outer_size);
}

bool fiber_inside(void)
{
	return current != NULL;
}

void fibers_fini(struct fibers *all)
{
	while (all->idle) {
		struct fiber *f = all->idle;

		all->idle = f->next;
		munmap(f->map, page_size() + STACK_SIZE);
		free(f);
	}
	*all = (struct fibers){0};
}

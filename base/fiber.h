/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fiber.h - a function that can be suspended in the middle and go on later, on the same thread
 *
 * For libraries that call back and want the answer at once, when it takes another process to give
 * it. Each fiber has a stack of its own with a guard page below it.
 */
#ifndef ATTLS_BASE_FIBER_H
#define ATTLS_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber;

/* The fibers of one thread: stacks are kept for the next. */
struct fibers {
	struct fiber *idle;
	size_t count; /* in use and idle */
	size_t limit; /* most at a time */
};

/** fibers_fini() - release all stacks; none is in use */
void fibers_fini(struct fibers *all);

/**
 * fiber_run() - call @run with @arg on a stack of its own
 * @stopped: receives the fiber if @run was suspended, to be resumed; NULL if it has returned
 * Return: false if there is no stack to be had; then @run was not called.
 */
bool fiber_run(struct fibers *all, void (*run)(void *arg), void *arg, struct fiber **stopped);

/** fiber_resume() - go on after fiber_pause(). Return: whether it has returned and is no more. */
bool fiber_resume(struct fiber *f);

/** fiber_pause() - suspend the caller until fiber_resume(); only inside a fiber */
void fiber_pause(void);

/** fiber_inside() - the caller runs in a fiber, so it may be suspended */
bool fiber_inside(void);

#endif

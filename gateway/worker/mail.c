/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail.c - what other threads want of a worker */
#include "gateway/worker/mail.h"

#include "base/log.h"

#include <errno.h>
#include <unistd.h>

static void wake(struct worker *w)
{
	uint64_t one = 1;

	w->mail = true;
	if (write(w->mail_fd, &one, sizeof(one)) < 0)
		log_error("worker %u: eventfd: %s", w->number, strerror(errno));
}

void mail_post(struct worker *w, const struct icmp_error *e)
{
	pthread_mutex_lock(&w->lock);
	if (w->note_count < WORKER_NOTES)
		w->note[w->note_count++] = *e;
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

void mail_answer(struct inquiry *q)
{
	struct worker *w = q->worker;

	pthread_mutex_lock(&w->lock);
	list_append(&w->answers, &q->node);
	pthread_mutex_unlock(&w->lock);
	wake(w);
}

void mail_call(struct worker *w, void (*call)(struct worker *w, void *arg), void *arg)
{
	if (!w->started) {
		call(w, arg);
		return;
	}
	pthread_mutex_lock(&w->lock);
	while (w->call)
		pthread_cond_wait(&w->done, &w->lock);
	w->call = call;
	w->call_arg = arg;
	wake(w);
	while (w->call == call)
		pthread_cond_wait(&w->done, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

bool mail_carry(struct worker *w, struct list *node)
{
	bool room;

	pthread_mutex_lock(&w->lock);
	room = w->stray_count < WORKER_STRAYS;
	if (room) {
		list_append(&w->strays, node);
		w->stray_count++;
	}
	pthread_mutex_unlock(&w->lock);
	if (room)
		wake(w);
	return room;
}

struct list *mail_carried(struct worker *w)
{
	struct list *node = NULL;

	pthread_mutex_lock(&w->lock);
	if (!list_empty(&w->strays)) {
		node = w->strays.next;
		list_remove(node);
		w->stray_count--;
	}
	pthread_mutex_unlock(&w->lock);
	return node;
}

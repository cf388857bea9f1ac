/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lookup.c - the owner thread: what files tell about whose a socket is */
#include "gateway/worker/lookup.h"

#include "base/log.h"
#include "gateway/worker/capability.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/now.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

enum {
	OF_GROUP = OWNER_CGROUP | OWNER_UNIT | OWNER_CONTAINER | OWNER_CONTAINER_NAME,
	OF_PROCESS = OWNER_PROCESS | OWNER_EXE,
};

/* ---- one inquiry ---- */

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

static void find_container_name(struct inquiry *q)
{
	struct owner *o = &q->owner;

	/* who is in no container has no name of one */
	if (!o->container || engine_container_name("", o->container, q->container_name))
		o->known |= OWNER_CONTAINER_NAME;
	o->container_name = text_or_null(q->container_name);
}

/* All facts of a group follow from its path, so all are told. */
static void find_group(struct finder *f, struct inquiry *q)
{
	struct owner *o = &q->owner;

	if (q->socket.cgroup == 0 || !cgroups_path(&f->groups, q->socket.cgroup, q->cgroup)) {
		q->cgroup[0] = '\0';
		return;
	}
	o->cgroup = q->cgroup;
	o->known |= OWNER_CGROUP;
	if (unit_of(q->cgroup, q->unit))
		o->known |= OWNER_UNIT;
	if (container_of(q->cgroup, q->container))
		o->known |= OWNER_CONTAINER;
	o->unit = text_or_null(q->unit);
	o->container = text_or_null(q->container);
	if ((q->wants & OWNER_CONTAINER_NAME) && owner_has(o, OWNER_CONTAINER))
		find_container_name(q);
}

static void describe_process(struct inquiry *q, pid_t pid)
{
	struct owner *o = &q->owner;

	if (process_name(pid, q->process)) {
		o->process = q->process;
		o->known |= OWNER_PROCESS;
	}
	if (process_exe(pid, q->exe)) {
		o->exe = q->exe;
		o->known |= OWNER_EXE;
	}
}

static void find_processes(struct finder *f, struct inquiry **inquiries, size_t count)
{
	struct sought sockets[LOOKUP_BATCH];
	usec_t until = 0;
	bool done;

	for (size_t i = 0; i < count; i++) {
		const struct inquiry *q = inquiries[i];

		sockets[i] = (struct sought){.inode = q->socket.inode, .cgroup = q->cgroup};
		until = usec_max(until, q->until);
	}
	done = process_find(&f->processes, &f->groups, sockets, count, until);
	for (size_t i = 0; i < count; i++) {
		if (sockets[i].holder.pid)
			describe_process(inquiries[i], sockets[i].holder.pid);
		else
			inquiries[i]->late = !done;
	}
}

void finder_answer(struct finder *f, struct inquiry **inquiries, size_t count)
{
	struct inquiry *processes[LOOKUP_BATCH];
	size_t process_count = 0;

	for (size_t i = 0; i < count; i++) {
		struct inquiry *q = inquiries[i];
		bool process = q->wants & OF_PROCESS;

		/* the process is looked for in its group first */
		if ((q->wants & OF_GROUP) || (process && !owner_has(&q->owner, OWNER_CGROUP)))
			find_group(f, q);
		if (process)
			processes[process_count++] = q;
	}
	if (process_count > 0)
		find_processes(f, processes, process_count);
}

/* ---- the thread ---- */

/* Wait for inquiries and take all that are there, up to LOOKUP_BATCH. Return: 0 at the end. */
static size_t take_inquiries(struct lookup *l, struct inquiry **inquiries)
{
	size_t count = 0;

	pthread_mutex_lock(&l->lock);
	while (list_empty(&l->inquiries) && !l->stop)
		pthread_cond_wait(&l->asked, &l->lock);
	while (!l->stop && count < LOOKUP_BATCH && !list_empty(&l->inquiries)) {
		struct inquiry *q = list_entry(l->inquiries.next, struct inquiry, node);

		list_remove(&q->node);
		inquiries[count++] = q;
	}
	pthread_mutex_unlock(&l->lock);
	return count;
}

static void warn_once(struct lookup *l, const struct inquiry *q)
{
	if (l->sees_processes || !(q->wants & OF_PROCESS))
		return;
	l->sees_processes = true;
	log_warning("jobname: process names and programs of other users' connections are unknown "
		    "here; give attlsd CAP_SYS_PTRACE");
}

static void answer(struct lookup *l, struct inquiry **inquiries, size_t count)
{
	struct inquiry *timely[LOOKUP_BATCH];
	usec_t now = now_monotonic();
	size_t timely_count = 0;

	for (size_t i = 0; i < count; i++) {
		warn_once(l, inquiries[i]);
		inquiries[i]->late = now >= inquiries[i]->until;
		if (!inquiries[i]->late)
			timely[timely_count++] = inquiries[i];
	}
	finder_answer(l->finder, timely, timely_count);
	for (size_t i = 0; i < count; i++) {
		inquiries[i]->asked |= inquiries[i]->wants;
		mail_answer(inquiries[i]);
	}
}

static void *lookup_run(void *arg)
{
	static const int capabilities[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};
	struct inquiry *inquiries[LOOKUP_BATCH];
	struct lookup *l = arg;
	size_t count;

	l->sees_processes = capability_only(capabilities, 2) & (1 << 0);
	while ((count = take_inquiries(l, inquiries)) > 0)
		answer(l, inquiries, count);
	return NULL;
}

bool lookup_start(struct lookup *l, struct err_list *err)
{
	int rc;

	list_init(&l->inquiries);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->asked, NULL);
	l->finder = calloc(1, sizeof(*l->finder));
	if (!l->finder) {
		err_add(err, "out of memory");
		return false;
	}
	cgroups_open(&l->finder->groups);
	rc = pthread_create(&l->thread, NULL, lookup_run, l);
	l->started = rc == 0;
	if (!l->started)
		err_add(err, "owner thread: %s", strerror(rc));
	return l->started;
}

void lookup_ask(struct lookup *l, struct inquiry *q)
{
	pthread_mutex_lock(&l->lock);
	list_append(&l->inquiries, &q->node);
	pthread_cond_signal(&l->asked);
	pthread_mutex_unlock(&l->lock);
}

void lookup_stop(struct lookup *l)
{
	if (!l->finder)
		return;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->asked);
	pthread_mutex_unlock(&l->lock);
	if (l->started)
		pthread_join(l->thread, NULL);
	list_each_safe (node, &l->inquiries)
		free(list_entry(node, struct inquiry, node));
	cgroups_close(&l->finder->groups);
	free(l->finder);
	pthread_mutex_destroy(&l->lock);
	pthread_cond_destroy(&l->asked);
	*l = (struct lookup){0};
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job.c - the jobname condition: process, program, unit, cgroup or container of the owner */
#include "rules/job.h"

#include <stdlib.h>
#include <string.h>

enum {
	COMM_MAX = 15,         /* the kernel keeps no more of a process's name */
	CONTAINER_ID_MIN = 12, /* digits that engines show of an id */
};

/* What an alternative may begin with, and the fact that it then asks for. */
static const struct {
	const char *prefix;
	enum owner_fact fact;
	bool path;
} kinds[] = {
	{"exe:", OWNER_EXE, true},
	{"unit:", OWNER_UNIT, false},
	{"cgroup:", OWNER_CGROUP, true},
	{"container:", OWNER_CONTAINER_NAME, false},
	{"", OWNER_PROCESS, false},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

bool pattern_fits(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) { /* the last "*" takes one character more */
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool job_fits(const struct job *job, const struct owner *owner)
{
	const char *text = owner_text(owner, job->fact);

	return text && pattern_fits(job->pattern, text);
}

/* Hexadecimal digits, enough to be (the beginning of) a container's id and not its name. */
static bool is_container_id(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return n >= CONTAINER_ID_MIN && (!text[n] || strcmp(text + n, "*") == 0);
}

static struct job job_of(enum owner_fact fact, const char *text)
{
	struct job job = {.fact = fact};
	const char *more = "";

	if (fact == OWNER_CONTAINER_NAME && is_container_id(text)) {
		job.fact = OWNER_CONTAINER;
		more = strchr(text, '*') ? "" : "*";
	} else if (fact == OWNER_UNIT && !strpbrk(text, ".*")) {
		more = ".service"; /* as systemctl does */
	}
	job.pattern = reader_alloc(NULL, strlen(text) + strlen(more) + 1);
	stpcpy(stpcpy(job.pattern, text), more);
	return job;
}

/* What is wrong with @text as kind @k, or NULL. */
static const char *job_fault(size_t k, const char *text)
{
	if (!*text)
		return "names nothing";
	if (kinds[k].path && *text != '/' && *text != '*')
		return "is no path: it begins with /";
	if (kinds[k].fact == OWNER_PROCESS && strchr(text, ':'))
		return "begins with none of exe:, unit:, cgroup:, container:";
	if (kinds[k].fact == OWNER_PROCESS && !strchr(text, '*') && strlen(text) > COMM_MAX)
		return "never fits: the kernel cuts names of processes at 15 characters; end it "
		       "with * there, or write exe:/PATH";
	return NULL;
}

struct job *jobs_read(struct reader *r, const char *key, const char *value, size_t *count)
{
	struct job *jobs = NULL;
	struct reader_list list;

	*count = 0;
	if (!reader_list(r, key, value, &list))
		return NULL;
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items[i], *fault;
		size_t k = 0;

		while (strncmp(item, kinds[k].prefix, strlen(kinds[k].prefix)) != 0)
			k++;
		fault = job_fault(k, item + strlen(kinds[k].prefix));
		if (fault) {
			ini_error(r->err, r->section, key, "\"%s\" %s", item, fault);
			continue;
		}
		jobs = reader_append(jobs, *count, sizeof(*jobs));
		jobs[(*count)++] = job_of(kinds[k].fact, item + strlen(kinds[k].prefix));
	}
	reader_list_free(&list);
	return jobs;
}

void jobs_free(struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(jobs[i].pattern);
	free(jobs);
}

static void fact_set(struct owner *o, enum owner_fact fact, const char *text)
{
	o->known |= fact;
	switch (fact) {
	case OWNER_CGROUP: o->cgroup = text; break;
	case OWNER_UNIT: o->unit = text; break;
	case OWNER_CONTAINER: o->container = text; break;
	case OWNER_CONTAINER_NAME: o->container_name = text; break;
	case OWNER_PROCESS: o->process = text; break;
	case OWNER_EXE: o->exe = text; break;
	default: break;
	}
}

bool job_claim(struct owner *owner, char *text, struct err_list *err)
{
	char *item;

	while ((item = strsep(&text, ","))) {
		size_t k = 0, len;

		item += strspn(item, " ");
		for (len = strlen(item); len && item[len - 1] == ' ';)
			item[--len] = '\0';
		while (strncmp(item, kinds[k].prefix, strlen(kinds[k].prefix)) != 0)
			k++;
		item += strlen(kinds[k].prefix);
		if (job_fault(k, item)) {
			err_add(err, "jobname: \"%s\" %s", item, job_fault(k, item));
			return false;
		}
		fact_set(owner,
			kinds[k].fact == OWNER_CONTAINER_NAME && is_container_id(item)
				? OWNER_CONTAINER
				: kinds[k].fact,
			item);
	}
	return true;
}

void job_write(const struct job *job, FILE *out)
{
	enum owner_fact written = job->fact == OWNER_CONTAINER ? OWNER_CONTAINER_NAME : job->fact;
	size_t k = 0;

	while (k < KINDS - 1 && kinds[k].fact != written)
		k++;
	fprintf(out, "%s%s", kinds[k].prefix, job->pattern);
}

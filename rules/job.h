/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job.h - the jobname condition: process, program, unit, cgroup or container of the owner */
#ifndef ATTLS_RULES_JOB_H
#define ATTLS_RULES_JOB_H

#include "rules/policy.h"
#include "rules/reader.h"

/**
 * jobs_read() - the alternatives that @value of @key lists
 * Return: an array of @count, owned, with jobs_free(); what is wrong is in r->err.
 */
struct job *jobs_read(struct reader *r, const char *key, const char *value, size_t *count);

void jobs_free(struct job *jobs, size_t count);

/** job_fits() - whether the owner, of whom @job's fact is known, is that job */
bool job_fits(const struct job *job, const struct owner *owner);

/**
 * job_claim() - let @owner be the jobs that @text lists, written as in a rule: "psql, unit:x"
 * @text is taken apart; @owner borrows it. What is not listed stays as it is.
 * Return: false with a sentence if it lists something else.
 */
bool job_claim(struct owner *owner, char *text, struct err_list *err);

/** job_write() - @job as it is written in a rule, followed by nothing */
void job_write(const struct job *job, FILE *out);

/** pattern_fits() - whether all of @text is @pattern, where "*" stands for any characters */
bool pattern_fits(const char *pattern, const char *text);

#endif

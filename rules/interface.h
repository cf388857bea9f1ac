/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interface.h - the inside_interface condition: where a router's plain side comes in */
#ifndef ATTLS_RULES_INTERFACE_H
#define ATTLS_RULES_INTERFACE_H

#include "rules/policy.h"
#include "rules/reader.h"
#include "rules/settings.h"

/**
 * interfaces_read() - the names and patterns that @value of @key lists
 * Return: NULL-terminated, owned, with interfaces_free(); what is wrong is in r->err.
 */
char **interfaces_read(struct reader *r, const char *key, const char *value);

void interfaces_free(char **names);

/** interfaces_hold() - whether one of @names fits @interface */
bool interfaces_hold(char *const *names, const char *interface);

/** interfaces_meet() - whether some interface may fit both; NULL fits all. False where in doubt */
bool interfaces_meet(char *const *a, char *const *b);

/**
 * interfaces_check() - whether the rules' interfaces suit the gateway that @s describes
 * In host mode nothing comes in from inside, so the condition is an error; in router mode one that
 * no interface inside fits is worth a warning.
 */
void interfaces_check(const struct policy *p, const struct settings *s, struct err_list *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * visit.h - a policy taken apart into sections, keys and values, for whoever writes it down
 *
 * What is visited is the compiled policy, so groups are resolved, ranges joined, and what was
 * inherited stands where it counts. Read in their order the sections load back to the same policy.
 */
#ifndef ATTLS_RULES_VISIT_H
#define ATTLS_RULES_VISIT_H

#include "rules/policy.h"

struct visitor {
	/* A section begins. @written: what it was made of, each entry with its origin */
	void (*section)(struct visitor *v, const char *kind, const char *name,
		const struct ini_section *written);
	/* One of its values. */
	void (*value)(struct visitor *v, const char *key, const char *value);
	/* The ring of actions that name none: then other defaults are told too. NULL: none */
	const char *default_ring;

	/* The value that is being put together; for visit_begin() and visit_end() alone. */
	const char *key;
	FILE *out;
	char *text;
	size_t len;
};

/** visit_begin() - where to write the value of @key, which visit_end() hands over */
FILE *visit_begin(struct visitor *v, const char *key);
void visit_end(struct visitor *v);

/** visit_format() - @key with a formatted value */
void visit_format(struct visitor *v, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** policy_visit() - all rules, times, actions and levels */
void policy_visit(const struct policy *p, struct visitor *v);

/** policy_visit_rule() - @rule, its times, its action and its level */
void policy_visit_rule(const struct rule *rule, struct visitor *v);

/** policy_visit_action() - @a and its level */
void policy_visit_action(const struct action *a, struct visitor *v);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_review.c - what of a policy is allowed and hardly meant
 *
 * Each rule is compared with those before it. Owners are compared as they are written: two
 * different conditions count as different owners, so nothing is claimed that is not so.
 */
#include <stdio.h>
#include <string.h>

#include "rules/interface.h"
#include "rules/policy.h"
#include "rules/section.h"

enum { REVIEW_WARNINGS = 50 };

/* ---- ranges ---- */

/* Whether each range of the @b sorted ones lies in one of @a; none at all is everything. */
static bool addrs_cover(
	const struct addr_range *a, size_t a_count, const struct addr_range *b, size_t b_count)
{
	size_t i = 0;

	if (!a_count || !b_count)
		return !a_count;
	for (size_t j = 0; j < b_count; j++) {
		while (i < a_count && addr_compare(&a[i].to, &b[j].from) < 0)
			i++;
		if (i == a_count || addr_compare(&a[i].from, &b[j].from) > 0 ||
			addr_compare(&a[i].to, &b[j].to) < 0)
			return false;
	}
	return true;
}

static bool addrs_meet(
	const struct addr_range *a, size_t a_count, const struct addr_range *b, size_t b_count)
{
	for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
		if (addr_compare(&a[i].to, &b[j].from) < 0)
			i++;
		else if (addr_compare(&b[j].to, &a[i].from) < 0)
			j++;
		else
			return true;
	}
	return !a_count || !b_count;
}

static bool ports_cover(
	const struct port_range *a, size_t a_count, const struct port_range *b, size_t b_count)
{
	size_t i = 0;

	if (!a_count || !b_count)
		return !a_count;
	for (size_t j = 0; j < b_count; j++) {
		while (i < a_count && a[i].to < b[j].from)
			i++;
		if (i == a_count || a[i].from > b[j].from || a[i].to < b[j].to)
			return false;
	}
	return true;
}

static bool ports_meet(
	const struct port_range *a, size_t a_count, const struct port_range *b, size_t b_count)
{
	for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
		if (a[i].to < b[j].from)
			i++;
		else if (b[j].to < a[i].from)
			j++;
		else
			return true;
	}
	return !a_count || !b_count;
}

/* ---- rules ---- */

/* Whether every connection between the ends of @b is one between the ends of @a. */
static bool ends_cover(const struct rule *a, const struct rule *b)
{
	return (a->direction & b->direction) == b->direction &&
	       ports_cover(a->remote_ports, a->remote_port_count, b->remote_ports,
		       b->remote_port_count) &&
	       ports_cover(
		       a->local_ports, a->local_port_count, b->local_ports, b->local_port_count) &&
	       addrs_cover(a->remote_addrs, a->remote_addr_count, b->remote_addrs,
		       b->remote_addr_count) &&
	       addrs_cover(
		       a->local_addrs, a->local_addr_count, b->local_addrs, b->local_addr_count);
}

static bool ends_meet(const struct rule *a, const struct rule *b)
{
	return (a->direction & b->direction) && interfaces_meet(a->interfaces, b->interfaces) &&
	       ports_meet(a->remote_ports, a->remote_port_count, b->remote_ports,
		       b->remote_port_count) &&
	       ports_meet(
		       a->local_ports, a->local_port_count, b->local_ports, b->local_port_count) &&
	       addrs_meet(a->remote_addrs, a->remote_addr_count, b->remote_addrs,
		       b->remote_addr_count) &&
	       addrs_meet(a->local_addrs, a->local_addr_count, b->local_addrs, b->local_addr_count);
}

/* Whether @a asks nothing of @key, or the same as @b. */
static bool written_covers(const struct rule *a, const struct rule *b, const char *key)
{
	const char *asked = ini_get(a->written, key), *other = ini_get(b->written, key);

	return !asked || (other && strcmp(asked, other) == 0);
}

static bool owner_covers(const struct rule *a, const struct rule *b)
{
	if (a->has_userid && (!b->has_userid || strcmp(a->userid, b->userid) != 0))
		return false;
	return written_covers(a, b, "jobname") && written_covers(a, b, "inside_interface");
}

static bool is_always(const struct rule *r)
{
	return !r->schedule_count;
}

/* Whether @a takes each connection that would come to @b after it. */
static bool hides(const struct rule *a, const struct rule *b)
{
	return is_always(a) && ends_cover(a, b) && owner_covers(a, b);
}

static void review_pair(const struct rule *a, const struct rule *b, struct err_list *err)
{
	if (hides(a, b))
		ini_warn(err, b->written, NULL,
			"no connection reaches it: [rule %s] takes them all before", a->name);
	else if (a->priority == b->priority && a->action != b->action && ends_meet(a, b))
		ini_warn(err, b->written, "priority",
			"is that of [rule %s], which takes some of the same connections: only "
			"their names decide",
			a->name);
}

/* What @r does not take outside of its time: the first later rule that takes it all, or none. */
static void review_time(const struct policy *p, const struct rule *r, struct err_list *err)
{
	if (is_always(r) || r->action->mode == ACTION_PASS || p->unmatched_reject)
		return;
	for (size_t i = r->place + 1; i < p->rule_count; i++) {
		if (hides(p->rules[i], r))
			return;
	}
	ini_warn(err, r->written, "time",
		"outside of it no rule takes all of these connections, and they go on in clear "
		"(unmatched = pass); put a rule with tls = reject below");
}

void policy_review(const struct policy *p, size_t most, struct err_list *err)
{
	size_t before = err->warning_count;

	if (p->rule_count > most) {
		err_warn(err,
			"more than %zu rules: whether they hide each other has not been looked at",
			most);
		return;
	}
	for (size_t j = 0; j < p->rule_count; j++) {
		size_t said = err->warning_count;

		review_time(p, p->rules[j], err);
		for (size_t i = 0; i < j && err->warning_count == said; i++)
			review_pair(p->rules[i], p->rules[j], err);
		if (err->warning_count - before >= REVIEW_WARNINGS) {
			err_warn(err, "more of this kind is not listed");
			return;
		}
	}
}

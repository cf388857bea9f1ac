/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - rules compiled into a decision: which rule takes a connection, and what it then gets
 *
 * A policy is immutable and reference-counted: loaded whole or not at all, shared by all threads,
 * kept by each flow that was mapped with it. Matching allocates nothing and calls nothing.
 */
#ifndef ATTLS_RULES_POLICY_H
#define ATTLS_RULES_POLICY_H

#include "base/clock.h"
#include "base/err.h"
#include "gateway/packet/addr.h"
#include "gateway/tls/profile.h"
#include "rules/owner.h"
#include "rules/parameter.h"

#include <stdint.h>
#include <stdio.h>

/* Who opened the connection: outbound is the plain side (AT-TLS Direction). */
enum direction { DIRECTION_OUTBOUND = 1, DIRECTION_INBOUND = 2, DIRECTION_BOTH = 3 };

enum action_mode { ACTION_TLS, ACTION_PASS, ACTION_REJECT }; /* tls = on, off, reject */

/* Ports @from to @to inclusive. */
struct port_range {
	uint16_t from;
	uint16_t to;
};

/* User ids @from to @to inclusive. */
struct uid_range {
	uid_t from;
	uid_t to;
};

/* One alternative of a jobname condition: what it asks for, and a pattern whose wildcard is "*". */
struct job {
	enum owner_fact fact;
	char *pattern;
};

/* What a rule does with a connection of which it cannot tell whether it holds. */
enum on_unknown { ON_UNKNOWN_NO_MATCH, ON_UNKNOWN_MATCH, ON_UNKNOWN_REJECT };

/* What becomes of a rule's connections when a policy without the rule comes into force. */
enum on_removal { ON_REMOVAL_KEEP, ON_REMOVAL_DRAIN, ON_REMOVAL_RESET };

/* What a connection gets (AT-TLS group, environment and connection action in one). */
struct action {
	char *name;
	enum action_mode mode;
	char *ring;   /* "NAME" (of the owner's user), "OWNER/NAME", or NULL: [gateway] ring */
	char *label;  /* one or more, see name_next(); NULL: the default of the ring */
	char *permit; /* as written, for people; NULL: not written */
	char *level;  /* name of its [level], NULL without; for people */
	usec_t handshake_timeout;
	struct profile profile; /* mode ACTION_TLS only */
	uint64_t digest;        /* of all of it: whether two policies mean the same by its name */
	struct parameter_set parameters;
	const struct ini_section *written; /* all that was written of it, each entry's origin too */
	const struct ini_section *level_written; /* likewise of its level */
};

struct schedule; /* rules/schedule.h */

/* When a rule takes a connection (AT-TLS TTLSRule). Empty lists match everything. */
struct rule {
	char *name;
	char *file; /* where it was written, for people */
	int line;
	uint32_t priority; /* 1 to 2000000000, higher first; ties by name */
	enum direction direction;
	struct addr_range *local_addrs;
	size_t local_addr_count;
	struct addr_range *remote_addrs;
	size_t remote_addr_count;
	struct port_range *local_ports;
	size_t local_port_count;
	struct port_range *remote_ports;
	size_t remote_port_count;
	struct uid_range *uids; /* userid, resolved when loaded */
	size_t uid_count;
	bool has_userid; /* a userid condition is there, even if no account fits it now */
	char *userid;    /* that condition as written, NULL without */
	struct job *jobs;
	size_t job_count;  /* 0: no jobname condition */
	char **interfaces; /* inside_interface: names and patterns, NULL-terminated; NULL: any */
	const struct schedule **schedules;
	size_t schedule_count; /* 0: at any time */
	enum on_unknown on_unknown;
	enum on_removal on_removal;
	const struct action *action;
	const struct ini_section *written; /* likewise, for people */
	size_t place;        /* in policy->rules: the rule's slot in arrays of counters */
	_Atomic bool active; /* its time conditions hold, as policy_activate() found last */
};

/* Which time counts: now, as the rules' active bits say it; a given one; or it is not known. */
enum query_time { QUERY_NOW, QUERY_AT, QUERY_EVER };

/* A connection to be mapped. */
struct query {
	struct tuple tuple;
	enum direction direction; /* one of the two, never both */
	struct owner owner;
	const char *inside_interface; /* router: where the plain side comes in; NULL: not known */
	enum query_time when;
	int64_t at; /* QUERY_AT: seconds since the epoch */
};

/* A rule's slot in an array of counters, at rule->place; whoever counts has an array of its own. */
struct rule_use {
	uint64_t hits;    /* connections mapped to it */
	usec_t last_used; /* when the last of them was, on the monotonic clock; 0: never */
};

struct policy {
	/* Everything below is read-only after policy_load(), but for the rules' active bits. */
	struct rule **rules; /* in order of search */
	size_t rule_count;
	struct policy_index *index; /* finds rules faster; NULL: all are looked at */
	struct action **actions;
	size_t action_count;
	struct schedule **schedules; /* [time NAME] */
	size_t schedule_count;
	struct sources *sources; /* the text that it was made of */
	struct sources *predefined;
	bool asks_interface;   /* some rule has inside_interface */
	unsigned asks_owner;   /* what the rules together ask of an owner, of enum owner_fact */
	uint64_t generation;   /* set once by whoever puts it in force */
	bool unmatched_reject; /* a copy of the setting */
	_Atomic unsigned references;
};

/* What mapping a connection came to. */
enum outcome { OUTCOME_RULE, OUTCOME_UNMATCHED, OUTCOME_UNKNOWN_REJECT };

/**
 * policy_load() - read rules from one file, or every *.ini of a directory in order of name
 * @err: every problem of every file, each with file, line, section, key and remedy
 * Return: with one reference, or NULL if there was any error.
 */
struct policy *policy_load(const char *path, struct err_list *err);

/** policy_load_files() - the same from @count given files or directories */
struct policy *policy_load_files(const char *const *paths, size_t count, struct err_list *err);

/**
 * policy_activate() - judge the time conditions and publish which rules are active
 * For one thread, the main one: others see a rule's bit change at once and read no clock.
 * @now: seconds since the epoch. policy_load() has done this for the time of loading.
 * Return: when to call again at the latest, seconds since the epoch; INT64_MAX: never. Call again
 *   too when the clock was set.
 */
int64_t policy_activate(struct policy *p, int64_t now);

struct policy *policy_get(struct policy *p);
void policy_put(struct policy *p);

/**
 * policy_match() - map a connection
 * @rule: set to the rule that takes it, NULL unless OUTCOME_RULE or OUTCOME_UNKNOWN_REJECT
 *
 * A condition that cannot be evaluated (userid with the owner unknown) is unknown, not false:
 * where everything else of the rule holds, its on_unknown decides. Rules that are not active fail.
 */
enum outcome policy_match(const struct policy *p, const struct query *q, const struct rule **rule);

/** rule_asks_owner() - the facts that the userid and jobname of @r are about */
unsigned rule_asks_owner(const struct rule *r);

/**
 * policy_wants_owner() - what could decide of the owner that @q does not know yet
 * Ask for the cheap facts first (OWNER_OF_SOCKET): with them the answer often is 0.
 * Return: bits of enum owner_fact.
 */
unsigned policy_wants_owner(const struct policy *p, const struct query *q);

/**
 * policy_may_protect() - whether a connection seen in mid-stream must not simply be passed
 * True where a rule with tls = on or reject could take it, or where nothing takes it and
 * unmatched = reject. Ignores what cannot be known of it any more (time; owner where unknown).
 * @q->direction may be DIRECTION_BOTH: who opened it is not known.
 */
bool policy_may_protect(const struct policy *p, const struct query *q);

/* Called by policy_explain() for each rule passed over: the first condition that failed. */
struct explanation {
	const struct rule *rule;
	const char *condition; /* key name as in the file, static */
};

/**
 * policy_explain() - policy_match() with the rules passed over
 * @passed: array for policy->rule_count entries, filled; @count set
 */
enum outcome policy_explain(const struct policy *p, const struct query *q, const struct rule **rule,
	struct explanation *passed, size_t *count);

/** action_digest() - of everything that makes @a what it is */
uint64_t action_digest(const struct action *a);

/** action_digest_format() - that of a compiled @a as text. Return: @buf */
enum { ACTION_DIGEST_TEXT = 17 };
const char *action_digest_format(const struct action *a, char buf[ACTION_DIGEST_TEXT]);

/**
 * policy_review() - warn of what is allowed and hardly meant
 * Rules that no connection reaches, rules of one priority whose order only their names decide, and
 * rules outside of whose time a connection would go on in clear. Knows [gateway] unmatched by
 * p->unmatched_reject.
 * @most: rules, of which every pair is compared; where there are more, that alone is said
 */
void policy_review(const struct policy *p, size_t most, struct err_list *err);

/* A load must not take long, and a person who asks can wait for a second or two. */
enum { REVIEW_LOAD = 2000, REVIEW_CHECK = 20000 };

/** policy_print() - write the policy as INI that loads back to the same policy */
void policy_print(const struct policy *p, FILE *out);

#endif

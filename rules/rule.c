/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rule.c - [rule NAME]: when a rule takes a connection */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/interface.h"
#include "rules/job.h"
#include "rules/loader.h"

enum { PRIORITY_MAX = 2000000000 }; /* AT-TLS Priority */

static struct rule *rule_of(struct reader *r)
{
	return ((struct object *)r->object)->u.rule;
}

static void read_priority(struct reader *r, const char *key, const char *value)
{
	uint64_t n;

	if (reader_number(r, key, value, 1, PRIORITY_MAX, &n))
		rule_of(r)->priority = (uint32_t)n;
}

static void read_direction(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {"outbound", "inbound", "both", NULL};
	size_t i;

	_Static_assert(DIRECTION_OUTBOUND == 1 && DIRECTION_INBOUND == 2 && DIRECTION_BOTH == 3,
		"in the order of the words, from 1");
	if (reader_word(r, key, value, words, &i))
		rule_of(r)->direction = (enum direction)(i + 1);
}

static void read_addr(struct reader *r, const char *key, const char *value)
{
	struct rule *rule = rule_of(r);
	struct addr_set set = {0};

	addresses_add(r, key, value, true, &set);
	if (strcmp(key, "local_addr") == 0) {
		rule->local_addrs = set.items;
		rule->local_addr_count = set.count;
	} else {
		rule->remote_addrs = set.items;
		rule->remote_addr_count = set.count;
	}
}

static void read_port(struct reader *r, const char *key, const char *value)
{
	struct rule *rule = rule_of(r);
	struct port_set set = {0};

	ports_add(r, key, value, true, &set);
	if (strcmp(key, "local_port") == 0) {
		rule->local_ports = set.items;
		rule->local_port_count = set.count;
	} else {
		rule->remote_ports = set.items;
		rule->remote_port_count = set.count;
	}
}

static void read_userid(struct reader *r, const char *key, const char *value)
{
	struct rule *rule = rule_of(r);
	struct uid_set set = {0};

	users_add(r, key, value, &set);
	rule->uids = set.items;
	rule->uid_count = set.count;
	rule->has_userid = true;
	rule->userid = reader_strdup(value);
}

static void read_jobname(struct reader *r, const char *key, const char *value)
{
	struct rule *rule = rule_of(r);

	rule->jobs = jobs_read(r, key, value, &rule->job_count);
}

static void read_interfaces(struct reader *r, const char *key, const char *value)
{
	rule_of(r)->interfaces = interfaces_read(r, key, value);
}

static void read_time(struct reader *r, const char *key, const char *value)
{
	struct rule *rule = rule_of(r);
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		struct object *o = loader_find(r, key, OBJECT_TIME, list.items[i]);

		if (!o)
			continue;
		rule->schedules = reader_append(
			rule->schedules, rule->schedule_count, sizeof(*rule->schedules));
		rule->schedules[rule->schedule_count++] = o->u.schedule;
	}
	reader_list_free(&list);
}

static void read_on_unknown(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {
		[ON_UNKNOWN_NO_MATCH] = "no-match",
		[ON_UNKNOWN_MATCH] = "match",
		[ON_UNKNOWN_REJECT] = "reject",
		NULL,
	};
	size_t i;

	if (reader_word(r, key, value, words, &i))
		rule_of(r)->on_unknown = (enum on_unknown)i;
}

static void read_on_removal(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {
		[ON_REMOVAL_KEEP] = "keep",
		[ON_REMOVAL_DRAIN] = "drain",
		[ON_REMOVAL_RESET] = "reset",
		NULL,
	};
	size_t i;

	if (reader_word(r, key, value, words, &i))
		rule_of(r)->on_removal = (enum on_removal)i;
}

static void read_action(struct reader *r, const char *key, const char *value)
{
	struct object *o = loader_find(r, key, OBJECT_ACTION, value);

	if (o && o->u.action && o->inherited && !o->complete)
		ini_error(r->err, r->section, key,
			"[action %s] is for others to inherit: it says nothing of tls or role",
			value);
	else if (o)
		rule_of(r)->action = o->u.action;
}

/* Those from direction to inside_interface may stand in a [traffic] as well. */
enum { FIRST_CONDITION = 1, CONDITIONS = 8 };

static const struct reader_key rule_keys[] = {
	{"priority", read_priority},
	{"direction", read_direction},
	{"local_addr", read_addr},
	{"remote_addr", read_addr},
	{"local_port", read_port},
	{"remote_port", read_port},
	{"userid", read_userid},
	{"jobname", read_jobname},
	{"inside_interface", read_interfaces},
	{"time", read_time},
	{"on_unknown", read_on_unknown},
	{"on_removal", read_on_removal},
	{"action", read_action},
	{"traffic", read_nothing},
	{"requirements", read_nothing},
};

/* Bit 0: has IPv4, bit 1: has IPv6. No list at all has both. */
static unsigned families(const struct addr_range *items, size_t count)
{
	unsigned bits = count ? 0 : 3;

	for (size_t i = 0; i < count; i++)
		bits |= items[i].from.family == 4 ? 1 : 2;
	return bits;
}

static void rule_complete(struct reader *r, struct rule *rule)
{
	reader_needs(r, "direction", "outbound, inbound or both");
	reader_needs(r, "action", "the name of an [action]");
	if (!rule->local_addr_count && !rule->remote_addr_count && !rule->local_port_count &&
		!rule->remote_port_count && !rule->has_userid && !rule->job_count &&
		!rule->interfaces && !rule->schedule_count)
		ini_error(r->err, r->section, NULL,
			"needs a condition besides direction; remote_addr = any takes everything");
	if (!(families(rule->local_addrs, rule->local_addr_count) &
		    families(rule->remote_addrs, rule->remote_addr_count)))
		ini_error(r->err, r->section, "remote_addr",
			"one of local_addr and remote_addr is IPv4, the other IPv6: this never "
			"matches");
	if (!ini_get(r->section, "on_unknown") && rule->action && rule->action->mode == ACTION_TLS)
		rule->on_unknown = ON_UNKNOWN_REJECT;
}

static struct rule *rule_new(struct reader *r)
{
	struct rule *rule = reader_alloc(NULL, sizeof(*rule));

	*rule = (struct rule){
		.name = reader_strdup(r->section->name),
		.file = reader_strdup(r->section->file),
		.line = r->section->line,
		.written = r->section,
		.priority = 1,
		.direction = DIRECTION_BOTH,
		.active = true,
	};
	((struct object *)r->object)->u.rule = rule;
	return rule;
}

void rule_read(struct reader *r)
{
	struct rule *rule = rule_new(r);
	size_t before = r->err->said;

	reader_keys(r, rule_keys, sizeof(rule_keys) / sizeof(rule_keys[0]));
	if (r->err->said == before)
		rule_complete(r, rule);
}

void traffic_read(struct reader *r)
{
	rule_new(r);
	reader_keys(r, rule_keys + FIRST_CONDITION, CONDITIONS);
}

bool rule_has_key(const char *key)
{
	for (size_t i = 0; i < sizeof(rule_keys) / sizeof(rule_keys[0]); i++) {
		if (strcasecmp(rule_keys[i].name, key) == 0)
			return true;
	}
	return false;
}

void rule_free(struct rule *rule)
{
	if (!rule)
		return;
	free(rule->name);
	free(rule->file);
	free(rule->local_addrs);
	free(rule->remote_addrs);
	free(rule->local_ports);
	free(rule->remote_ports);
	free(rule->uids);
	free(rule->userid);
	jobs_free(rule->jobs, rule->job_count);
	interfaces_free(rule->interfaces);
	free(rule->schedules);
	free(rule);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_visit.c - a compiled policy taken apart into sections, keys and values */
#include <openssl/tls1.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rules/job.h"
#include "rules/reader.h"
#include "rules/schedule.h"
#include "rules/suite.h"
#include "rules/visit.h"

FILE *visit_begin(struct visitor *v, const char *key)
{
	v->key = key;
	v->out = open_memstream(&v->text, &v->len);
	if (!v->out)
		abort();
	return v->out;
}

void visit_end(struct visitor *v)
{
	fclose(v->out);
	v->value(v, v->key, v->text);
	free(v->text);
}

void visit_format(struct visitor *v, const char *key, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(visit_begin(v, key), fmt, args);
	va_end(args);
	visit_end(v);
}

static void visit_addrs(
	struct visitor *v, const char *key, const struct addr_range *items, size_t count)
{
	char text[2 * ADDR_TEXT];
	FILE *out;

	if (!count)
		return;
	out = visit_begin(v, key);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? ", " : "", addr_range_format(&items[i], text));
	visit_end(v);
}

static void visit_ports(
	struct visitor *v, const char *key, const struct port_range *items, size_t count)
{
	FILE *out;

	if (!count)
		return;
	out = visit_begin(v, key);
	for (size_t i = 0; i < count; i++) {
		if (items[i].from == 0)
			fputs("any", out);
		else if (items[i].from == items[i].to)
			fprintf(out, "%s%u", i ? ", " : "", items[i].from);
		else
			fprintf(out, "%s%u-%u", i ? ", " : "", items[i].from, items[i].to);
	}
	visit_end(v);
}

static void visit_jobs(struct visitor *v, const struct rule *r)
{
	FILE *out;

	if (!r->job_count)
		return;
	out = visit_begin(v, "jobname");
	for (size_t i = 0; i < r->job_count; i++) {
		fputs(i ? ", " : "", out);
		job_write(&r->jobs[i], out);
	}
	visit_end(v);
}

static void visit_interfaces(struct visitor *v, const struct rule *r)
{
	FILE *out;

	if (!r->interfaces)
		return;
	out = visit_begin(v, "inside_interface");
	for (char **name = r->interfaces; *name; name++)
		fprintf(out, "%s%s", name == r->interfaces ? "" : ", ", *name);
	visit_end(v);
}

static void visit_times(struct visitor *v, const struct rule *r)
{
	FILE *out;

	if (!r->schedule_count)
		return;
	out = visit_begin(v, "time");
	for (size_t i = 0; i < r->schedule_count; i++)
		fprintf(out, "%s%s", i ? ", " : "", r->schedules[i]->name);
	visit_end(v);
}

/* What is only told where it is not the default, or all is told. */
static void visit_choices(struct visitor *v, const struct rule *r)
{
	static const char *const on_unknown[] = {
		[ON_UNKNOWN_NO_MATCH] = "no-match",
		[ON_UNKNOWN_MATCH] = "match",
		[ON_UNKNOWN_REJECT] = "reject",
	};
	static const char *const on_removal[] = {
		[ON_REMOVAL_KEEP] = "keep",
		[ON_REMOVAL_DRAIN] = "drain",
		[ON_REMOVAL_RESET] = "reset",
	};
	enum on_unknown usual =
		r->action->mode == ACTION_TLS ? ON_UNKNOWN_REJECT : ON_UNKNOWN_NO_MATCH;

	if (v->default_ring || r->on_unknown != usual)
		v->value(v, "on_unknown", on_unknown[r->on_unknown]);
	if (v->default_ring || r->on_removal != ON_REMOVAL_KEEP)
		v->value(v, "on_removal", on_removal[r->on_removal]);
}

static void visit_rule(struct visitor *v, const struct rule *r)
{
	static const char *const directions[] = {
		[DIRECTION_OUTBOUND] = "outbound",
		[DIRECTION_INBOUND] = "inbound",
		[DIRECTION_BOTH] = "both",
	};

	v->section(v, "rule", r->name, r->written);
	visit_format(v, "priority", "%u", r->priority);
	v->value(v, "direction", directions[r->direction]);
	visit_addrs(v, "local_addr", r->local_addrs, r->local_addr_count);
	visit_addrs(v, "remote_addr", r->remote_addrs, r->remote_addr_count);
	visit_ports(v, "local_port", r->local_ports, r->local_port_count);
	visit_ports(v, "remote_port", r->remote_ports, r->remote_port_count);
	if (r->userid)
		v->value(v, "userid", r->userid);
	visit_jobs(v, r);
	visit_interfaces(v, r);
	visit_times(v, r);
	visit_choices(v, r);
	v->value(v, "action", r->action->name);
}

/* The IANA name of each of the ':'-joined @openssl. Return: the separator to go on with */
static const char *write_suites(FILE *out, const char *openssl, const char *separator)
{
	char *copy = reader_strdup(openssl), *rest = copy, *name;

	while ((name = strsep(&rest, ":"))) {
		const struct suite *suite = suite_find_openssl(name);

		fprintf(out, "%s%s", separator, suite ? suite->name : name);
		separator = ", ";
	}
	free(copy);
	return separator;
}

static void visit_ciphers(struct visitor *v, const struct profile *p)
{
	const char *tls13 = p->ciphers13, *tls12 = p->ciphers12, *separator = "";
	FILE *out;

	if (!tls13 && !tls12 && v->default_ring) {
		tls13 = p->max_version == TLS1_3_VERSION ? PROFILE_CIPHERS13 : NULL;
		tls12 = p->min_version == TLS1_2_VERSION ? PROFILE_CIPHERS12 : NULL;
	}
	if (!tls13 && !tls12)
		return;
	out = visit_begin(v, "ciphers");
	if (tls13)
		separator = write_suites(out, tls13, separator);
	if (tls12)
		write_suites(out, tls12, separator);
	visit_end(v);
}

static void visit_groups(struct visitor *v, const struct profile *p)
{
	const char *groups = p->groups ? p->groups : v->default_ring ? PROFILE_GROUPS : NULL;
	FILE *out;

	if (!groups)
		return;
	out = visit_begin(v, "groups");
	for (const char *c = groups; *c; c++) {
		if (*c == ':')
			fputs(", ", out);
		else
			fputc(*c, out);
	}
	visit_end(v);
}

static void visit_strength(struct visitor *v, const struct profile *p)
{
	visit_format(v, "versions", "%s%s%s", p->min_version == TLS1_2_VERSION ? "TLSv1.2" : "",
		p->min_version < p->max_version ? ", " : "",
		p->max_version == TLS1_3_VERSION ? "TLSv1.3" : "");
	visit_ciphers(v, p);
	visit_groups(v, p);
	if (v->default_ring || p->min_key != PROFILE_MIN_KEY)
		visit_format(v, "min_key", "%u", p->min_key);
}

static void visit_parameters(
	struct visitor *v, enum parameter_place place, const struct parameter_set *set)
{
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		if (parameters[i].place == place && set->values[i].text)
			v->value(v, parameters[i].key, set->values[i].text);
	}
}

static bool has_level(const struct action *a)
{
	return a->mode == ACTION_TLS && a->level;
}

static void visit_level(struct visitor *v, const struct action *a)
{
	v->section(v, "level", a->level, a->level_written);
	visit_strength(v, &a->profile);
	visit_parameters(v, PARAMETER_OF_LEVEL, &a->parameters);
}

/* The common name is a parameter of its own. */
static void visit_references(struct visitor *v, const struct profile *p)
{
	const char *separator = "";
	char text[ADDR_TEXT];
	FILE *out;

	if (p->references[0].kind == REFERENCE_CN)
		return;
	out = visit_begin(v, "reference_id");
	for (size_t i = 0; i < p->reference_count; i++) {
		const struct reference_id *id = &p->references[i];

		switch (id->kind) {
		case REFERENCE_DNS: fprintf(out, "%s%s", separator, id->name); break;
		case REFERENCE_ADDR:
			fprintf(out, "%s%s", separator, addr_format(&id->addr, text));
			break;
		case REFERENCE_REMOTE_IP: fprintf(out, "%sremote-ip", separator); break;
		case REFERENCE_ANY: fprintf(out, "%sany", separator); break;
		case REFERENCE_CN: break;
		}
		separator = ", ";
	}
	visit_end(v);
}

static void visit_peer(struct visitor *v, const struct profile *p)
{
	visit_references(v, p);
	v->value(v, "sni", p->sni ? p->sni : "none");
}

static void visit_tls(struct visitor *v, const struct action *a)
{
	const char *ring = a->ring ? a->ring : v->default_ring;

	v->value(v, "role", a->profile.role == TLS_ROLE_CLIENT ? "client" : "server");
	if (ring)
		v->value(v, "ring", ring);
	if (a->label)
		v->value(v, "label", a->label);
	if (a->level)
		v->value(v, "level", a->level);
	else if (v->default_ring)
		visit_strength(v, &a->profile);
	if (a->permit)
		v->value(v, "permit", a->permit);
	if (a->profile.role == TLS_ROLE_CLIENT)
		visit_peer(v, &a->profile);
	visit_format(
		v, "handshake_timeout", "%lldms", (long long)(a->handshake_timeout / USEC_MSEC));
	visit_format(v, "session_timeout", "%us", a->profile.session_timeout);
	visit_parameters(v, PARAMETER_OF_ACTION, &a->parameters);
}

static void visit_action(struct visitor *v, const struct action *a)
{
	static const char *const modes[] = {
		[ACTION_TLS] = "on",
		[ACTION_PASS] = "off",
		[ACTION_REJECT] = "reject",
	};

	v->section(v, "action", a->name, a->written);
	v->value(v, "tls", modes[a->mode]);
	if (a->mode == ACTION_TLS)
		visit_tls(v, a);
}

void policy_visit_action(const struct action *a, struct visitor *v)
{
	visit_action(v, a);
	if (has_level(a))
		visit_level(v, a);
}

void policy_visit_rule(const struct rule *rule, struct visitor *v)
{
	visit_rule(v, rule);
	for (size_t i = 0; i < rule->schedule_count; i++)
		schedule_visit(rule->schedules[i], v);
	policy_visit_action(rule->action, v);
}

/* Whether an earlier action has the level of action @index, which then was visited already. */
static bool level_was_visited(const struct policy *p, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		const struct action *a = p->actions[i];

		if (has_level(a) && strcmp(a->level, p->actions[index]->level) == 0)
			return true;
	}
	return false;
}

void policy_visit(const struct policy *p, struct visitor *v)
{
	for (size_t i = 0; i < p->rule_count; i++)
		visit_rule(v, p->rules[i]);
	for (size_t i = 0; i < p->schedule_count; i++)
		schedule_visit(p->schedules[i], v);
	for (size_t i = 0; i < p->action_count; i++)
		visit_action(v, p->actions[i]);
	for (size_t i = 0; i < p->action_count; i++) {
		if (has_level(p->actions[i]) && !level_was_visited(p, i))
			visit_level(v, p->actions[i]);
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_print.c - a compiled policy as INI that loads back to the same policy */
#include <openssl/tls1.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "rules/job.h"
#include "rules/reader.h"
#include "rules/schedule.h"
#include "rules/suite.h"

/* "key = value", quoted where the reader would take a part of the value for a comment. */
static void print_value(FILE *out, const char *key, const char *value)
{
	bool padded = *value == ' ' || *value == '\t' ||
		      (*value && strchr(" \t\\", value[strlen(value) - 1]));
	const char *quote = "";

	if (padded || strpbrk(value, "#;\"'"))
		quote = strchr(value, '"') ? "'" : "\"";
	if (strchr(value, '"') && strchr(value, '\''))
		quote = ""; /* can only have been written without quotes */
	fprintf(out, "%s = %s%s%s\n", key, quote, value, quote);
}

static void print_addrs(FILE *out, const char *key, const struct addr_range *items, size_t count)
{
	char text[2 * ADDR_TEXT];

	if (!count)
		return;
	fprintf(out, "%s = ", key);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i ? ", " : "", addr_range_format(&items[i], text));
	fputc('\n', out);
}

static void print_ports(FILE *out, const char *key, const struct port_range *items, size_t count)
{
	if (!count)
		return;
	fprintf(out, "%s = ", key);
	for (size_t i = 0; i < count; i++) {
		if (items[i].from == 0)
			fprintf(out, "any");
		else if (items[i].from == items[i].to)
			fprintf(out, "%s%u", i ? ", " : "", items[i].from);
		else
			fprintf(out, "%s%u-%u", i ? ", " : "", items[i].from, items[i].to);
	}
	fputc('\n', out);
}

static void print_jobs(FILE *out, const struct rule *r)
{
	char *value = NULL;
	size_t len;
	FILE *list = open_memstream(&value, &len);

	if (!list)
		abort();
	for (size_t i = 0; i < r->job_count; i++) {
		fputs(i ? ", " : "", list);
		job_write(&r->jobs[i], list);
	}
	fclose(list);
	if (r->job_count)
		print_value(out, "jobname", value);
	free(value);
}

static void print_rule(const struct rule *r, FILE *out)
{
	static const char *const directions[] = {
		[DIRECTION_OUTBOUND] = "outbound",
		[DIRECTION_INBOUND] = "inbound",
		[DIRECTION_BOTH] = "both",
	};
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

	fprintf(out, "[rule %s]\n", r->name);
	fprintf(out, "priority = %u\n", r->priority);
	fprintf(out, "direction = %s\n", directions[r->direction]);
	print_addrs(out, "local_addr", r->local_addrs, r->local_addr_count);
	print_addrs(out, "remote_addr", r->remote_addrs, r->remote_addr_count);
	print_ports(out, "local_port", r->local_ports, r->local_port_count);
	print_ports(out, "remote_port", r->remote_ports, r->remote_port_count);
	if (r->userid)
		print_value(out, "userid", r->userid);
	print_jobs(out, r);
	for (size_t i = 0; i < r->schedule_count; i++)
		fprintf(out, "%s%s", i ? ", " : "time = ", r->schedules[i]->name);
	if (r->schedule_count)
		fputc('\n', out);
	if (r->on_unknown != (r->action->mode == ACTION_TLS ? ON_UNKNOWN_REJECT : 0))
		fprintf(out, "on_unknown = %s\n", on_unknown[r->on_unknown]);
	if (r->on_removal != ON_REMOVAL_KEEP)
		fprintf(out, "on_removal = %s\n", on_removal[r->on_removal]);
	fprintf(out, "action = %s\n\n", r->action->name);
}

/* The IANA name of each of the ':'-joined @openssl. Return: the separator to go on with */
static const char *print_suites(FILE *out, const char *openssl, const char *separator)
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

static void print_parameters(enum parameter_place place, const struct parameter_set *set, FILE *out)
{
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		if (parameters[i].place == place && set->values[i].text)
			print_value(out, parameters[i].key, set->values[i].text);
	}
}

static void print_level(const struct action *a, FILE *out)
{
	const struct profile *p = &a->profile;
	const char *separator = "ciphers = ";

	fprintf(out, "[level %s]\n", a->level);
	fprintf(out, "versions = %s%s%s\n", p->min_version == TLS1_2_VERSION ? "TLSv1.2" : "",
		p->min_version < p->max_version ? ", " : "",
		p->max_version == TLS1_3_VERSION ? "TLSv1.3" : "");
	if (p->ciphers13)
		separator = print_suites(out, p->ciphers13, separator);
	if (p->ciphers12)
		print_suites(out, p->ciphers12, separator);
	if (p->ciphers12 || p->ciphers13)
		fputc('\n', out);
	if (p->groups) {
		fputs("groups = ", out);
		for (const char *c = p->groups; *c; c++) {
			if (*c == ':')
				fputs(", ", out);
			else
				fputc(*c, out);
		}
		fputc('\n', out);
	}
	print_parameters(PARAMETER_OF_LEVEL, &a->parameters, out);
	fputc('\n', out);
}

static void print_references(const struct profile *p, FILE *out)
{
	char text[ADDR_TEXT];

	fputs("reference_id = ", out);
	for (size_t i = 0; i < p->reference_count; i++) {
		const struct reference_id *id = &p->references[i];

		fputs(i ? ", " : "", out);
		switch (id->kind) {
		case REFERENCE_DNS: fputs(id->name, out); break;
		case REFERENCE_ADDR: fputs(addr_format(&id->addr, text), out); break;
		case REFERENCE_REMOTE_IP: fputs("remote-ip", out); break;
		case REFERENCE_ANY: fputs("any", out); break;
		}
	}
	fprintf(out, "\nsni = %s\n", p->sni ? p->sni : "none");
}

static void print_action(const struct action *a, FILE *out)
{
	static const char *const modes[] = {
		[ACTION_TLS] = "on",
		[ACTION_PASS] = "off",
		[ACTION_REJECT] = "reject",
	};

	fprintf(out, "[action %s]\ntls = %s\n", a->name, modes[a->mode]);
	if (a->mode == ACTION_TLS) {
		fprintf(out, "role = %s\n",
			a->profile.role == TLS_ROLE_CLIENT ? "client" : "server");
		if (a->ring)
			print_value(out, "ring", a->ring);
		if (a->label)
			print_value(out, "label", a->label);
		if (a->level)
			fprintf(out, "level = %s\n", a->level);
		if (a->profile.role == TLS_ROLE_CLIENT)
			print_references(&a->profile, out);
		fprintf(out, "handshake_timeout = %lldms\n",
			(long long)(a->handshake_timeout / USEC_MSEC));
		fprintf(out, "session_timeout = %us\n", a->profile.session_timeout);
		print_parameters(PARAMETER_OF_ACTION, &a->parameters, out);
	}
	fputc('\n', out);
}

uint64_t action_digest(const struct action *a)
{
	static const struct siphash_key key; /* no secret: nobody gains by a collision */
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	uint64_t digest;

	if (!out)
		abort();
	print_action(a, out);
	if (a->mode == ACTION_TLS && a->level)
		print_level(a, out);
	fclose(out);
	digest = siphash(&key, span_of(text, len));
	free(text);
	return digest;
}

/* Whether an earlier action has the level of action @index, which is then printed already. */
static bool level_is_printed(const struct policy *p, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		const struct action *a = p->actions[i];

		if (a->mode == ACTION_TLS && a->level &&
			strcmp(a->level, p->actions[index]->level) == 0)
			return true;
	}
	return false;
}

void policy_print(const struct policy *p, FILE *out)
{
	for (size_t i = 0; i < p->rule_count; i++)
		print_rule(p->rules[i], out);
	for (size_t i = 0; i < p->schedule_count; i++)
		schedule_print(p->schedules[i], out);
	for (size_t i = 0; i < p->action_count; i++)
		print_action(p->actions[i], out);
	for (size_t i = 0; i < p->action_count; i++) {
		const struct action *a = p->actions[i];

		if (a->mode == ACTION_TLS && a->level && !level_is_printed(p, i))
			print_level(a, out);
	}
}

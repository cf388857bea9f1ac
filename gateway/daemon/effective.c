/* SPDX-License-Identifier: GPL-3.0-or-later */
/* effective.c - what the policy in force says, value by value, with where each comes from */
#include "gateway/daemon/effective.h"

#include "base/json_text.h"
#include "rules/section.h"
#include "rules/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct describer {
	struct visitor visitor;
	const char *ini; /* attls.ini, which names the default ring */
	json_t *list;    /* of sections */
	json_t *values;  /* of the last one; borrowed */
	const struct ini_section *written;
};

static struct describer *describer_of(struct visitor *v)
{
	return (struct describer *)v;
}

/* As in a file: "[KIND NAME]" */
static json_t *header(const char *kind, const char *name)
{
	json_t *text;
	char *line;

	if (asprintf(&line, "[%s%s%s]", kind, *name ? " " : "", name) < 0)
		abort();
	text = json_text(line);
	free(line);
	return text;
}

static void describe_section(
	struct visitor *v, const char *kind, const char *name, const struct ini_section *written)
{
	struct describer *d = describer_of(v);

	d->written = written;
	d->values = json_array();
	json_array_append_new(d->list,
		json_pack("{s:o, s:o, s:i, s:o}", "section", header(kind, name), "file",
			json_text(written->file), "line", written->line, "values", d->values));
}

/* NULL in JSON for a default. */
static json_t *describe_origin(const struct describer *d, const char *key)
{
	struct origin o;

	if (section_origin(d->written, key, &o))
		return json_pack("{s:o, s:i, s:o}", "file", json_text(o.section->file), "line",
			o.line, "section", header(o.section->kind, o.section->name));
	if (strcmp(key, "ring") == 0)
		return json_pack("{s:o, s:n, s:s}", "file", json_text(d->ini), "line", "section",
			"[gateway]");
	return json_null();
}

static void describe_value(struct visitor *v, const char *key, const char *value)
{
	struct describer *d = describer_of(v);

	json_array_append_new(
		d->values, json_pack("{s:s, s:o, s:o}", "key", key, "value", json_text(value),
				   "origin", describe_origin(d, key)));
}

json_t *effective_describe(const struct daemon *d, const struct rule *rule)
{
	struct describer to = {
		.visitor = {.section = describe_section,
			.value = describe_value,
			.default_ring = d->snapshot->default_ring},
		.ini = d->ini,
		.list = json_array(),
	};

	if (rule)
		policy_visit_rule(rule, &to.visitor);
	else
		policy_visit(d->snapshot->policy, &to.visitor);
	return to.list;
}

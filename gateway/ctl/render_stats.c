/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render_stats.c - the daemon's counters as a table, and for Prometheus */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/columns.h"
#include "gateway/ctl/render.h"

static void counter_add(struct columns *table, const char *name, const json_t *value)
{
	char text[QUANTITY_TEXT];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	columns_add(table, name);
	columns_add(table, text);
}

static const char *rule_name(const json_t *rule)
{
	const char *name = json_string_value(json_object_get(rule, "rule"));

	return name ? name : "";
}

void render_stats(const json_t *stats, FILE *out)
{
	static const struct column headers[] = {{"COUNTER", false}, {"VALUE", true}};
	struct columns table;
	const char *name;
	json_t *value;
	size_t i;

	columns_init(&table, headers, 2);
	json_object_foreach(json_object_get(stats, "counters"), name, value)
		counter_add(&table, name, value);
	json_object_foreach(json_object_get(stats, "drops"), name, value)
	{
		char label[96];

		snprintf(label, sizeof(label), "drops: %.80s", name);
		counter_add(&table, label, value);
	}
	json_array_foreach(json_object_get(stats, "rules"), i, value)
	{
		char label[96];

		snprintf(label, sizeof(label), "connections of rule %.64s", rule_name(value));
		counter_add(&table, label, json_object_get(value, "hits"));
	}
	columns_print(&table, out);
	columns_fini(&table);
}

/* Metric names are of [a-zA-Z0-9_]; anything else becomes '_'. "_total" ends a name once. */
static void metric_name(const char *name, char *buf, size_t size)
{
	size_t len;

	snprintf(buf, size, "attls_%s", name);
	for (char *p = buf; *p; p++) {
		if (!isalnum((unsigned char)*p))
			*p = '_';
	}
	len = strlen(buf);
	if (len < 6 || strcmp(buf + len - 6, "_total") != 0)
		snprintf(buf + len, size - len, "_total");
}

/* "flows_opened" reads "flows opened". */
static void metric_help(const char *metric, const char *name, FILE *out)
{
	fprintf(out, "# HELP %s ", metric);
	for (; *name; name++)
		fputc(isalnum((unsigned char)*name) ? *name : ' ', out);
	fprintf(out, ", since the start of attlsd\n# TYPE %s counter\n", metric);
}

/* Escaped as the text format wants label values: backslash, quote, newline. */
static void label_print(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', out);
		fputc(*text == '\n' ? ' ' : *text, out);
	}
}

/* Rules of the policy in force: those that a reload takes away are no longer there. */
static void rules_print(const json_t *rules, FILE *out)
{
	static const struct {
		const char *metric, *key, *help;
	} kinds[] = {
		{"attls_rule_connections_total", "hits",
			"connections mapped to the rule, since the start of attlsd\n"
			"# TYPE attls_rule_connections_total counter\n"},
		{"attls_rule_last_used_seconds", "last_used_s",
			"seconds since the last connection of the rule\n"
			"# TYPE attls_rule_last_used_seconds gauge\n"},
	};
	const json_t *rule;
	size_t i;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		fprintf(out, "# HELP %s %s", kinds[k].metric, kinds[k].help);
		json_array_foreach(rules, i, rule)
		{
			const json_t *value = json_object_get(rule, kinds[k].key);

			if (!json_is_integer(value))
				continue;
			fprintf(out, "%s{rule=\"", kinds[k].metric);
			label_print(rule_name(rule), out);
			fprintf(out, "\"} %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
		}
	}
}

static void member_print(const json_t *object, const char *key, FILE *out)
{
	label_print(json_string_value(json_object_get(object, key)), out);
}

static void keyring_print(const json_t *keyring, FILE *out)
{
	const json_t *used;
	size_t i;

	if (!keyring)
		return;
	fprintf(out,
		"# HELP attls_keyring_generation keyrings loaded, since the start of attlsd\n"
		"# TYPE attls_keyring_generation gauge\n"
		"attls_keyring_generation %" JSON_INTEGER_FORMAT "\n"
		"# HELP attls_keyring_current whether the keyring directory as it is was taken\n"
		"# TYPE attls_keyring_current gauge\n"
		"attls_keyring_current %d\n"
		"# HELP attls_certificate_expiry_seconds until a certificate expires that the "
		"policy uses\n"
		"# TYPE attls_certificate_expiry_seconds gauge\n",
		json_integer_value(json_object_get(keyring, "generation")),
		json_array_size(json_object_get(keyring, "problems")) == 0);
	json_array_foreach(json_object_get(keyring, "used"), i, used)
	{
		fprintf(out, "attls_certificate_expiry_seconds{ring=\"");
		member_print(used, "ring", out);
		fprintf(out, "\",owner=\"");
		member_print(used, "owner", out);
		fprintf(out, "\",label=\"");
		member_print(used, "label", out);
		fprintf(out, "\"} %" JSON_INTEGER_FORMAT "\n",
			json_integer_value(json_object_get(used, "seconds_left")));
	}
}

void render_prometheus(const json_t *stats, FILE *out)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(stats, "counters"), name, value)
	{
		char metric[128];

		metric_name(name, metric, sizeof(metric));
		metric_help(metric, name, out);
		fprintf(out, "%s %" JSON_INTEGER_FORMAT "\n", metric, json_integer_value(value));
	}
	metric_help("attls_drops_total", "packets dropped by reason", out);
	json_object_foreach(json_object_get(stats, "drops"), name, value)
	{
		fprintf(out, "attls_drops_total{reason=\"");
		label_print(name, out);
		fprintf(out, "\"} %" JSON_INTEGER_FORMAT "\n", json_integer_value(value));
	}
	rules_print(json_object_get(stats, "rules"), out);
	keyring_print(json_object_get(stats, "keyring"), out);
}

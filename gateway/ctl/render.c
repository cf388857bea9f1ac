/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render.c - results of the daemon as text for people */
#include "gateway/ctl/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/columns.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A member by path, "flows.tls"; NULL if it is not there. */
static const json_t *member(const json_t *object, const char *path)
{
	char key[64];

	while (object && *path) {
		size_t len = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		object = json_object_get(object, key);
		path += len + (path[len] == '.');
	}
	return object;
}

static uint64_t member_number(const json_t *object, const char *path)
{
	json_int_t value = (json_int_t)json_number_value(member(object, path));

	return value > 0 ? (uint64_t)value : 0;
}

/* ---- one member as a cell ---- */

/* Longest cell; what is longer is cut. */
enum { CELL_TEXT = 512, CELLS_MAX = 24 };

typedef void cell_format(const json_t *object, const char *path, char *buf);

static void format_text(const json_t *object, const char *path, char *buf)
{
	const json_t *value = member(object, path);
	const char *text = json_string_value(value);

	*buf = '\0';
	if (text)
		snprintf(buf, CELL_TEXT, "%s", text);
	else if (json_is_integer(value))
		snprintf(buf, CELL_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buf, CELL_TEXT, "%.3f", json_real_value(value));
}

static void format_bytes(const json_t *object, const char *path, char *buf)
{
	bytes_format(member_number(object, path), buf);
}

static void format_seconds(const json_t *object, const char *path, char *buf)
{
	seconds_format(member_number(object, path), buf);
}

/* A round trip in microseconds, for people in milliseconds; 0 is "no sample yet". */
static void format_round_trip(const json_t *object, const char *path, char *buf)
{
	uint64_t us = member_number(object, path);

	*buf = '\0';
	if (us)
		snprintf(buf, CELL_TEXT, "%" PRIu64 ".%02" PRIu64 "ms", us / 1000, us % 1000 / 10);
}

/* "7", or "5 stale" for a flow that keeps an older policy than the one in force. */
static void format_generation(const json_t *object, const char *path, char *buf)
{
	snprintf(buf, CELL_TEXT, "%" PRIu64 "%s", member_number(object, path),
		json_is_true(member(object, "stale")) ? " stale" : "");
}

static void format_flag(const json_t *object, const char *path, char *buf)
{
	snprintf(buf, CELL_TEXT, "%s", json_is_true(member(object, path)) ? "yes" : "no");
}

/* The account's name, or its number where it has none. */
static void format_user(const json_t *object, const char *path, char *buf)
{
	format_text(object, path, buf);
	if (!*buf)
		format_text(object, "uid", buf);
}

/* "12.0 MiB of 1.0 GiB" */
static void format_memory(const json_t *object, const char *path, char *buf)
{
	char used[QUANTITY_TEXT], limit[QUANTITY_TEXT];
	const json_t *memory = member(object, path);

	snprintf(buf, CELL_TEXT, "%s of %s", bytes_format(member_number(memory, "used"), used),
		bytes_format(member_number(memory, "limit"), limit));
}

/* ---- status ---- */

static const struct fact {
	const char *label;
	const char *path;
	cell_format *format;
} facts[] = {
	{"version", "version", format_text},
	{"uptime", "uptime_s", format_seconds},
	{"mode", "mode", format_text},
	{"workers", "workers", format_text},
	{"policy generation", "generation", format_text},
	{"rules", "rules", format_text},
	{"certificates", "keyring.certificates", format_text},
	{"rings", "keyring.rings", format_text},
	{"TLS flows", "flows.tls", format_text},
	{"passed flows", "flows.pass", format_text},
	{"pending flows", "flows.pending", format_text},
	{"lingering flows", "flows.linger", format_text},
	{"flows closed", "flows.closed_total", format_text},
	{"flows reset", "flows.reset_total", format_text},
	{"memory", "memory", format_memory},
	{"quiesced", "quiesced", format_flag},
};

static void fact_print(const char *label, const char *text, FILE *out)
{
	fprintf(out, "%-24s %s\n", label, *text ? text : "-");
}

/* Reasons that have occurred, as "drops: REASON". Return: whether there was any */
static bool drops_print(const json_t *drops, FILE *out)
{
	const char *reason;
	json_t *count;
	bool any = false;

	json_object_foreach((json_t *)drops, reason, count)
	{
		char label[96], text[CELL_TEXT];

		if (json_integer_value(count) == 0)
			continue;
		snprintf(label, sizeof(label), "drops: %.80s", reason);
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(count));
		fact_print(label, text, out);
		any = true;
	}
	return any;
}

void render_status(const json_t *status, FILE *out)
{
	char text[CELL_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		facts[i].format(status, facts[i].path, text);
		text_make_printable(text);
		fact_print(facts[i].label, text, out);
	}
	if (!drops_print(json_object_get(status, "drops"), out))
		fact_print("drops", "none", out);
}

/* ---- flows ---- */

struct cell {
	struct column column;
	const char *path;
	cell_format *format;
};

/* One row for each of @rows. */
static void table_print(const json_t *rows, const struct cell *cells, size_t count, FILE *out)
{
	struct column headers[CELLS_MAX];
	struct columns table;
	const json_t *row;
	size_t i;

	for (size_t k = 0; k < count; k++)
		headers[k] = cells[k].column;
	columns_init(&table, headers, count);
	json_array_foreach(rows, i, row)
	{
		for (size_t k = 0; k < count; k++) {
			char text[CELL_TEXT];

			cells[k].format(row, cells[k].path, text);
			columns_add(&table, text);
		}
	}
	columns_print(&table, out);
	columns_fini(&table);
}

static const struct cell flow_cells[] = {
	{{"ID", true}, "id", format_text},
	{{"LOCAL", false}, "local", format_text},
	{{"REMOTE", false}, "remote", format_text},
	{{"DIRECTION", false}, "direction", format_text},
	{{"RULE", false}, "rule", format_text},
	{{"ACTION", false}, "action", format_text},
	{{"STATE", false}, "state", format_text},
	{{"GENERATION", false}, "generation", format_generation},
	{{"TLS", false}, "tls_version", format_text},
	{{"SUITE", false}, "suite", format_text},
	{{"GROUP", false}, "group", format_text},
	{{"OUT", true}, "bytes_out", format_bytes},
	{{"IN", true}, "bytes_in", format_bytes},
	{{"RTT", true}, "wire.srtt_us", format_round_trip},
	{{"RETRANSMITS", true}, "wire.retransmits", format_text},
	{{"AGE", true}, "age_s", format_seconds},
	{{"USER", false}, "user", format_user},
	{{"PEER", false}, "peer_subject", format_text},
	{{"MAPPED", false}, "mapped_user", format_text},
};

void render_flows(const json_t *flows, FILE *out)
{
	_Static_assert(ARRAY_LEN(flow_cells) <= CELLS_MAX, "fits");
	table_print(flows, flow_cells, ARRAY_LEN(flow_cells), out);
}

static const struct cell diff_cells[] = {
	{{"ID", true}, "id", format_text},
	{{"LOCAL", false}, "local", format_text},
	{{"REMOTE", false}, "remote", format_text},
	{{"DIRECTION", false}, "direction", format_text},
	{{"OLD RULE", false}, "old_rule", format_text},
	{{"OLD ACTION", false}, "old_action", format_text},
	{{"NEW RULE", false}, "new_rule", format_text},
	{{"NEW ACTION", false}, "new_action", format_text},
	{{"BECAUSE OF", false}, "because", format_text},
};

void render_diff(const json_t *diff, FILE *out)
{
	const json_t *rows = member(diff, "different");

	if (json_array_size(rows))
		table_print(rows, diff_cells, ARRAY_LEN(diff_cells), out);
	fprintf(out, "%zu of %" PRIu64 " connections would be mapped differently\n",
		json_array_size(rows), member_number(diff, "flows"));
}

/* ---- keyring ---- */

static const struct cell keyring_cells[] = {
	{{"RING", false}, "ring", format_text},
	{{"OWNER", false}, "owner", format_text},
	{{"LABEL", false}, "label", format_text},
	{{"USAGE", false}, "usage", format_text},
	{{"DEFAULT", false}, "default", format_flag},
	{{"STATUS", false}, "status", format_text},
	{{"KEY", false}, "private_key", format_flag},
	{{"SUBJECT", false}, "subject", format_text},
	{{"NOT AFTER", false}, "not_after", format_text},
	{{"DAYS LEFT", true}, "days_left", format_text},
};

static void lines_print(const json_t *lines, const char *head, FILE *out)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		char *text = strdup(json_string_value(line));

		if (!text)
			return;
		text_make_printable(text);
		fprintf(out, "%s: %s\n", head, text);
		free(text);
	}
}

void render_keyring(const json_t *keyring, FILE *out)
{
	char loaded[CELL_TEXT];

	format_text(keyring, "loaded", loaded);
	fprintf(out,
		"generation %" PRIu64 ", loaded %s: %" PRIu64 " certificates, %" PRIu64 " rings\n",
		member_number(keyring, "generation"), loaded,
		member_number(keyring, "certificates"), member_number(keyring, "rings"));
	table_print(member(keyring, "used"), keyring_cells, ARRAY_LEN(keyring_cells), out);
	lines_print(member(keyring, "problems"), "not taken", out);
	lines_print(member(keyring, "warnings"), "warning", out);
}

/* ---- policy ---- */

/* As a comment, so that the whole loads as a rule file. */
static void rule_use_print(const json_t *rule, FILE *out)
{
	char since[QUANTITY_TEXT];

	fprintf(out, "# rule %s: ", json_string_value(member(rule, "rule")));
	if (member_number(rule, "hits"))
		fprintf(out, "%" PRIu64 " connections, the last %s ago",
			member_number(rule, "hits"),
			seconds_format(member_number(rule, "last_used_s"), since));
	else
		fputs("no connection yet", out);
	fputs(json_is_false(member(rule, "active")) ? "; not its time now\n" : "\n", out);
}

/* With the actions that connections still have of policies before this one. */
static void generation_print(const json_t *policy, FILE *out)
{
	const json_t *stale;
	size_t i;

	fprintf(out, "# generation %" PRIu64 "\n", member_number(policy, "generation"));
	json_array_foreach(member(policy, "stale"), i, stale)
	{
		char action[CELL_TEXT], rule[CELL_TEXT], because[CELL_TEXT];

		format_text(stale, "action", action);
		format_text(stale, "rule", rule);
		format_text(stale, "because", because);
		fprintf(out,
			"# stale: action %s of rule %s, generation %" PRIu64 " (%s), flows %" PRIu64
			"\n",
			action, rule, member_number(stale, "generation"), because,
			member_number(stale, "flows"));
	}
}

void render_policy(const json_t *policy, FILE *out)
{
	const char *ini = json_string_value(json_object_get(policy, "ini"));
	const json_t *rule;
	size_t i;

	generation_print(policy, out);
	json_array_foreach(json_object_get(policy, "rules"), i, rule) rule_use_print(rule, out);
	fprintf(out, "%s", ini ? ini : "");
}

/* "FILE:LINE", and the section where it is another than that of the value. */
static void origin_print(const json_t *value, const char *section, FILE *out)
{
	const json_t *origin = member(value, "origin");
	char file[CELL_TEXT], line[CELL_TEXT], from[CELL_TEXT];

	if (!json_is_object(origin)) {
		fputs("  # default\n", out);
		return;
	}
	format_text(origin, "file", file);
	format_text(origin, "line", line);
	format_text(origin, "section", from);
	text_make_printable(file);
	fprintf(out, "  # %s%s%s", file, *line ? ":" : "", line);
	fprintf(out, strcmp(from, section) == 0 ? "\n" : ", %s\n", from);
}

static void section_print(const json_t *section, FILE *out)
{
	char name[CELL_TEXT], key[CELL_TEXT];
	const json_t *value;
	size_t i;

	format_text(section, "section", name);
	text_make_printable(name);
	fprintf(out, "\n%s\n", name);
	json_array_foreach(member(section, "values"), i, value)
	{
		const char *text = json_string_value(member(value, "value"));

		format_text(value, "key", key);
		fprintf(out, "%s = %s", key, text ? text : "");
		origin_print(value, name, out);
	}
}

void render_effective(const json_t *policy, FILE *out)
{
	const json_t *section;
	size_t i;

	generation_print(policy, out);
	json_array_foreach(member(policy, "effective"), i, section) section_print(section, out);
}

static void passed_over_print(const json_t *passed, FILE *out)
{
	static const struct column headers[] = {{"PASSED OVER", false}, {"BECAUSE OF", false}};
	struct columns table;
	const json_t *row;
	size_t i;

	if (json_array_size(passed) == 0)
		return;
	columns_init(&table, headers, ARRAY_LEN(headers));
	json_array_foreach(passed, i, row)
	{
		columns_add(&table, json_string_value(json_object_get(row, "rule")));
		columns_add(&table, json_string_value(json_object_get(row, "condition")));
	}
	columns_print(&table, out);
	columns_fini(&table);
}

static void outcome_print(const char *outcome, const char *rule, const char *action, FILE *out)
{
	if (strcmp(outcome, "rule") == 0)
		fprintf(out, "rule %s takes the connection: action %s\n", rule, action);
	else if (strcmp(outcome, "unknown-reject") == 0)
		fprintf(out,
			"rule %s may take the connection, but asks for what is not known of it "
			"(its owner, or where it comes in): the connection is rejected\n",
			rule);
	else
		fprintf(out, "no rule takes the connection%s%s\n", *action ? ": " : "", action);
}

void render_match(const json_t *match, FILE *out)
{
	const char *outcome = json_string_value(json_object_get(match, "outcome"));
	char rule[CELL_TEXT], action[CELL_TEXT];

	format_text(match, "rule", rule);
	format_text(match, "action", action);
	text_make_printable(rule);
	text_make_printable(action);
	outcome_print(outcome ? outcome : "", rule, action, out);
	passed_over_print(json_object_get(match, "passed_over"), out);
}

void render_reload(const json_t *reload, FILE *out)
{
	fprintf(out, "policy generation %" PRIu64 " is in force\n",
		member_number(reload, "generation"));
}

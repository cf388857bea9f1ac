/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables.c - read and change the packet filter by iptables-save and iptables-restore */
#include "gateway/net/tables.h"

#include "gateway/net/command.h"

#include <stdlib.h>
#include <string.h>

/* Seconds to wait for another program that holds the lock of the tables. */
#define LOCK_WAIT "30"

/* Exit status of iptables-legacy: the table cannot be used, for whatever reason. */
enum { STATUS_NO_TABLE = 3 };

static const char *save_program(uint8_t family)
{
	return family == 4 ? "iptables-save" : "ip6tables-save";
}

static const char *restore_program(uint8_t family)
{
	return family == 4 ? "iptables-restore" : "ip6tables-restore";
}

/* The first line a program complained with, without its newline. */
static const char *complaint(struct command_result *r)
{
	r->err[strcspn(r->err, "\n")] = '\0';
	return r->err[0] ? r->err : "no reason given";
}

static bool save(uint8_t family, enum plan_table_id id, struct installed *in, struct err_list *err)
{
	const char *const argv[] = {save_program(family), "-t", plan_table_name(id), NULL};
	struct command_result r;
	bool ok;

	command_run(argv, NULL, 0, &r);
	ok = r.status == 0;
	installed_parse(in, ok ? r.out : "");
	if (r.status == 127)
		err_add(err, "%s; install iptables", complaint(&r));
	else if (!ok)
		err_add(err, "%s -t %s: %s", argv[0], argv[2], complaint(&r));
	command_result_free(&r);
	return ok;
}

bool tables_read(struct tables *t, uint8_t family, struct err_list *err)
{
	*t = (struct tables){0};
	for (int id = 0; id < PLAN_TABLES; id++) {
		if (!save(family, id, &t->table[id], err)) {
			tables_free(t);
			return false;
		}
	}
	return true;
}

void tables_free(struct tables *t)
{
	for (int id = 0; id < PLAN_TABLES; id++)
		installed_free(&t->table[id]);
}

bool tables_any(const struct tables *t)
{
	for (int id = 0; id < PLAN_TABLES; id++)
		if (installed_any(&t->table[id]))
			return true;
	return false;
}

size_t tables_rules(const struct tables *t)
{
	size_t n = 0;

	for (int id = 0; id < PLAN_TABLES; id++)
		n += t->table[id].rule_count;
	return n;
}

static int restore(
	uint8_t family, bool test, const char *text, size_t len, struct command_result *r)
{
	const char *const argv[] = {restore_program(family), "--noflush", "-w", LOCK_WAIT,
		test ? "--test" : NULL, NULL};

	command_run(argv, text, len, r);
	return r->status;
}

/* iptables-legacy in a kernel without @table: what is not there holds nothing. */
static bool lacks_table(const struct command_result *r)
{
	return r->status == STATUS_NO_TABLE && strstr(r->err, "Table does not exist");
}

char *tables_list(uint8_t family, const char *table, struct err_list *err)
{
	const char *const argv[] = {
		family == 4 ? "iptables" : "ip6tables", "-w", LOCK_WAIT, "-t", table, "-S", NULL};
	struct command_result r;
	char *list = NULL;

	command_run(argv, NULL, 0, &r);
	if (r.status == 0 || lacks_table(&r)) {
		list = r.out;
		r.out = NULL;
	} else {
		err_add(err, "%s, table %s: %s", argv[0], table, complaint(&r));
	}
	command_result_free(&r);
	return list;
}

bool tables_write(
	uint8_t family, const char *table, const char *text, size_t len, struct err_list *err)
{
	struct command_result r;
	bool ok = restore(family, false, text, len, &r) == 0;

	if (!ok)
		err_add(err, "%s, table %s: %s", restore_program(family), table, complaint(&r));
	command_result_free(&r);
	return ok;
}

/* Whether the kernel takes one rule in table @table. */
static bool try_rule(uint8_t family, const char *table, const char *rule)
{
	struct command_result r;
	char text[256];
	bool ok;
	int n;

	n = snprintf(text, sizeof(text), "*%s\n:ATTLS-TRY - [0:0]\n-A ATTLS-TRY %s\nCOMMIT\n",
		table, rule);
	ok = restore(family, false, text, (size_t)n, &r) == 0;
	command_result_free(&r);
	if (!ok)
		return false;
	n = snprintf(text, sizeof(text), "*%s\n:ATTLS-TRY - [0:0]\n-X ATTLS-TRY\nCOMMIT\n", table);
	restore(family, false, text, (size_t)n, &r);
	command_result_free(&r);
	return true;
}

void tables_features(uint8_t family, bool nat, struct plan_features *f)
{
	*f = (struct plan_features){
		.notrack = try_rule(family, "raw", "-i " DEVICE_PLAIN " -j CT --notrack"),
		.conntrack = nat && try_rule(family, "mangle", "-m conntrack --ctstate DNAT"),
		.ttl = try_rule(
			family, "mangle", family == 4 ? "-j TTL --ttl-inc 1" : "-j HL --hl-inc 1"),
		.frag = family == 6 && try_rule(family, "mangle", "-m frag"),
	};
}

static bool change(const struct tables *have, const struct plan *want, enum plan_table_id id,
	bool test, struct err_list *err)
{
	struct command_result r;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	bool ok = true;

	if (!out)
		abort();
	installed_change(out, plan_table_name(id), &have->table[id], &want->tables[id]);
	fclose(out);
	if (len > 0) {
		ok = restore(want->family, test, text, len, &r) == 0;
		if (!ok)
			err_add(err, "%s, table %s: %s", restore_program(want->family),
				plan_table_name(id), complaint(&r));
		command_result_free(&r);
	}
	free(text);
	return ok;
}

bool tables_test(const struct tables *have, const struct plan *want, struct err_list *err)
{
	for (int id = 0; id < PLAN_TABLES; id++)
		if (!change(have, want, id, true, err))
			return false;
	return true;
}

bool tables_apply(const struct tables *have, const struct plan *want, struct err_list *err)
{
	bool removing = plan_rules(want) == 0;

	for (int i = 0; i < PLAN_TABLES; i++) {
		int id = removing ? PLAN_TABLES - 1 - i : i;

		if (!change(have, want, id, false, err))
			return false;
	}
	return true;
}

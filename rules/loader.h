/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loader.h - a policy while it is being read: files, named objects, references between them
 *
 * Private to rules/. Objects are found by kind and exact name across all files. They are read kind
 * by kind in the order of the enum, so that what an object refers to has been read before it.
 */
#ifndef ATTLS_RULES_LOADER_H
#define ATTLS_RULES_LOADER_H

#include "rules/policy.h"
#include "rules/reader.h"
#include "rules/set.h"

enum object_kind {
	OBJECT_ADDRESSES,
	OBJECT_PORTS,
	OBJECT_TIME,
	OBJECT_LEVEL,
	OBJECT_ACTION,
	OBJECT_RULE,
	OBJECT_KINDS
};

/* [level NAME]: how strong. The strings are owned. */
struct level {
	int min_version;
	int max_version;
	char *ciphers12;
	char *ciphers13;
	char *groups;
};

/* One section that others may refer to by name. */
struct object {
	const struct ini_section *section;
	bool used;
	union {
		struct addr_set addresses;
		struct port_set ports;
		struct schedule *schedule;
		struct level level;
		struct action *action;
		struct rule *rule;
	} u;
};

/* All of one kind, sorted by name. */
struct registry {
	struct object *items;
	size_t count;
};

/* An account of the system, for userid patterns. */
struct account {
	char *name;
	uid_t uid;
};

struct loader {
	struct err_list *err;
	struct ini **files;
	size_t file_count;
	struct registry kinds[OBJECT_KINDS];
	struct account *accounts; /* read at the first pattern */
	size_t account_count;
	bool accounts_read;
};

/**
 * loader_find() - the object that the value of @key refers to, marked as used
 * Return: NULL after a complaint that names the nearest one.
 */
struct object *loader_find(
	struct reader *r, const char *key, enum object_kind kind, const char *name);

/* One function per kind: reads r->section into r->object, a struct object; context: the loader. */
void addresses_read(struct reader *r);
void ports_read(struct reader *r);
void schedule_read(struct reader *r);
void level_read(struct reader *r);
void action_read(struct reader *r);
void rule_read(struct reader *r);

/** addresses_add() - add the addresses that @value of @key lists; @groups allows @NAME */
void addresses_add(
	struct reader *r, const char *key, const char *value, bool groups, struct addr_set *set);
void ports_add(
	struct reader *r, const char *key, const char *value, bool groups, struct port_set *set);

/** users_add() - add the uids that @value of @key lists: names, patterns, numbers, ranges */
void users_add(struct reader *r, const char *key, const char *value, struct uid_set *set);

void accounts_free(struct loader *l);

/** dns_name_fault() - what is wrong with @name as a host name, or NULL */
const char *dns_name_fault(const char *name);

void action_free(struct action *a);
void rule_free(struct rule *rule);

#endif

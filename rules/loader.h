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
#include "rules/section.h"
#include "rules/set.h"

enum object_kind {
	OBJECT_ADDRESSES,
	OBJECT_PORTS,
	OBJECT_TIME,
	OBJECT_LEVEL,
	OBJECT_ACTION,
	OBJECT_TRAFFIC,
	OBJECT_REQUIREMENTS,
	OBJECT_RULE,
	OBJECT_KINDS
};

/* [level NAME]: how strong. The strings are owned. */
struct level {
	int min_version;
	int max_version;
	unsigned min_key; /* bits of RSA keys */
	char *ciphers12;
	char *ciphers13;
	char *groups;
	struct parameter_set parameters;
};

/* One section that others may refer to by name. */
struct object {
	const struct ini_section *section;
	bool used;
	bool inherited; /* others are made of it, so it need not be complete */
	bool complete;  /* an action: it says all that a rule needs */
	union {
		struct addr_set addresses;
		struct port_set ports;
		struct schedule *schedule;
		struct level *level;
		struct action *action;
		struct rule *rule; /* also what a [traffic] says */
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
	gid_t gid;
};

struct loader {
	struct err_list *err;
	struct sources *sources;
	struct sources *predefined; /* read at the first [use] */
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
void traffic_read(struct reader *r);
void requirements_read(struct reader *r);

/** addresses_add() - add the addresses that @value of @key lists; @groups allows @NAME */
void addresses_add(
	struct reader *r, const char *key, const char *value, bool groups, struct addr_set *set);
void ports_add(
	struct reader *r, const char *key, const char *value, bool groups, struct port_set *set);

/** users_add() - add the uids that @value of @key lists: names, patterns, numbers, ranges */
void users_add(struct reader *r, const char *key, const char *value, struct uid_set *set);

/**
 * permit_read() - the users that @value of @key lists: names, patterns, the members of groups now
 * Return: owned, as are its strings, NULL-ended; NULL after a complaint.
 */
char **permit_read(struct reader *r, const char *key, const char *value);

void accounts_free(struct loader *l);

/** dns_name_fault() - what is wrong with @name as a host name, or NULL */
const char *dns_name_fault(const char *name);

/** rule_has_key() - whether @key is one of a rule, rather than of its action */
bool rule_has_key(const char *key);

/** registry_add() - @section under its name; registry_sort() is still to come */
struct object *registry_add(struct loader *l, enum object_kind kind, const struct ini_section *s);

/** registry_sort() - by name, so that it can be searched; complains of duplicates */
void registry_sort(struct loader *l, enum object_kind kind);

/** registry_find() - by exact name, without a word; NULL if it is not there */
struct object *registry_find(const struct loader *l, enum object_kind kind, const char *name);

/** expand_use() - [use NAME]: the predefined rule and its action, with the section's own keys */
void expand_use(struct loader *l, const struct ini_section *use);

/** expand_inherit() - give each object of @kind what it inherits */
void expand_inherit(struct loader *l, enum object_kind kind);

/** expand_rules() - a rule with traffic or requirements becomes one rule for each */
void expand_rules(struct loader *l);

void level_free(struct level *level);
void action_free(struct action *a);
void rule_free(struct rule *rule);

#endif

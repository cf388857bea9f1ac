/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_load.c - a policy from files: find them, index sections by name, read them, compile
 *
 * All files are read before any section is looked at, and all sections before anything is given
 * up, so that one pass tells every problem. The policy is handed out only without an error.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "rules/files.h"
#include "rules/loader.h"
#include "rules/policy_index.h"
#include "rules/schedule.h"

enum { NAME_MAX_LEN = 64 };

/* Each kind of section that has objects, and who reads it. */
static const struct {
	const char *name;
	void (*read)(struct reader *r);
} kinds[] = {
	[OBJECT_ADDRESSES] = {"addresses", addresses_read},
	[OBJECT_PORTS] = {"ports", ports_read},
	[OBJECT_TIME] = {"time", schedule_read},
	[OBJECT_LEVEL] = {"level", level_read},
	[OBJECT_ACTION] = {"action", action_read},
	[OBJECT_TRAFFIC] = {"traffic", traffic_read},
	[OBJECT_REQUIREMENTS] = {"requirements", requirements_read},
	[OBJECT_RULE] = {"rule", rule_read},
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == OBJECT_KINDS, "a row for each kind");

static const char *const kind_words[] = {"addresses", "ports", "time", "level", "action", "traffic",
	"requirements", "rule", "use", "include", NULL};

static int compare_objects(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	return strcmp(x->section->name, y->section->name);
}

struct object *registry_find(const struct loader *l, enum object_kind kind, const char *name)
{
	const struct registry *all = &l->kinds[kind];
	const struct ini_section wanted = {.name = (char *)name};
	const struct object probe = {.section = &wanted};

	if (!all->count)
		return NULL;
	return bsearch(&probe, all->items, all->count, sizeof(probe), compare_objects);
}

struct object *loader_find(
	struct reader *r, const char *key, enum object_kind kind, const char *name)
{
	const struct loader *l = r->context;
	const struct registry *all = &l->kinds[kind];
	struct object *found = registry_find(l, kind, name);
	const char **names;
	char hint[READER_HINT];

	if (found) {
		found->used = true;
		return found;
	}
	names = reader_alloc(NULL, (all->count + 1) * sizeof(*names));
	for (size_t i = 0; i < all->count; i++)
		names[i] = all->items[i].section->name;
	names[all->count] = NULL;
	ini_error(r->err, r->section, key, "there is no [%s %s]%s", kinds[kind].name, name,
		reader_hint(name, names, hint));
	free(names);
	return NULL;
}

/* Names as the z/OS Configuration Assistant makes them, and what a list can hold. */
static bool name_is_good(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_MAX_LEN &&
	       strspn(name,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+-") ==
		       len;
}

struct object *registry_add(struct loader *l, enum object_kind kind, const struct ini_section *s)
{
	struct registry *all = &l->kinds[kind];

	all->items = reader_append(all->items, all->count, sizeof(*all->items));
	all->items[all->count] = (struct object){.section = s};
	return &all->items[all->count++];
}

static bool is_made(const struct ini_section *s)
{
	return s->entry_count && s->entries[0].origin;
}

/* Within one file base/ini has found duplicates; here those between files, and made ones. */
void registry_sort(struct loader *l, enum object_kind kind)
{
	struct registry *all = &l->kinds[kind];

	if (all->count)
		qsort(all->items, all->count, sizeof(*all->items), compare_objects);
	for (size_t i = 1; i < all->count; i++) {
		const struct ini_section *a = all->items[i - 1].section;
		const struct ini_section *b = all->items[i].section;

		if (strcmp(a->name, b->name) == 0 &&
			(a->file != b->file || is_made(a) || is_made(b)))
			ini_error(l->err, b, NULL, "is there already, in %s:%d", a->file, a->line);
	}
}

/* Put @section where it belongs. */
static void section_register(struct loader *l, const struct ini_section *section)
{
	char hint[READER_HINT];
	size_t kind = 0;

	if (strcasecmp(section->kind, "include") == 0)
		return; /* its files are here already */
	while (kind < OBJECT_KINDS && strcasecmp(kinds[kind].name, section->kind) != 0)
		kind++;
	if (kind == OBJECT_KINDS && strcasecmp(section->kind, "use") != 0)
		ini_error(l->err, section, NULL, "unknown section%s",
			reader_hint(section->kind, kind_words, hint));
	else if (!*section->name)
		ini_error(l->err, section, NULL, "needs a name: [%s NAME]",
			kind == OBJECT_KINDS ? "use" : kinds[kind].name);
	else if (!name_is_good(section->name))
		ini_error(l->err, section, NULL, "a name has 1 to %d letters, digits and . _ ~ + -",
			NAME_MAX_LEN);
	else if (kind == OBJECT_KINDS)
		expand_use(l, section);
	else
		registry_add(l, (enum object_kind)kind, section);
}

static void objects_read(struct loader *l, enum object_kind kind)
{
	const struct registry *all = &l->kinds[kind];

	for (size_t i = 0; i < all->count; i++) {
		struct reader r = {
			.section = all->items[i].section,
			.err = l->err,
			.object = &all->items[i],
			.context = l,
		};

		kinds[kind].read(&r);
	}
}

static void warn_of_unused(const struct loader *l)
{
	for (size_t kind = 0; kind < OBJECT_RULE; kind++) {
		for (size_t i = 0; i < l->kinds[kind].count; i++) {
			const struct object *o = &l->kinds[kind].items[i];

			if (!o->used)
				ini_warn(l->err, o->section, NULL, "nothing uses it");
		}
	}
}

static void sections_read(struct loader *l)
{
	const struct sources *s = l->sources;

	for (size_t i = 0; i < s->file_count; i++) {
		for (size_t j = 0; j < s->files[i]->section_count; j++)
			section_register(l, &s->files[i]->sections[j]);
	}
	for (size_t kind = 0; kind < OBJECT_KINDS; kind++)
		registry_sort(l, (enum object_kind)kind);
	expand_inherit(l, OBJECT_LEVEL);
	expand_inherit(l, OBJECT_ACTION);
	expand_rules(l);
	for (size_t kind = 0; kind < OBJECT_KINDS; kind++)
		objects_read(l, (enum object_kind)kind);
	warn_of_unused(l);
}

static int compare_rules(const void *a, const void *b)
{
	const struct rule *x = *(struct rule *const *)a, *y = *(struct rule *const *)b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Move rules and actions into a policy, rules in order of search. */
static struct policy *compile(struct loader *l)
{
	struct policy *p = reader_alloc(NULL, sizeof(*p));
	const struct registry *rules = &l->kinds[OBJECT_RULE], *actions = &l->kinds[OBJECT_ACTION],
			      *times = &l->kinds[OBJECT_TIME];

	*p = (struct policy){.rule_count = rules->count, .schedule_count = times->count};
	atomic_init(&p->references, 1);
	p->rules = reader_alloc(NULL, p->rule_count * sizeof(struct rule *));
	p->actions = reader_alloc(NULL, actions->count * sizeof(struct action *));
	p->schedules = reader_alloc(NULL, p->schedule_count * sizeof(struct schedule *));
	for (size_t i = 0; i < p->rule_count; i++) {
		p->rules[i] = rules->items[i].u.rule;
		rules->items[i].u.rule = NULL;
	}
	for (size_t i = 0; i < actions->count; i++) {
		if (!actions->items[i].complete)
			continue; /* others have inherited from it what it says */
		p->actions[p->action_count++] = actions->items[i].u.action;
		actions->items[i].u.action = NULL;
	}
	for (size_t i = 0; i < p->schedule_count; i++) {
		p->schedules[i] = times->items[i].u.schedule;
		times->items[i].u.schedule = NULL;
	}
	qsort(p->rules, p->rule_count, sizeof(struct rule *), compare_rules);
	for (size_t i = 0; i < p->rule_count; i++) {
		p->rules[i]->place = i;
		p->asks_interface = p->asks_interface || p->rules[i]->interfaces;
		p->asks_owner |= rule_asks_owner(p->rules[i]);
	}
	for (size_t i = 0; i < p->action_count; i++)
		p->actions[i]->digest = action_digest(p->actions[i]);
	p->index = policy_index_new(p->rules, p->rule_count);
	p->sources = l->sources;
	p->predefined = l->predefined;
	l->sources = l->predefined = NULL;
	policy_activate(p, time(NULL));
	return p;
}

static void object_fini(enum object_kind kind, struct object *o)
{
	switch (kind) {
	case OBJECT_ADDRESSES: free(o->u.addresses.items); break;
	case OBJECT_PORTS: free(o->u.ports.items); break;
	case OBJECT_TIME: schedule_free(o->u.schedule); break;
	case OBJECT_LEVEL: level_free(o->u.level); break;
	case OBJECT_ACTION: action_free(o->u.action); break;
	case OBJECT_TRAFFIC:
	case OBJECT_RULE: rule_free(o->u.rule); break;
	case OBJECT_REQUIREMENTS:
	case OBJECT_KINDS: break;
	}
}

static void loader_fini(struct loader *l)
{
	for (size_t kind = 0; kind < OBJECT_KINDS; kind++) {
		for (size_t i = 0; i < l->kinds[kind].count; i++)
			object_fini((enum object_kind)kind, &l->kinds[kind].items[i]);
		free(l->kinds[kind].items);
	}
	sources_free(l->sources);
	sources_free(l->predefined);
	accounts_free(l);
}

struct policy *policy_load_files(const char *const *paths, size_t count, struct err_list *err)
{
	struct loader l = {.err = err, .sources = reader_alloc(NULL, sizeof(*l.sources))};
	size_t before = err->count;
	struct policy *p = NULL;

	*l.sources = (struct sources){0};
	for (size_t i = 0; i < count; i++)
		files_load(l.sources, paths[i], err);
	files_include(l.sources, err);
	sections_read(&l);
	if (err->count == before)
		p = compile(&l);
	loader_fini(&l);
	return p;
}

struct policy *policy_load(const char *path, struct err_list *err)
{
	return policy_load_files(&path, 1, err);
}

struct policy *policy_get(struct policy *p)
{
	atomic_fetch_add_explicit(&p->references, 1, memory_order_relaxed);
	return p;
}

void policy_put(struct policy *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < p->rule_count; i++)
		rule_free(p->rules[i]);
	for (size_t i = 0; i < p->action_count; i++)
		action_free(p->actions[i]);
	for (size_t i = 0; i < p->schedule_count; i++)
		schedule_free(p->schedules[i]);
	free(p->schedules);
	policy_index_free(p->index);
	sources_free(p->sources);
	sources_free(p->predefined);
	free(p->rules);
	free(p->actions);
	free(p);
}

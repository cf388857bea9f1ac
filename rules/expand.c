/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * expand.c - sections that stand for others: [use], inherit, traffic and requirements
 *
 * All of it happens between sections, before any is read: what comes out are plain rules and
 * actions, which are then read like those that were written out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/files.h"
#include "rules/loader.h"

static struct reader reader_for(struct loader *l, const struct ini_section *section)
{
	return (struct reader){.section = section, .err = l->err, .context = l};
}

/* ---- [use NAME] ---- */

static const struct ini_section *predefined_find(
	const struct loader *l, const char *kind, const char *name)
{
	for (size_t i = 0; name && i < l->predefined->file_count; i++) {
		const struct ini *file = l->predefined->files[i];

		for (size_t j = 0; j < file->section_count; j++) {
			const struct ini_section *s = &file->sections[j];

			if (strcmp(s->kind, kind) == 0 && strcmp(s->name, name) == 0)
				return s;
		}
	}
	return NULL;
}

static void refuse_use(struct loader *l, const struct ini_section *use)
{
	const char **names = NULL;
	char hint[READER_HINT];
	size_t count = 0;

	for (size_t i = 0; i < l->predefined->file_count; i++) {
		const struct ini *file = l->predefined->files[i];

		for (size_t j = 0; j < file->section_count; j++) {
			if (strcmp(file->sections[j].kind, "rule") != 0)
				continue;
			names = reader_append(names, count, sizeof(*names));
			names[count++] = file->sections[j].name;
		}
	}
	names = reader_append(names, count, sizeof(*names));
	names[count] = NULL;
	ini_error(l->err, use, NULL, "there is no predefined rule of that name in %s%s",
		files_predefined(), reader_hint(use->name, names, hint));
	free(names);
}

/* The entries of @use that are a rule's, or those that are not. */
static void use_entries(struct ini_section *to, const struct ini_section *use, bool of_rule)
{
	for (size_t i = 0; i < use->entry_count; i++) {
		const struct ini_entry *e = &use->entries[i];

		if (rule_has_key(e->key) == of_rule)
			section_put(to, use, e, e->key, e->value);
	}
}

void expand_use(struct loader *l, const struct ini_section *use)
{
	const struct ini_section *rule, *action;
	struct ini_section *made;

	if (!l->predefined) {
		l->predefined = reader_alloc(NULL, sizeof(*l->predefined));
		*l->predefined = (struct sources){0};
		files_load(l->predefined, files_predefined(), l->err);
	}
	rule = predefined_find(l, "rule", use->name);
	if (!rule) {
		refuse_use(l, use);
		return;
	}
	made = section_new(l->sources, "rule", use->name, use);
	use_entries(made, use, true);
	section_add(made, rule, NULL);
	registry_add(l, OBJECT_RULE, made);
	action = predefined_find(l, "action", ini_get(rule, "action"));
	if (!action || ini_get(use, "action")) {
		use_entries(made, use, false); /* the rule's reader will complain of them */
		return;
	}
	made = section_new(l->sources, "action", action->name, use);
	use_entries(made, use, false);
	section_add(made, action, NULL);
	registry_add(l, OBJECT_ACTION, made);
}

/* ---- inherit ---- */

static const struct ini_section *inherited(
	struct loader *l, enum object_kind kind, const struct object *o)
{
	const struct ini_section *at = o->section;
	struct ini_section *made = section_new(l->sources, at->kind, at->name, at);
	const char *name;

	for (size_t steps = 0; at && steps <= l->kinds[kind].count; steps++) {
		struct reader r = reader_for(l, at);
		struct object *next;

		section_add(made, at, NULL);
		name = ini_get(at, "inherit");
		next = name ? loader_find(&r, "inherit", kind, name) : NULL;
		if (next)
			next->inherited = true;
		at = next ? next->section : NULL;
	}
	if (at)
		ini_error(l->err, o->section, "inherit", "comes back to where it began");
	return made;
}

void expand_inherit(struct loader *l, enum object_kind kind)
{
	const struct registry *all = &l->kinds[kind];
	const struct ini_section **made = reader_alloc(NULL, all->count * sizeof(*made));

	for (size_t i = 0; i < all->count; i++)
		made[i] = ini_get(all->items[i].section, "inherit")
				  ? inherited(l, kind, &all->items[i])
				  : all->items[i].section;
	for (size_t i = 0; i < all->count; i++)
		all->items[i].section = made[i];
	free(made);
}

/* ---- traffic and requirements ---- */

/* One of the rules that a rule stands for. */
struct variant {
	const struct ini_section *traffic;
	const struct ini_section *origin; /* where the action was named; NULL: in the rule itself */
	const struct ini_entry *entry;
	const char *action;
};

struct variants {
	struct variant *items;
	size_t count;
};

static void variant_add(struct variants *v, struct variant one)
{
	v->items = reader_append(v->items, v->count, sizeof(one));
	v->items[v->count++] = one;
}

/* "ACTION~LEVEL": the action, with that level. Return: its name, NULL after a complaint. */
static const char *action_compose(struct loader *l, const struct ini_section *rule,
	const struct ini_section *requirements, const struct ini_entry *e)
{
	const char *base_name = ini_get(rule, "action");
	struct reader r = reader_for(l, rule);
	struct ini_section *made;
	struct object *base;
	char name[256];

	if (!base_name) {
		ini_error(l->err, rule, "requirements",
			"[requirements %s] names a level, so the rule needs an action that it is "
			"for",
			requirements->name);
		return NULL;
	}
	base = loader_find(&r, "action", OBJECT_ACTION, base_name);
	if (!base)
		return NULL;
	snprintf(name, sizeof(name), "%s~%s", base_name, e->value);
	base->inherited = true;
	if (!registry_find(l, OBJECT_ACTION, name)) {
		made = section_new(l->sources, "action", name, base->section);
		section_put(made, requirements, e, "level", e->value);
		section_add(made, base->section, NULL);
		registry_add(l, OBJECT_ACTION, made);
		registry_sort(l, OBJECT_ACTION);
	}
	return registry_find(l, OBJECT_ACTION, name)->section->name;
}

/* What a line "TRAFFIC = ACTION or LEVEL" names. */
static const char *requirement_action(struct loader *l, const struct ini_section *rule,
	const struct ini_section *requirements, const struct ini_entry *e)
{
	struct reader r = reader_for(l, requirements);
	bool level = registry_find(l, OBJECT_LEVEL, e->value) != NULL;

	if (!level)
		return loader_find(&r, e->key, OBJECT_ACTION, e->value) ? e->value : NULL;
	if (!registry_find(l, OBJECT_ACTION, e->value))
		return action_compose(l, rule, requirements, e);
	ini_error(l->err, requirements, e->key, "\"%s\" is both a level and an action; rename one",
		e->value);
	return NULL;
}

static void variants_of_requirements(
	struct loader *l, const struct ini_section *rule, const char *name, struct variants *v)
{
	struct reader r = reader_for(l, rule);
	struct object *o = loader_find(&r, "requirements", OBJECT_REQUIREMENTS, name);

	for (size_t i = 0; o && i < o->section->entry_count; i++) {
		const struct ini_entry *e = &o->section->entries[i];
		struct reader line = reader_for(l, o->section);
		struct object *traffic = loader_find(&line, e->key, OBJECT_TRAFFIC, e->key);
		const char *action = requirement_action(l, rule, o->section, e);

		if (traffic && action)
			variant_add(v, (struct variant){traffic->section, o->section, e, action});
	}
}

static void variants_of_traffic(
	struct loader *l, const struct ini_section *rule, const char *value, struct variants *v)
{
	struct reader r = reader_for(l, rule);
	struct reader_list list;

	if (!reader_list(&r, "traffic", value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		struct object *o = loader_find(&r, "traffic", OBJECT_TRAFFIC, list.items[i]);

		if (o)
			variant_add(v, (struct variant){.traffic = o->section});
	}
	reader_list_free(&list);
}

static void refuse_twice(
	struct loader *l, const struct ini_section *rule, const struct ini_section *traffic)
{
	for (size_t i = 0; i < traffic->entry_count; i++) {
		if (ini_get(rule, traffic->entries[i].key))
			ini_error(l->err, rule, traffic->entries[i].key,
				"[traffic %s] says it too; leave it in one of them", traffic->name);
	}
}

static void variant_register(
	struct loader *l, const struct ini_section *rule, const struct variant *v, const char *name)
{
	static const char *const skip_action[] = {"traffic", "requirements", "action", NULL};
	static const char *const skip[] = {"traffic", "requirements", NULL};
	struct ini_section *made = section_new(l->sources, "rule", name, rule);

	section_add(made, rule, v->action ? skip_action : skip);
	section_add(made, v->traffic, NULL);
	if (v->action)
		section_put(made, v->origin, v->entry, "action", v->action);
	refuse_twice(l, rule, v->traffic);
	registry_add(l, OBJECT_RULE, made);
}

/* Register the rules that @rule stands for. Their names sort in their order. */
static void rule_expand(struct loader *l, const struct ini_section *rule)
{
	const char *traffic = ini_get(rule, "traffic");
	const char *requirements = ini_get(rule, "requirements");
	struct variants v = {0};
	int width = 0;

	if (traffic && requirements)
		ini_error(
			l->err, rule, "requirements", "stands in place of traffic, not beside it");
	else if (requirements)
		variants_of_requirements(l, rule, requirements, &v);
	else
		variants_of_traffic(l, rule, traffic, &v);
	for (size_t n = v.count; n; n /= 10)
		width++;
	for (size_t i = 0; i < v.count; i++) {
		char *name;

		if (asprintf(&name, "%s~%0*zu", rule->name, width, i + 1) < 0)
			abort();
		variant_register(l, rule, &v.items[i], v.count == 1 ? rule->name : name);
		free(name);
	}
	free(v.items);
}

void expand_rules(struct loader *l)
{
	struct registry old = l->kinds[OBJECT_RULE];

	l->kinds[OBJECT_RULE] = (struct registry){0};
	for (size_t i = 0; i < old.count; i++) {
		const struct ini_section *rule = old.items[i].section;

		if (ini_get(rule, "traffic") || ini_get(rule, "requirements"))
			rule_expand(l, rule);
		else
			registry_add(l, OBJECT_RULE, rule);
	}
	free(old.items);
	registry_sort(l, OBJECT_RULE);
}

/* The lines were taken apart by the rules that use it; here those of one that none uses. */
void requirements_read(struct reader *r)
{
	for (size_t i = 0; i < r->section->entry_count; i++)
		loader_find(
			r, r->section->entries[i].key, OBJECT_TRAFFIC, r->section->entries[i].key);
	if (!r->section->entry_count)
		ini_error(r->err, r->section, NULL, "needs lines TRAFFIC = LEVEL or ACTION");
}

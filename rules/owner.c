/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.c - what can be known of an owner, and the words for it */
#include "rules/owner.h"

#include <stddef.h>

const char *owner_fact_name(unsigned i)
{
	static const char *const names[] = {
		"uid", "cgroup", "unit", "container", "container_name", "process", "exe"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == OWNER_FACTS, "a word for each");
	return names[i];
}

const char *owner_text(const struct owner *o, enum owner_fact fact)
{
	switch (fact) {
	case OWNER_CGROUP: return o->cgroup;
	case OWNER_UNIT: return o->unit;
	case OWNER_CONTAINER: return o->container;
	case OWNER_CONTAINER_NAME: return o->container_name;
	case OWNER_PROCESS: return o->process;
	case OWNER_EXE: return o->exe;
	default: return NULL;
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.c - the words for what can be known of an owner */
#include "rules/owner.h"

const char *owner_fact_name(unsigned i)
{
	static const char *const names[] = {
		"uid", "cgroup", "unit", "container", "container_name", "process", "exe"};

	_Static_assert(sizeof(names) / sizeof(names[0]) == OWNER_FACTS, "a word for each");
	return names[i];
}

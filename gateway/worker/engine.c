/* SPDX-License-Identifier: GPL-3.0-or-later */
/* engine.c - the name that a container engine has written down for an id */
#include "gateway/worker/engine.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { ID_DIGITS = 64 };

static bool take(const char *text, char *name)
{
	int len = text ? snprintf(name, UNIT_TEXT, "%s", text + (*text == '/')) : 0;

	return len > 0 && len < UNIT_TEXT;
}

static json_t *load(const char *root, const char *file)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/var/lib/%s", root, file);

	return n < PATH_MAX ? json_load_file(path, 0, NULL) : NULL;
}

/* {"Name": "/NAME", ...} in a folder of the container's own */
static bool docker(const char *root, const char *id, char *name)
{
	char file[PATH_MAX];
	json_t *config;
	bool found;

	snprintf(file, sizeof(file), "docker/containers/%s/config.v2.json", id);
	config = load(root, file);
	found = take(json_string_value(json_object_get(config, "Name")), name);
	json_decref(config);
	return found;
}

/* [{"id": ID, "names": [NAME, ...]}, ...] */
static bool podman(const char *root, const char *id, char *name)
{
	json_t *list = load(root, "containers/storage/overlay-containers/containers.json");
	bool found = false;
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *own = json_string_value(json_object_get(one, "id"));
		const json_t *names = json_object_get(one, "names");

		if (!found && own && strcmp(own, id) == 0)
			found = take(json_string_value(json_array_get(names, 0)), name);
	}
	json_decref(list);
	return found;
}

bool engine_container_name(const char *root, const char *id, char *name)
{
	if (strspn(id, "0123456789abcdef") != ID_DIGITS || strlen(id) != ID_DIGITS)
		return take(id, name);
	return docker(root, id, name) || podman(root, id, name);
}

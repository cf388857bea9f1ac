/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recorded.c - what `attls-net up` has written down about the rules that are up */
#include "gateway/daemon/recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "workers="

unsigned recorded_workers(const struct settings *s)
{
	const char *slash = strrchr(s->control, '/');
	int folder = slash ? (int)(slash - s->control) : 1;
	unsigned workers = 0;
	char *path, line[256];
	FILE *in;

	if (asprintf(&path, "%.*s/net.state", folder, slash ? s->control : ".") < 0)
		return 0;
	in = fopen(path, "re");
	free(path);
	while (in && workers == 0 && fgets(line, sizeof(line), in)) {
		if (strncmp(line, KEY, strlen(KEY)) == 0)
			workers = (unsigned)strtoul(line + strlen(KEY), NULL, 10);
	}
	if (in)
		fclose(in);
	return workers;
}

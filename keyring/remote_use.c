/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remote_use.c - which remote keys there are: one that nobody needs is not kept elsewhere */
#include <pthread.h>
#include <search.h>
#include <stdlib.h>

#include "keyring/remote_internal.h"

/* Of several generations of the keyring, perhaps. */
struct use {
	uint8_t print[KEY_PRINT]; /* first: by it uses are found */
	size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *uses; /* a tree */

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, KEY_PRINT);
}

/* Return: not owned; NULL without memory. */
static struct use *find_or_add(const uint8_t *print)
{
	struct use **found = tfind(print, &uses, compare), *fresh;

	if (found)
		return *found;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return NULL;
	memcpy(fresh->print, print, sizeof(fresh->print));
	if (tsearch(fresh, &uses, compare))
		return fresh;
	free(fresh);
	return NULL;
}

bool remote_use(const uint8_t print[KEY_PRINT])
{
	struct use *u;

	pthread_mutex_lock(&lock);
	u = find_or_add(print);
	if (u)
		u->count++;
	pthread_mutex_unlock(&lock);
	return u != NULL;
}

/* Return: whether that was the last use. */
static bool drop(const uint8_t *print)
{
	struct use **found, *u = NULL;

	pthread_mutex_lock(&lock);
	found = tfind(print, &uses, compare);
	if (found && --(*found)->count == 0) {
		u = *found;
		tdelete(print, &uses, compare);
	}
	pthread_mutex_unlock(&lock);
	free(u);
	return u != NULL;
}

void remote_disuse(const struct remote *r)
{
	struct key_request q = remote_request(r, KEY_OP_FORGET, 0);
	struct key_answer a;

	if (drop(r->print))
		remote_ask(&q, span_of(r->source, q.source_len), span_none(), &a);
}

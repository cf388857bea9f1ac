/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token_local.c - keys in PKCS#11 tokens for a process that has no key process */
#include "keyring/token_local.h"

#include <string.h>

static struct tokens *tokens;
static struct err_list *refusals;

/* What a check refuses, its caller says. */
static bool ask(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a)
{
	char uri[KEY_SOURCE_MAX + 1];

	memcpy(uri, source.ptr, source.len);
	uri[source.len] = '\0';
	a->status = KEY_DONE;
	a->len = 0;
	tokens_answer(tokens, q, uri, data, a);
	if (a->status != KEY_DONE && q->op != KEY_OP_CHECK)
		err_warn(refusals, "%.*s", (int)a->len, (const char *)a->bytes);
	return true;
}

bool token_local_open(const char *path, struct err_list *said, struct err_list *err)
{
	tokens = tokens_load(path, err);
	refusals = said;
	if (tokens)
		remote_begin_tokens(ask);
	return tokens;
}

void token_local_close(void)
{
	if (!tokens)
		return;
	remote_begin_tokens(NULL);
	tokens_free(tokens);
	tokens = NULL;
}

struct tokens *token_local_get(void)
{
	return tokens;
}

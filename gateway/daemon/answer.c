/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer.c - one control request to one reply, text to text */
#include "gateway/daemon/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "base/json_text.h"
#include "base/log.h"

static json_t *sentences(char *const *lines, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_text(lines[i]));
	return array;
}

static const struct control_command *command_find(
	const struct control_command *commands, const char *name, struct err_list *err)
{
	const char *words[64] = {NULL};
	const char *near;
	size_t n = 0;

	for (const struct control_command *cmd = commands; cmd->name; cmd++) {
		if (strcmp(cmd->name, name) == 0)
			return cmd;
		if (n + 1 < sizeof(words) / sizeof(words[0]))
			words[n++] = cmd->name;
	}
	near = ini_nearest(name, words);
	if (near)
		err_add(err, "unknown command \"%.64s\"; did you mean \"%s\"?", name, near);
	else
		err_add(err, "unknown command \"%.64s\"", name);
	return NULL;
}

/* Find the command of the parsed request and check its shape. */
static const struct control_command *request_check(
	const struct control_command *commands, const json_t *req, struct err_list *err)
{
	const char *name = json_string_value(json_object_get(req, "command"));
	const json_t *args = json_object_get(req, "args");

	if (!name) {
		err_add(err, "a request is a JSON object with a \"command\"");
		return NULL;
	}
	if (args && !json_is_object(args)) {
		err_add(err, "\"args\" must be a JSON object");
		return NULL;
	}
	return command_find(commands, name, err);
}

/* The reply as one line with its newline, malloc'ed; steals @result. NULL without memory. */
static char *reply_line(bool ok, json_t *result, const struct err_list *err)
{
	json_t *reply = json_object();
	char *text, *line = NULL;
	size_t len;

	json_object_set_new(reply, "ok", json_boolean(ok));
	if (ok)
		json_object_set_new(reply, "result", result ? result : json_null());
	else
		json_object_set_new(reply, "errors", sentences(err->lines, err->count));
	if (err->warning_count)
		json_object_set_new(
			reply, "warnings", sentences(err->warnings, err->warning_count));
	text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	len = text ? strlen(text) : 0;
	if (text)
		line = realloc(text, len + 2);
	if (line)
		memcpy(line + len, "\n", 2);
	else
		free(text);
	return line;
}

char *answer_request(
	const struct control_command *commands, void *ctx, const char *line, size_t len)
{
	const struct control_command *cmd = NULL;
	json_t *req, *result = NULL;
	struct err_list err;
	json_error_t why;
	bool ok = false;
	char *reply;

	err_init(&err);
	req = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (req)
		cmd = request_check(commands, req, &err);
	else
		err_add(&err, "the request is not JSON: %s", why.text);
	if (cmd) {
		log_debug("control: %s", cmd->name);
		ok = cmd->handle(ctx, json_object_get(req, "args"), &result, &err);
		if (!ok && !err_any(&err))
			err_add(&err, "%s failed", cmd->name);
	}
	reply = reply_line(ok, result, &err);
	json_decref(req);
	err_fini(&err);
	return reply;
}

char *answer_refusal(const char *sentence)
{
	struct err_list err;
	char *reply;

	err_init(&err);
	err_add(&err, "%s", sentence);
	reply = reply_line(false, NULL, &err);
	err_fini(&err);
	return reply;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_control.c - libFuzzer target: request lines of the control socket
 *
 * Input: one line. The commands that read the policy are the daemon's own; one more echoes its
 * arguments, one fails without a word. Held: every line gets one line of JSON, with a result or
 * with sentences, and what is echoed comes back the same.
 */
#include "gateway/daemon/answer.h"
#include "gateway/daemon/commands.h"
#include "gateway/daemon/uses.h"
#include "gateway/flow/snapshot.h"
#include "tests/fuzz/fuzz.h"

enum { COMMANDS = 5 };

static struct control_command commands[COMMANDS];
static struct snapshot snapshot;
static const struct rule *by_name[1]; /* the example has one rule */
static struct daemon server;
static json_t *echoed; /* what the echo command has answered with; owned */

static bool command_echo(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx, (void)err;
	*result = args ? json_deep_copy(args) : NULL;
	json_decref(echoed);
	echoed = args ? json_deep_copy(args) : json_null();
	return true;
}

static bool command_fail(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx, (void)args, (void)result;
	err_warn(err, "about to fail");
	return false;
}

static struct control_command daemon_command(const char *name)
{
	const struct control_command *c = daemon_commands;

	while (c->name && strcmp(c->name, name) != 0)
		c++;
	held(c->name, "the daemon has no command %s", name);
	return *c;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char ring[] = "root/ring";
	struct err_list err;

	(void)argc, (void)argv;
	err_init(&err);
	snapshot.policy = policy_load("rules/examples/outbound-client.ini", &err);
	held(snapshot.policy, "run it in the project's folder: %s", err.lines[0]);
	held(snapshot.policy->rule_count == 1, "the example has more than one rule");
	err_fini(&err);
	by_name[0] = snapshot.policy->rules[0];
	snapshot.by_name = by_name;
	snapshot.default_ring = ring;
	server.ini = "attls.ini";
	server.snapshot = &snapshot;
	server.uses = uses_new(&snapshot);
	commands[0] = daemon_command("policy-match");
	commands[1] = daemon_command("policy-show");
	commands[2] = (struct control_command){"echo", command_echo};
	commands[3] = (struct control_command){"fail", command_fail};
	return 0;
}

static void check_sentences(const json_t *list)
{
	size_t i;
	json_t *line;

	held(json_array_size(list) > 0, "no sentence");
	json_array_foreach(list, i, line) held(json_string_length(line) > 0, "an empty sentence");
}

static void check_reply(const char *reply)
{
	size_t len = strlen(reply);
	json_error_t why;
	json_t *json;
	bool ok;

	held(len && reply[len - 1] == '\n' && !memchr(reply, '\n', len - 1), "no line");
	json = json_loadb(reply, len, JSON_REJECT_DUPLICATES, &why);
	held(json, "no JSON: %s", why.text);
	ok = json_is_true(json_object_get(json, "ok"));
	held(ok || json_is_false(json_object_get(json, "ok")), "neither ok nor not");
	held(ok == (json_object_get(json, "result") != NULL), "result");
	held(ok == (json_object_get(json, "errors") == NULL), "errors");
	if (!ok)
		check_sentences(json_object_get(json, "errors"));
	if (json_object_get(json, "warnings"))
		check_sentences(json_object_get(json, "warnings"));
	if (echoed)
		held(json_equal(echoed, json_object_get(json, "result")), "not what was said");
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *line = exact_copy(span_of(data, size));
	char *reply = answer_request(commands, &server, (const char *)line, size);

	held(reply, "no reply");
	check_reply(reply);
	json_decref(echoed);
	echoed = NULL;
	free(reply);
	free(line);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ctl.c - attlsctl as a whole against a daemon with canned answers, and without one */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/columns.h"
#include "gateway/ctl/ctl.h"
#include "gateway/ctl/render.h"
#include "gateway/daemon/control.h"

/* ---- the daemon ---- */

static const char status_json[] =
	"{\"version\":\"1.2.3\",\"uptime_s\":3725,\"mode\":\"host\",\"workers\":2,\"generation\":7,"
	"\"rules\":3,\"keyring\":{\"certificates\":4,\"rings\":1},\"flows\":{\"tls\":5,\"pass\":6,"
	"\"pending\":0,\"closed_total\":9,\"reset_total\":2},"
	"\"drops\":{\"short\":0,\"no_flow\":11},"
	"\"memory\":{\"used\":1536,\"limit\":1073741824}}";

static const char flows_json[] =
	"[{\"id\":41,\"worker\":0,\"local\":\"10.0.0.1:40000\",\"remote\":\"[2001:db8::1]:443\","
	"\"direction\":\"outbound\",\"rule\":\"w\\u001b[31meb\",\"action\":\"client\","
	"\"state\":\"established\",\"generation\":6,\"stale\":true,\"tls_version\":\"TLSv1.3\","
	"\"suite\":\"TLS_AES_256_GCM_SHA384\",\"group\":\"x25519\",\"peer_subject\":\"CN=server\","
	"\"user\":null,\"uid\":4711,\"bytes_out\":2048,\"bytes_in\":10,\"age_s\":61,"
	"\"plain\":{\"srtt_us\":90},\"wire\":{\"srtt_us\":12345,\"retransmits\":3}},"
	"{\"id\":7,\"local\":\"10.0.0.1:22\",\"remote\":\"10.0.0.2:5\",\"direction\":\"inbound\","
	"\"rule\":null,\"state\":\"pass\",\"generation\":7,\"stale\":false}]";

static const char stats_json[] = "{\"counters\":{\"flows_opened\":12,\"bytes-in_total\":5},"
				 "\"drops\":{\"short\":3}}";

static bool answer(json_t **result, const char *text)
{
	*result = json_loads(text, 0, NULL);
	return *result != NULL;
}

static bool handle_status(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)err;
	return answer(result, status_json);
}

static bool handle_flows(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)err;
	return answer(result, flows_json);
}

static bool handle_stats(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)err;
	return answer(result, stats_json);
}

static bool handle_show(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)err;
	return answer(result, "{\"generation\":7,\"ini\":\"[rule web]\\npriority = 1\\n\"}");
}

/* What was asked comes back as the name of the rule. */
static bool handle_match(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	char *text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);

	(void)ctx;
	(void)err;
	*result = json_pack("{s:s, s:s, s:s, s:[{s:s, s:s}]}", "rule", text, "action", "a",
		"outcome", "rule", "passed_over", "rule", "before", "condition", "remote_port");
	free(text);
	return true;
}

static bool handle_reload(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	int *reloads = ctx;

	(void)args;
	if (++*reloads == 1) {
		err_warn(err, "label X expires");
		return answer(result, "{\"generation\":8}");
	}
	err_add(err, "web.ini:3: [rule web] priority: no number");
	err_add(err, "web.ini:9: [rule b] action: unknown");
	return false;
}

static const struct control_command commands[] = {
	{"status", handle_status},
	{"flows", handle_flows},
	{"stats", handle_stats},
	{"policy-show", handle_show},
	{"policy-match", handle_match},
	{"reload", handle_reload},
	{0},
};

struct fixture {
	char folder[64];
	char ini[96], rules[96], bad[96], control[96], out[96], err[96];
	char *out_text, *err_text; /* of the last run */
	struct control *server;    /* of the daemon; here only to be closed */
	pid_t daemon;
};

static void daemon_run(struct control *c)
{
	struct pollfd p = {.fd = control_fd(c), .events = POLLIN};

	for (;;) {
		poll(&p, 1, -1);
		control_serve(c);
	}
}

static void daemon_start(struct fixture *f)
{
	static int reloads;
	struct err_list err;

	err_init(&err);
	f->server = control_open(f->control, 0600, commands, &reloads, &err);
	assert_non_null(f->server);
	f->daemon = fork();
	if (f->daemon == 0)
		daemon_run(f->server);
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static char *file_read(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, 65535, file)] = '\0';
	fclose(file);
	return text;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char ini[256];

	snprintf(f->folder, sizeof(f->folder), "/tmp/test_ctl.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->ini, sizeof(f->ini), "%s/attls.ini", f->folder);
	snprintf(f->rules, sizeof(f->rules), "%s/rules.ini", f->folder);
	snprintf(f->bad, sizeof(f->bad), "%s/bad.ini", f->folder);
	snprintf(f->control, sizeof(f->control), "%s/control.sock", f->folder);
	snprintf(f->out, sizeof(f->out), "%s/out", f->folder);
	snprintf(f->err, sizeof(f->err), "%s/err", f->folder);
	snprintf(ini, sizeof(ini), "[gateway]\nrules = %s\ncontrol = %s\nunmatched = reject\n",
		f->rules, f->control);
	file_write(f->ini, ini);
	file_write(f->rules, "[rule mine]\npriority = 20\ndirection = outbound\n"
			     "remote_port = 5432\nuserid = root\naction = client\n"
			     "[rule web]\npriority = 10\ndirection = outbound\n"
			     "remote_port = 443\naction = client\n"
			     "[rule job]\npriority = 5\ndirection = outbound\n"
			     "remote_port = 99\njobname = psql\naction = client\n"
			     "[rule noon]\npriority = 4\ndirection = outbound\n"
			     "remote_port = 98\ntime = noon\naction = client\n"
			     "[time noon]\ntime_of_day = 12:00-13:00\ntimezone = UTC\n"
			     "[action client]\ntls = on\nrole = client\nring = r\n");
	file_write(f->bad, "[rule web]\npriority = many\ndirecton = outbound\naction = client\n");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	const char *files[] = {f->ini, f->rules, f->bad, f->control, f->out, f->err};

	if (f->daemon) {
		kill(f->daemon, SIGKILL);
		waitpid(f->daemon, NULL, 0);
	}
	control_close(f->server);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	assert_int_equal(rmdir(f->folder), 0);
	free(f->out_text);
	free(f->err_text);
	free(f);
	return 0;
}

/* ---- one run ---- */

static int redirect(int fd, const char *path)
{
	int saved = dup(fd), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(saved >= 0 && file >= 0);
	dup2(file, fd);
	close(file);
	return saved;
}

static void restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/* Run "attlsctl @line", words separated by blanks; @I stands for the ini file, @R and @B for the
 * good and the bad rule file. Output is kept in @f. Return: exit code */
static int run(struct fixture *f, const char *line)
{
	char name[] = "attlsctl", *copy = strdup(line), *argv[32] = {name}, *rest = NULL;
	int argc = 1, code, out, err;

	for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < 31);
		argv[argc++] = strcmp(w, "@I") == 0   ? f->ini
			       : strcmp(w, "@R") == 0 ? f->rules
			       : strcmp(w, "@B") == 0 ? f->bad
						      : w;
	}
	fflush(stdout);
	fflush(stderr);
	out = redirect(STDOUT_FILENO, f->out);
	err = redirect(STDERR_FILENO, f->err);
	code = (int)ctl_run(argc, argv);
	fflush(stdout);
	fflush(stderr);
	restore(STDOUT_FILENO, out);
	restore(STDERR_FILENO, err);
	free(f->out_text);
	free(f->err_text);
	f->out_text = file_read(f->out);
	f->err_text = file_read(f->err);
	free(copy);
	return code;
}

/* A run, its exit code, and what its output and its sentences must contain ("" nothing at all). */
struct expectation {
	const char *line;
	int code;
	const char *out;
	const char *err;
};

static void expect_text(const char *line, const char *what, const char *text, const char *want)
{
	if (*want ? strstr(text, want) == NULL : *text != '\0')
		fail_msg("attlsctl %s: %s is \"%s\", expected \"%s\"", line, what, text, want);
}

static void expect(struct fixture *f, const struct expectation *e, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int code = run(f, e[i].line);

		if (code != e[i].code)
			fail_msg("attlsctl %s: exit %d, expected %d: %s", e[i].line, code,
				e[i].code, f->err_text);
		expect_text(e[i].line, "output", f->out_text, e[i].out);
		expect_text(e[i].line, "standard error", f->err_text, e[i].err);
	}
}

#define EXPECT(f, table) expect(f, table, sizeof(table) / sizeof((table)[0]))
#define MATCH            "policy match --local 10.0.0.1:4000 --remote 10.0.0.2:443 --direction "

static void test_usage(void **state)
{
	static const struct expectation cases[] = {
		{"", CTL_USAGE, "", "a command is needed"},
		{"stauts", CTL_USAGE, "", "unknown command stauts"},
		{"policy", CTL_USAGE, "", "unknown command policy"},
		{"status extra", CTL_USAGE, "", "status does not take \"extra\""},
		{"status --prometheus", CTL_USAGE, "", "status does not take --prometheus"},
		{"status --nonsense", CTL_USAGE, "", "--nonsense is no option"},
		{"status -x", CTL_USAGE, "", "is no option"},
		{"-c", CTL_USAGE, "", "-c needs a value"},
		{"policy match --rules @R", CTL_USAGE, "", "policy match needs --local"},
		{MATCH "sideways", CTL_USAGE, "",
			"--direction sideways: write outbound or inbound"},
		{MATCH "outbound extra", CTL_USAGE, "", "does not take \"extra\""},
		{MATCH "outbound --local 10.0.0.1", CTL_USAGE, "", "--local 10.0.0.1: write"},
		{MATCH "outbound --local [::1]:5", CTL_USAGE, "", "one address family"},
		{MATCH "outbound --at noon", CTL_USAGE, "", "--at noon: write a time like"},
		{MATCH "outbound --at 2025-03-01T08:00:00", CTL_USAGE, "", "--at"},
		{MATCH "outbound --at 2025-03-01T08:00:00+25:00", CTL_USAGE, "", "--at"},
		{"--version", CTL_OK, "attlsctl " ATTLS_VERSION "\n", ""},
		{"--help", CTL_OK, "policy match", ""},
		{"policy match --help", CTL_OK, "--userid U", ""},
		{"status --help", CTL_OK, "--json", ""},
	};

	EXPECT((struct fixture *)*state, cases);
}

static void test_unreachable(void **state)
{
	static const struct expectation cases[] = {
		{"-c @I status", CTL_UNREACHABLE, "", "is it running?"},
		{"-c @I flows --json", CTL_UNREACHABLE, "", "cannot reach attlsd"},
		{"-c @I reload", CTL_UNREACHABLE, "", "cannot reach attlsd"},
		{"-c /nowhere/attls.ini status", CTL_FAILED, "", "/nowhere/attls.ini"},
		{"-c @B status", CTL_FAILED, "", "bad.ini"},
	};

	EXPECT((struct fixture *)*state, cases);
}

static void test_daemon(void **state)
{
	static const struct expectation cases[] = {
		{"-c @I status", CTL_OK, "policy generation        7\n", ""},
		{"-c @I status", CTL_OK, "uptime                   1h02m\n", ""},
		{"-c @I status", CTL_OK, "memory                   1.5 KiB of 1.0 GiB\n", ""},
		{"-c @I status", CTL_OK, "drops: no_flow           11\n", ""},
		{"status --json --config @I", CTL_OK, "\"uptime_s\": 3725", ""},
		{"-c @I policy show", CTL_OK, "# generation 7\n[rule web]\npriority = 1\n", ""},
		{"-c @I policy show --json", CTL_OK, "\"ini\": \"[rule web]", ""},
		{"-c @I " MATCH "outbound", CTL_OK,
			"PASSED OVER  BECAUSE OF\nbefore       remote_port\n", ""},
		{"-c @I " MATCH "inbound --userid 5", CTL_OK,
			"rule {\"direction\":\"inbound\",\"local\":\"10.0.0.1:4000\","
			"\"remote\":\"10.0.0.2:443\",\"userid\":\"5\"} takes the connection",
			""},
		{"-c @I " MATCH "inbound --jobname x", CTL_OK, "\"jobname\":\"x\"", ""},
		{"-c @I " MATCH "inbound --at 2025-03-01T08:00:00.5+01:00", CTL_OK,
			"\"at\":\"2025-03-01T08:00:00.5+01:00\"", ""},
		{"-c @I reload", CTL_OK, "policy generation 8 is in force\n",
			"attlsctl: warning: label X expires\n"},
		{"-c @I reload", CTL_FAILED, "",
			"attlsctl: web.ini:3: [rule web] priority: no number\n"
			"attlsctl: web.ini:9: [rule b] action: unknown\n"},
		{"-c @I stats", CTL_OK, "COUNTER         VALUE\nflows_opened       12\n", ""},
		{"-c @I stats --json", CTL_OK, "\"flows_opened\": 12", ""},
		{"-c @I stats --prometheus", CTL_OK,
			"# HELP attls_flows_opened_total flows opened, since the start of attlsd\n"
			"# TYPE attls_flows_opened_total counter\n"
			"attls_flows_opened_total 12\n",
			""},
		{"-c @I stats --prometheus", CTL_OK, "\nattls_bytes_in_total 5\n", ""},
		{"-c @I stats --prometheus", CTL_OK, "attls_drops_total{reason=\"short\"} 3\n", ""},
	};
	struct fixture *f = *state;

	daemon_start(f);
	EXPECT(f, cases);
}

static void assert_begins(const char *line, const char *want)
{
	if (!line || strncmp(line, want, strlen(want)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", line ? line : "", want);
}

/* Column positions, blanks and what a hostile name must not do to a terminal. */
static void test_flows_table(void **state)
{
	struct fixture *f = *state;
	char *header, *first, *second, *rest = NULL;

	daemon_start(f);
	assert_int_equal(run(f, "-c @I flows"), CTL_OK);
	header = strtok_r(f->out_text, "\n", &rest);
	first = strtok_r(NULL, "\n", &rest);
	second = strtok_r(NULL, "\n", &rest);
	assert_null(strtok_r(NULL, "\n", &rest));
	assert_begins(header, "ID  LOCAL           REMOTE             DIRECTION");
	assert_begins(first, "41  10.0.0.1:40000  [2001:db8::1]:443  outbound ");
	assert_begins(second, " 7  10.0.0.1:22     10.0.0.2:5         inbound    - ");
	assert_non_null(strstr(first, "w?[31meb"));
	assert_non_null(strstr(first, "6 stale"));
	assert_non_null(strstr(first, "2.0 KiB"));
	assert_non_null(strstr(first, "12.34ms"));
	assert_non_null(strstr(first, "1m01s  4711  CN=server"));
}

static void test_offline(void **state)
{
	static const struct expectation cases[] = {
		{"policy check @R", CTL_OK, "4 rules, 1 action\n", "outside of it no rule takes"},
		{"-c @I policy check", CTL_OK, "4 rules, 1 action\n", ""},
		{"policy check @B", CTL_FAILED, "", "bad.ini:2: [rule web] priority"},
		{"policy check @B", CTL_FAILED, "", "directon"},
		{"policy check @R /nowhere.ini", CTL_FAILED, "", "/nowhere.ini"},
		{"policy check @B --json", CTL_FAILED, "\"ok\": false", ""},
		{"policy check @R --json", CTL_OK, "\"rules\": 4", ""},
		{"-c @I " MATCH "outbound --rules @R", CTL_OK,
			"rule web takes the connection: action client\n"
			"PASSED OVER  BECAUSE OF\nmine         remote_port\n",
			""},
		{MATCH "inbound -c @I --rules @R --json", CTL_OK, "\"outcome\": \"unmatched\"", ""},
		{"-c @I " MATCH "inbound --rules @R", CTL_OK,
			"no rule takes the connection: reject\n", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:5432 --rules @R", CTL_OK,
			"rule mine may take the connection", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:5432 --rules @R --json", CTL_OK,
			"\"outcome\": \"unknown-reject\"", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:5432 --rules @R --userid 0", CTL_OK,
			"rule mine takes the connection", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:5432 --rules @R --userid root", CTL_OK,
			"rule mine takes the connection", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:5432 --rules @R --userid 12345", CTL_OK,
			"mine         userid\n", ""},
		{"-c @I " MATCH "outbound --rules @R --userid no-such-user", CTL_FAILED, "",
			"no account named no-such-user"},
		{"-c @I " MATCH "outbound --rules @R --jobname psql", CTL_OK, "rule web takes", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:99 --rules @R --jobname psql,unit:x",
			CTL_OK, "rule job takes", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:99 --rules @R --jobname perl", CTL_OK,
			"job          jobname\n", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:98 --rules @R --at "
		 "2026-03-29T12:00:00Z",
			CTL_OK, "rule noon takes", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:98 --rules @R --at "
		 "2026-03-29T13:00:00+01:00",
			CTL_OK, "rule noon takes", ""},
		{"-c @I " MATCH "outbound --remote 10.0.0.2:98 --rules @R --at "
		 "2026-03-29T13:00:00Z",
			CTL_OK, "noon         time\n", ""},
		{"-c @I " MATCH "outbound --rules @R --jobname unit:", CTL_FAILED, "",
			"names nothing"},
		{"-c @I " MATCH "outbound --rules @B", CTL_FAILED, "", "bad.ini"},
		{"-c @B " MATCH "outbound --rules @R", CTL_FAILED, "", "bad.ini"},
	};

	EXPECT((struct fixture *)*state, cases);
}

/* What is said of a policy can be parsed by a program. */
static void test_offline_json(void **state)
{
	struct fixture *f = *state;
	json_t *got, *want;

	assert_int_equal(run(f, "-c @I " MATCH "outbound --rules @R --json"), CTL_OK);
	got = json_loads(f->out_text, 0, NULL);
	want = json_loads("{\"rule\":\"web\",\"action\":\"client\",\"outcome\":\"rule\","
			  "\"passed_over\":[{\"rule\":\"mine\",\"condition\":\"remote_port\"}]}",
		0, NULL);
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
	assert_int_equal(run(f, "-c @I " MATCH "inbound --rules @R --json"), CTL_OK);
	got = json_loads(f->out_text, 0, NULL);
	assert_true(json_is_null(json_object_get(got, "rule")));
	assert_string_equal(json_string_value(json_object_get(got, "action")), "reject");
	assert_int_equal(json_array_size(json_object_get(got, "passed_over")), 4);
	json_decref(got);
}

static void test_quantities(void **state)
{
	static const struct {
		uint64_t value;
		const char *bytes, *seconds;
	} cases[] = {
		{0, "0 B", "0s"},
		{59, "59 B", "59s"},
		{60, "60 B", "1m00s"},
		{1023, "1023 B", "17m03s"},
		{1024, "1.0 KiB", "17m04s"},
		{3599, "3.5 KiB", "59m59s"},
		{86399, "84.4 KiB", "23h59m"},
		{86400, "84.4 KiB", "1d00h"},
		{1048575, "1.0 MiB", "12d03h"},
		{UINT64_MAX, "16.0 EiB", "213503982334601d07h"},
	};
	char buf[QUANTITY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(bytes_format(cases[i].value, buf), cases[i].bytes);
		assert_string_equal(seconds_format(cases[i].value, buf), cases[i].seconds);
	}
}

static void test_columns(void **state)
{
	static const struct column headers[] = {{"NAME", false}, {"N", true}, {"END", false}};
	static const char *const cells[] = {
		"m\xc3\xbcller", "7", "x", "a\nb\x1b\xc2\x9bz", "1000", ""};
	struct columns table;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	columns_init(&table, headers, 3);
	for (size_t i = 0; i < 6; i++)
		columns_add(&table, cells[i]);
	columns_print(&table, out);
	columns_fini(&table);
	fclose(out);
	assert_string_equal(text, "NAME        N  END\n"
				  "m\xc3\xbcller      7  x\n"
				  "a?b???z  1000  -\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_daemon, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flows_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offline_json, setup, teardown),
		cmocka_unit_test(test_quantities),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_policy_visit.c - each value of a policy, and where it was written */
#include "rules/section.h"
#include "rules/visit.h"
#include "unit/rules_helper.h"

/* Writes a line for each value: "[kind name] key = value @ [kind name]:line", "@ default". */
struct recorder {
	struct visitor visitor;
	char lines[8192];
	char section[128];
	const struct ini_section *written;
};

static void record_section(
	struct visitor *v, const char *kind, const char *name, const struct ini_section *written)
{
	struct recorder *r = (struct recorder *)v;

	snprintf(r->section, sizeof(r->section), "[%s %s]", kind, name);
	r->written = written;
}

static void record_value(struct visitor *v, const char *key, const char *value)
{
	struct recorder *r = (struct recorder *)v;
	size_t used = strlen(r->lines);
	struct origin o;

	used += (size_t)snprintf(
		r->lines + used, sizeof(r->lines) - used, "%s %s = %s @ ", r->section, key, value);
	if (section_origin(r->written, key, &o))
		snprintf(r->lines + used, sizeof(r->lines) - used, "[%s %s]:%d\n", o.section->kind,
			o.section->name, o.line);
	else
		snprintf(r->lines + used, sizeof(r->lines) - used, "default\n");
}

static struct recorder recorder_of(const char *ring)
{
	return (struct recorder){
		.visitor = {
			.section = record_section, .value = record_value, .default_ring = ring}};
}

static void has(const struct recorder *r, const char *line)
{
	if (!strstr(r->lines, line))
		fail_msg("\"%s\" is not in\n%s", line, r->lines);
}

static void lacks(const struct recorder *r, const char *text)
{
	if (strstr(r->lines, text))
		fail_msg("\"%s\" is in\n%s", text, r->lines);
}

static const char text[] = "[rule one]\ndirection = outbound\nremote_port = 443, @web\n"
			   "requirements = usual\naction = sub\n"
			   "[requirements usual]\nfar = strong\n"
			   "[traffic far]\nremote_addr = 192.0.2.0/24\n"
			   "[ports web]\nport = 80\n"
			   "[action sub]\ninherit = base\nlabel = MINE\n"
			   "[action base]\ntls = on\nrole = server\nlabel = THEIRS\n"
			   "[level strong]\nversions = TLSv1.3\n"
			   "[rule two]\ndirection = both\nlocal_port = 7\npriority = 3\n"
			   "time = noon\naction = off\n"
			   "[action off]\ntls = off\n"
			   "[time noon]\ntime_of_day = 12:00-13:00\n"
			   "[use redis-server]\nring = root/own\n";

/* inherit, requirements, traffic and use lead back to the section where a value was written */
static void test_origins(void **state)
{
	struct recorder r = recorder_of("sys/ring");
	struct policy *p = policy_good(text);

	(void)state;
	policy_visit(p, &r.visitor);
	has(&r, "[rule one] priority = 1 @ default\n");
	has(&r, "[rule one] remote_port = 80, 443 @ [rule one]:3\n");
	has(&r, "[rule one] remote_addr = 192.0.2.0/24 @ [traffic far]:9\n");
	has(&r, "[rule one] on_unknown = reject @ default\n");
	has(&r, "[rule one] on_removal = keep @ default\n");
	has(&r, "[rule one] action = sub~strong @ [requirements usual]:7\n");
	has(&r, "[action sub~strong] label = MINE @ [action sub]:14\n");
	has(&r, "[action sub~strong] role = server @ [action base]:17\n");
	has(&r, "[action sub~strong] level = strong @ [requirements usual]:7\n");
	has(&r, "[action sub~strong] ring = sys/ring @ default\n");
	has(&r, "[action sub~strong] handshake_timeout = 10000ms @ default\n");
	has(&r, "[level strong] versions = TLSv1.3 @ [level strong]:20\n");
	has(&r, "[level strong] groups = x25519, secp256r1, secp384r1 @ default\n");
	has(&r, "[level strong] ciphers = TLS_AES_128_GCM_SHA256, ");
	has(&r, "[rule two] priority = 3 @ [rule two]:24\n");
	has(&r, "[rule two] on_unknown = no-match @ default\n");
	has(&r, "[time noon] time_of_day = 12:00-13:00 @ [time noon]:30\n");
	has(&r, "[time noon] timezone = local @ default\n");
	has(&r, "[rule redis-server] local_port = 6379 @ [rule redis-server]:");
	has(&r, "[action redis-server] ring = root/own @ [use redis-server]:32\n");
	has(&r, "[action redis-server] versions = TLSv1.2, TLSv1.3 @ default\n");
	lacks(&r, "[action off] role");
	policy_put(p);
}

/* Without defaults there is only what must be written for the same policy. */
static void test_written_only(void **state)
{
	struct recorder r = recorder_of(NULL);
	struct policy *p = policy_good(text);

	(void)state;
	policy_visit(p, &r.visitor);
	lacks(&r, "on_unknown");
	lacks(&r, "on_removal");
	lacks(&r, "groups");
	lacks(&r, "sys/ring");
	has(&r, "[level strong] versions = TLSv1.3 @ [level strong]:20\n");
	policy_put(p);
}

/* One rule comes with what it uses, and nothing else. */
static void test_one_rule(void **state)
{
	struct recorder r = recorder_of("sys/ring");
	struct policy *p = policy_good(text);

	(void)state;
	for (size_t i = 0; i < p->rule_count; i++) {
		if (strcmp(p->rules[i]->name, "two") == 0)
			policy_visit_rule(p->rules[i], &r.visitor);
	}
	has(&r, "[rule two] local_port = 7 @ [rule two]:23\n");
	has(&r, "[time noon] time_of_day");
	has(&r, "[action off] tls = off @ [action off]:28\n");
	lacks(&r, "[rule one]");
	lacks(&r, "[level strong]");
	policy_put(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_written_only),
		cmocka_unit_test(test_one_rule),
	};

	setenv("ATTLS_PREDEFINED", "rules/predefined", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

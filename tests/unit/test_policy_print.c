/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_policy_print.c - a printed policy loads back to the same policy */
#include "unit/random_policy.h"

static void same_ranges(const struct rule *a, const struct rule *b)
{
	assert_int_equal(a->local_addr_count, b->local_addr_count);
	assert_int_equal(a->remote_addr_count, b->remote_addr_count);
	assert_int_equal(a->local_port_count, b->local_port_count);
	assert_int_equal(a->remote_port_count, b->remote_port_count);
	assert_int_equal(a->uid_count, b->uid_count);
	for (size_t i = 0; i < a->local_addr_count; i++)
		assert_memory_equal(
			&a->local_addrs[i], &b->local_addrs[i], sizeof(struct addr_range));
	for (size_t i = 0; i < a->remote_addr_count; i++)
		assert_memory_equal(
			&a->remote_addrs[i], &b->remote_addrs[i], sizeof(struct addr_range));
	for (size_t i = 0; i < a->local_port_count; i++)
		assert_memory_equal(
			&a->local_ports[i], &b->local_ports[i], sizeof(struct port_range));
	for (size_t i = 0; i < a->remote_port_count; i++)
		assert_memory_equal(
			&a->remote_ports[i], &b->remote_ports[i], sizeof(struct port_range));
	for (size_t i = 0; i < a->uid_count; i++)
		assert_memory_equal(&a->uids[i], &b->uids[i], sizeof(struct uid_range));
}

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void same_profile(const struct profile *a, const struct profile *b)
{
	assert_int_equal(a->role, b->role);
	assert_int_equal(a->min_version, b->min_version);
	assert_int_equal(a->max_version, b->max_version);
	same_text(a->ciphers12, b->ciphers12);
	same_text(a->ciphers13, b->ciphers13);
	same_text(a->groups, b->groups);
	same_text(a->sni, b->sni);
	assert_int_equal(a->session_timeout, b->session_timeout);
	assert_int_equal(a->reference_count, b->reference_count);
	for (size_t i = 0; i < a->reference_count; i++) {
		assert_int_equal(a->references[i].kind, b->references[i].kind);
		same_text(a->references[i].name, b->references[i].name);
		assert_memory_equal(
			&a->references[i].addr, &b->references[i].addr, sizeof(struct addr));
	}
}

static void same_names(char *const *a, char *const *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (!a || !b)
		return;
	for (; *a && *b; a++, b++)
		assert_string_equal(*a, *b);
	assert_true(!*a && !*b);
}

/* @text, what it is printed as, and what that is printed as, are one policy. */
static void round_trip(const char *text)
{
	struct policy *a = policy_good(text), *b;
	char *printed = policy_text(a), *again;

	b = policy_good(printed);
	again = policy_text(b);
	assert_string_equal(printed, again);
	assert_int_equal(a->rule_count, b->rule_count);
	assert_int_equal(a->action_count, b->action_count);
	for (size_t i = 0; i < a->rule_count; i++) {
		assert_string_equal(a->rules[i]->name, b->rules[i]->name);
		assert_int_equal(a->rules[i]->priority, b->rules[i]->priority);
		assert_int_equal(a->rules[i]->direction, b->rules[i]->direction);
		assert_int_equal(a->rules[i]->has_userid, b->rules[i]->has_userid);
		same_text(a->rules[i]->userid, b->rules[i]->userid);
		assert_string_equal(a->rules[i]->action->name, b->rules[i]->action->name);
		same_names(a->rules[i]->interfaces, b->rules[i]->interfaces);
		same_ranges(a->rules[i], b->rules[i]);
	}
	for (size_t i = 0; i < a->action_count; i++) {
		assert_string_equal(a->actions[i]->name, b->actions[i]->name);
		assert_int_equal(a->actions[i]->mode, b->actions[i]->mode);
		assert_int_equal(
			a->actions[i]->handshake_timeout, b->actions[i]->handshake_timeout);
		same_text(a->actions[i]->ring, b->actions[i]->ring);
		same_text(a->actions[i]->label, b->actions[i]->label);
		same_text(a->actions[i]->level, b->actions[i]->level);
		same_profile(&a->actions[i]->profile, &b->actions[i]->profile);
	}
	free(printed);
	free(again);
	policy_put(a);
	policy_put(b);
}

static void test_everything(void **state)
{
	(void)state;
	round_trip("[rule one]\npriority = 255\ndirection = outbound\n"
		   "local_addr = 10.0.0.0/8, 2001:db8::1, 192.0.2.1-192.0.2.9\n"
		   "remote_addr = any\nlocal_port = any\nremote_port = 443, 8000-8100\n"
		   "userid = root, d*n, 1000-1999, 5\naction = out\n"
		   "[rule two]\ndirection = inbound\nremote_addr = 0.0.0.0/0\naction = in\n"
		   "[rule three]\ndirection = both\nlocal_port = 25\naction = off\n"
		   "[rule four]\ndirection = both\nlocal_port = 23\naction = no\n"
		   "[rule five]\ndirection = both\nlocal_port = 26\naction = out2\n"
		   "[rule six]\ndirection = both\ninside_interface = lan0, br-*, *\n"
		   "action = off\n"
		   "[action out]\ntls = on\nrole = client\nring = SYS/ring\nlabel = MY CERT\n"
		   "level = gold\nreference_id = a.example, 192.0.2.1, ::1, remote-ip\n"
		   "sni = none\nhandshake_timeout = 1500ms\nsession_timeout = 0s\n"
		   "[action out2]\ntls = on\nrole = client\nlevel = gold\nreference_id = any\n"
		   "sni = x.example\n"
		   "[action in]\ntls = on\nrole = server\nlevel = old\n"
		   "[action off]\ntls = off\n[action no]\ntls = reject\n"
		   "[level gold]\nversions = TLSv1.3, TLSv1.2\ngroups = x25519, secp384r1\n"
		   "ciphers = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256, "
		   "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_AES_256_GCM_SHA384\n"
		   "[level old]\nversions = TLSv1.2\n");
}

/* Labels that the reader would take a part of for a comment, or whose blanks it would trim. */
static void test_quotes(void **state)
{
	static const char *const labels[] = {"a;b#c", "'a # b'", "\"a ; b\"", "\" a \"",
		"it's a \"b\"", "'\"a\"'", "\"'a'\"", "\"a\\\"", "a\"b;c", "a'b #c"};

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"[rule r]\ndirection=both\nlocal_port=1\naction=a\n"
			"[action a]\ntls=on\nrole=server\nlabel = %s\n",
			labels[i]);
		round_trip(text);
	}
}

static void test_text(void **state)
{
	struct policy *p = policy_good(
		"[rule r]\ndirection=both\nlocal_port=1-2,4,any\nremote_addr=10.0.0.0/9, "
		"10.128.0.1\naction=a\n[action a]\ntls=on\nrole=client\nlabel=a # b\n"
		"reference_id = h.example\n");
	char *text = policy_text(p);

	(void)state;
	assert_string_equal(text, "[rule r]\npriority = 1\ndirection = both\n"
				  "remote_addr = 10.0.0.0/9, 10.128.0.1\nlocal_port = any\n"
				  "action = a\n\n"
				  "[action a]\ntls = on\nrole = client\nlabel = a\n"
				  "reference_id = h.example\nsni = h.example\n"
				  "handshake_timeout = 10000ms\nsession_timeout = 300s\n\n");
	free(text);
	policy_put(p);
}

/* What @q comes to, in words that do not depend on which of two equal policies was asked. */
static void decide(const struct policy *p, const struct query *q, char *words, size_t size)
{
	const struct rule *r;
	enum outcome outcome = policy_match(p, q, &r);

	snprintf(words, size, "%d %s %s, owner %x, protect %d", (int)outcome, r ? r->name : "-",
		r ? r->action->name : "-", policy_wants_owner(p, q), policy_may_protect(p, q));
}

/* Whatever the rules, what they are printed as decides as they do. */
static void test_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		char *text = random_rules(1 + below(60)), *printed, *again;
		struct err_list err;
		struct policy *a = policy_try(text, &err), *b;

		assert_non_null(a);
		err_fini(&err);
		printed = policy_text(a);
		b = policy_try(printed, &err);
		assert_non_null(b);
		err_fini(&err);
		again = policy_text(b);
		assert_string_equal(printed, again);
		for (unsigned i = 0; i < 300; i++) {
			struct query q = random_query();
			char before[256], after[256];

			decide(a, &q, before, sizeof(before));
			decide(b, &q, after, sizeof(after));
			assert_string_equal(before, after);
		}
		policy_put(a);
		policy_put(b);
		free(text);
		free(printed);
		free(again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_random),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

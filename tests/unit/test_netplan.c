/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_netplan.c - packet filter rules as text: candidates to plans, and plans to changes */
#include "unit.h"

#include "gateway/net/installed.h"
#include "gateway/net/match.h"
#include "gateway/net/plan.h"

#include <stdio.h>
#include <stdlib.h>

static struct addr_range range(const char *text)
{
	struct addr_range r;

	assert_true(addr_range_parse(text, &r));
	return r;
}

static struct candidate candidate(
	enum direction d, const char *local, const char *remote, uint16_t from, uint16_t to)
{
	struct candidate c = {
		.direction = d,
		.local = range(local),
		.remote = range(remote),
		.local_port = {0, 65535},
		.remote_port = {0, 65535},
	};

	c.family = c.local.from.family;
	*(d == DIRECTION_OUTBOUND ? &c.remote_port : &c.local_port) = (struct port_range){from, to};
	return c;
}

static struct plan_options host(unsigned workers)
{
	return (struct plan_options){
		.mode = MODE_HOST,
		.workers = workers,
		.queue_base = 100,
		.mark = 0x40000000,
		.features = {true, true, true, true},
	};
}

static struct plan_options router(void)
{
	static char lan0[] = "lan0", lan1[] = "lan1";
	static char *inside[] = {lan0, lan1, NULL};
	struct plan_options o = host(1);

	o.mode = MODE_ROUTER;
	o.inside = inside;
	o.outside = "wan0";
	return o;
}

static void build(struct plan *p, const struct plan_options *o, const struct candidate *items,
	size_t count, uint8_t family)
{
	const struct candidate_list list = {(struct candidate *)items, count};

	plan_build(p, o, &list, family);
}

/* Whether table @id has exactly the line @line. */
static bool has(const struct plan *p, enum plan_table_id id, const char *line)
{
	const char *at = p->tables[id].rules;
	size_t len = strlen(line);

	for (; at && (at = strstr(at, line)); at++)
		if (at[len] == '\n' && (at == p->tables[id].rules || at[-1] == '\n'))
			return true;
	return false;
}

static bool mentions(const struct plan *p, enum plan_table_id id, const char *text)
{
	return p->tables[id].rules && strstr(p->tables[id].rules, text);
}

/* Whether a jump from the kernel's @chain is for packets of @match only. */
static bool has_hook(
	const struct plan *p, enum plan_table_id id, const char *chain, const char *match)
{
	const struct plan_table *t = &p->tables[id];

	for (size_t i = 0; i < t->hook_count; i++)
		if (strcmp(t->hooks[i].chain, chain) == 0 && strcmp(t->hooks[i].match, match) == 0)
			return true;
	return false;
}

/* Which of two lines comes first. */
static bool before(const struct plan *p, enum plan_table_id id, const char *a, const char *b)
{
	const char *x = strstr(p->tables[id].rules, a), *y = strstr(p->tables[id].rules, b);

	return x && y && x < y;
}

static void test_match_text(void **state)
{
	static const struct {
		const char *local, *remote;
		enum heading heading;
		const char *text;
	} cases[] = {
		{"0.0.0.0/0", "10.0.0.1", WIRE_BOUND, " -p tcp -d 10.0.0.1"},
		{"0.0.0.0/0", "10.0.0.1", PLAIN_BOUND, " -p tcp -s 10.0.0.1"},
		{"10.1.0.0/16", "0.0.0.0/0", WIRE_BOUND, " -p tcp -s 10.1.0.0/16"},
		{"10.1.0.0/16", "10.2.0.1-10.2.0.9", WIRE_BOUND,
			" -p tcp -s 10.1.0.0/16 -m iprange --dst-range 10.2.0.1-10.2.0.9"},
		{"2001:db8::/32", "::/0", PLAIN_BOUND, " -p tcp -d 2001:db8::/32"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct candidate c =
			candidate(DIRECTION_OUTBOUND, cases[i].local, cases[i].remote, 0, 65535);
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		match_candidate(out, &c, cases[i].heading);
		fclose(out);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

static void test_match_original_covers_a_range_with_prefixes(void **state)
{
	static const char *const want[] = {
		" -m conntrack --ctorigdst 10.0.0.255 --ctorigdstport 443:443",
		" -m conntrack --ctorigdst 10.0.1.0/24 --ctorigdstport 443:443",
		" -m conntrack --ctorigdst 10.0.2.0/31 --ctorigdstport 443:443",
	};
	struct candidate c =
		candidate(DIRECTION_OUTBOUND, "0.0.0.0/0", "10.0.0.255-10.0.2.1", 443, 443);
	char text[MATCH_ORIGINAL_TEXT];
	struct addr at = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(match_original(text, &c, &at));
		assert_string_equal(text, want[i]);
	}
	assert_false(match_original(text, &c, &at));
}

static void test_match_original_to_the_last_address(void **state)
{
	struct candidate c = candidate(
		DIRECTION_OUTBOUND, "0.0.0.0/0", "255.255.255.254-255.255.255.255", 1, 65535);
	char text[MATCH_ORIGINAL_TEXT];
	struct addr at = {0};

	(void)state;
	assert_true(match_original(text, &c, &at));
	assert_string_equal(text, " -m conntrack --ctorigdst 255.255.255.254/31");
	assert_false(match_original(text, &c, &at));
	c.remote = range("::/0");
	at = (struct addr){0};
	assert_true(match_original(text, &c, &at));
	assert_string_equal(text, "");
	assert_false(match_original(text, &c, &at));
}

static void test_no_candidate_no_rule(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "::/0", "2001:db8::1", 443, 443);
	struct plan_options o = host(2);
	struct plan p;

	(void)state;
	build(&p, &o, &c, 1, 4);
	assert_int_equal(plan_rules(&p), 0);
	assert_int_equal(p.tables[PLAN_MANGLE].chain_count, 0);
	plan_free(&p);
	build(&p, &o, &c, 1, 6);
	assert_true(plan_rules(&p) > 0);
	plan_free(&p);
}

static void test_host_outbound(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "0.0.0.0/0", "10.0.0.1", 443, 443);
	struct plan_options o = host(1);
	struct plan p;

	(void)state;
	build(&p, &o, &c, 1, 4);
	assert_true(
		has(&p, PLAN_RAW, "-A ATTLS-PLAIN -p tcp --dport 443 -d 10.0.0.1 -g ATTLS-SPORT"));
	assert_true(has(
		&p, PLAN_MANGLE, "-A ATTLS-WIRE -p tcp --sport 443 -s 10.0.0.1 -g ATTLS-DPORT"));
	assert_true(has(&p, PLAN_MANGLE,
		"-A ATTLS-WIRE-NAT -p tcp -m conntrack --ctorigdst 10.0.0.1 "
		"--ctorigdstport 443:443 -g ATTLS-DPORT"));
	assert_true(has(
		&p, PLAN_MANGLE, "-A ATTLS-GUARD -p tcp --dport 443 -d 10.0.0.1 -g ATTLS-PAYLOAD"));
	assert_true(has(
		&p, PLAN_FILTER, "-A ATTLS-GUARD -p tcp --sport 443 -s 10.0.0.1 -g ATTLS-PAYLOAD"));
	assert_true(has(
		&p, PLAN_FILTER, "-A ATTLS-REFUSE -p tcp --dport 443 -d 10.0.0.1 -g ATTLS-RESET"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-SPORT -p tcp --syn -j ATTLS-SPORT-SYN"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-SPORT -j NFQUEUE --queue-num 100"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-SPORT-SYN -j NFQUEUE --queue-num 101"));
	assert_true(mentions(&p, PLAN_MANGLE, "NFQUEUE --queue-num 102\n"));
	assert_false(mentions(&p, PLAN_RAW, "bypass"));
	plan_free(&p);
}

/* Connection tracking is switched on by rules that ask for it: not for inbound candidates. */
static void test_inbound_needs_no_conntrack(void **state)
{
	struct candidate c = candidate(DIRECTION_INBOUND, "0.0.0.0/0", "0.0.0.0/0", 8443, 8443);
	struct plan_options o = host(1);
	struct plan p;

	(void)state;
	build(&p, &o, &c, 1, 4);
	for (int id = 0; id < PLAN_TABLES; id++)
		assert_false(mentions(&p, id, "-m conntrack"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-PLAIN -p tcp --sport 8443 -g ATTLS-DPORT"));
	assert_true(has(&p, PLAN_MANGLE, "-A ATTLS-WIRE -p tcp --dport 8443 -g ATTLS-SPORT"));
	assert_false(mentions(&p, PLAN_FILTER, "REJECT"));
	plan_free(&p);
}

/* Without NAT nothing is tracked, and what NAT turns to the wire later is refused. */
static void test_host_without_nat(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "0.0.0.0/0", "10.0.0.1", 443, 443);
	struct plan_options o = host(1);
	struct plan p;

	(void)state;
	build(&p, &o, &c, 1, 4);
	assert_false(mentions(&p, PLAN_FILTER, "ATTLS-TURNED"));
	plan_free(&p);
	o.features.conntrack = false;
	build(&p, &o, &c, 1, 4);
	for (int id = 0; id < PLAN_TABLES; id++)
		assert_false(mentions(&p, id, "-m conntrack"));
	assert_true(has_hook(&p, PLAN_FILTER, "OUTPUT", "! -d 127.0.0.0/8 -o lo -p tcp"));
	assert_true(has(&p, PLAN_FILTER,
		"-A ATTLS-TURNED -p tcp -m addrtype ! --dst-type LOCAL -j REJECT "
		"--reject-with tcp-reset"));
	plan_free(&p);
}

static void test_features_are_left_out(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "::/0", "2001:db8::1", 443, 443);
	struct plan_options o = router();
	struct plan p;

	(void)state;
	o.features = (struct plan_features){0};
	build(&p, &o, &c, 1, 6);
	for (int id = 0; id < PLAN_TABLES; id++) {
		assert_false(mentions(&p, id, "conntrack"));
		assert_false(mentions(&p, id, "notrack"));
		assert_false(mentions(&p, id, "-j HL"));
		assert_false(mentions(&p, id, "-m frag"));
	}
	plan_free(&p);
	o.features = (struct plan_features){true, true, true, true};
	build(&p, &o, &c, 1, 6);
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-PRE -i attlsp -j CT --notrack"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-INSIDE -p tcp -m frag -j ATTLS-FRAGMENT"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-FRAGMENT -p tcp -d 2001:db8::1 -j DROP"));
	assert_true(has(&p, PLAN_MANGLE, "-A ATTLS-FWD -i attlsw -j HL --hl-inc 1"));
	plan_free(&p);
}

/* A packet that both kinds could take goes to the same worker in either direction. */
static void test_outbound_comes_first(void **state)
{
	struct candidate both[] = {
		candidate(DIRECTION_INBOUND, "0.0.0.0/0", "0.0.0.0/0", 8443, 8443),
		candidate(DIRECTION_OUTBOUND, "0.0.0.0/0", "0.0.0.0/0", 443, 443),
	};
	struct plan_options o = host(2);
	struct plan p;

	(void)state;
	build(&p, &o, both, 2, 4);
	assert_true(
		before(&p, PLAN_RAW, "--dport 443 -g ATTLS-SPORT", "--sport 8443 -g ATTLS-DPORT"));
	assert_true(before(
		&p, PLAN_MANGLE, "--sport 443 -g ATTLS-DPORT", "--dport 8443 -g ATTLS-SPORT"));
	assert_true(before(&p, PLAN_MANGLE, "-j ATTLS-WIRE-NAT", "--dport 8443 -g ATTLS-SPORT"));
	plan_free(&p);
}

static void test_dispatch_ends_unconditionally(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "0.0.0.0/0", "10.0.0.1", 443, 443);
	struct plan_options o = host(3);
	struct plan p;

	(void)state;
	build(&p, &o, &c, 1, 4);
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-DPORT -j NFQUEUE --queue-num 104"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-DPORT-SYN -j NFQUEUE --queue-num 105"));
	assert_true(before(&p, PLAN_RAW, "--queue-num 102\n", "-A ATTLS-SPORT -j NFQUEUE"));
	assert_true(mentions(&p, PLAN_MANGLE, "--queue-num 106\n"));
	plan_free(&p);
}

static void test_router_takes_syns_in_forward(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "10.5.0.0/24", "10.0.0.1", 443, 443);
	struct addr_range nets[] = {range("10.5.0.0/24"), range("fd05::/64")};
	struct plan_options o = router();
	struct plan p;

	(void)state;
	o.inside_nets = nets;
	o.inside_net_count = 2;
	build(&p, &o, &c, 1, 4);
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-INSIDE -p tcp ! --syn -j ATTLS-PLAIN"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-PRE -i lan0 -j ATTLS-INSIDE"));
	assert_true(has(&p, PLAN_RAW, "-A ATTLS-PRE -i lan1 -j ATTLS-INSIDE"));
	assert_true(before(&p, PLAN_RAW, "-d 10.5.0.0/24 -j RETURN", "! --syn"));
	assert_true(before(&p, PLAN_RAW, "--dst-type LOCAL -j RETURN", "! --syn"));
	assert_false(mentions(&p, PLAN_RAW, "fd05"));
	assert_true(
		has(&p, PLAN_MANGLE, "-A ATTLS-FWD -i lan0 -o wan0 -p tcp --syn -j ATTLS-PLAIN"));
	assert_true(has(&p, PLAN_MANGLE, "-A ATTLS-FWD -i wan0 -o lan0 -p tcp -j ATTLS-WIRE"));
	assert_true(
		has(&p, PLAN_MANGLE, "-A ATTLS-FWD -i lan1 -o wan0 -p tcp --syn -j ATTLS-PLAIN"));
	assert_true(has(&p, PLAN_MANGLE, "-A ATTLS-FWD -i wan0 -o lan1 -p tcp -j ATTLS-WIRE"));
	assert_true(has(&p, PLAN_FILTER, "-A ATTLS-FORWARD -i wan0 -o lan1 -p tcp -j ATTLS-GUARD"));
	assert_true(has_hook(&p, PLAN_MANGLE, "POSTROUTING", "-o wan0 -p tcp"));
	assert_true(has(&p, PLAN_FILTER, "-A ATTLS-FORWARD -i attlsp -j ACCEPT"));
	plan_free(&p);
}

/* DNAT can send a loopback address to the wire, which is then no address of the candidate. */
static void test_loopback_source_is_refused_too(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "10.5.0.1", "10.0.0.1", 443, 443);
	struct plan_options o = host(1);
	struct plan p;

	(void)state;
	build(&p, &o, &c, 1, 4);
	assert_true(has(&p, PLAN_FILTER,
		"-A ATTLS-LOOPBACK -p tcp --dport 443 -d 10.0.0.1 -g ATTLS-RESET"));
	assert_true(has(&p, PLAN_MANGLE,
		"-A ATTLS-LOOPBACK -p tcp --dport 443 -d 10.0.0.1 -g ATTLS-PAYLOAD"));
	plan_free(&p);
}

static void test_rule_count_is_the_number_of_lines(void **state)
{
	struct candidate both[] = {
		candidate(DIRECTION_INBOUND, "0.0.0.0/0", "0.0.0.0/0", 8443, 8443),
		candidate(DIRECTION_OUTBOUND, "10.5.0.1", "10.0.0.1-10.0.0.6", 443, 443),
	};
	struct plan_options options[] = {host(4), router()};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t lines = 0;
		struct plan p;

		build(&p, &options[i], both, 2, 4);
		for (int id = 0; id < PLAN_TABLES; id++)
			for (const char *at = p.tables[id].rules; (at = strchr(at, '\n')); at++)
				lines++;
		assert_int_equal(plan_rules(&p), lines);
		plan_free(&p);
	}
}

static bool names(const char *text, size_t len, const char *chain)
{
	return strlen(chain) == len && strncmp(chain, text, len) == 0;
}

/* Every chain that a rule is in or jumps to is declared. */
static void test_chains_are_declared(void **state)
{
	struct candidate c = candidate(DIRECTION_OUTBOUND, "10.5.0.1", "10.0.0.1", 443, 443);
	struct plan_options options[] = {host(2), router()};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct plan p;

		build(&p, &options[i], &c, 1, 4);
		for (int id = 0; id < PLAN_TABLES; id++) {
			const struct plan_table *t = &p.tables[id];

			for (const char *at = t->rules; (at = strstr(at, "ATTLS-")); at++) {
				size_t len = strcspn(at, " \n"), k = 0;

				while (k < t->chain_count && !names(at, len, t->chains[k]))
					k++;
				assert_true(k < t->chain_count);
			}
		}
		plan_free(&p);
	}
}

/* ---- what is installed, and changes of it ---- */

static char *change(const char *saved, const struct plan_table *want)
{
	struct installed in;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	installed_parse(&in, saved);
	installed_change(out, "mangle", &in, want);
	installed_free(&in);
	fclose(out);
	return text;
}

static char in_chain[] = "ATTLS-IN", wire_chain[] = "ATTLS-WIRE";
static const char rules_text[] = "-A ATTLS-IN -j RETURN\n";
static const struct plan_table wanted = {
	.chains = (char *[]){in_chain},
	.chain_count = 1,
	.hooks = {{"INPUT", "ATTLS-IN", false, ""}, {"DOCKER-USER", "ATTLS-IN", true, ""}},
	.hook_count = 2,
	.rules = (char *)rules_text,
	.rule_count = 1,
};
static const struct plan_table nothing;

static void check_change(const char *saved, const struct plan_table *want, const char *expected)
{
	char *text = change(saved, want);

	assert_string_equal(text, expected);
	free(text);
}

static void test_first_installation(void **state)
{
	(void)state;
	check_change("", &wanted,
		"*mangle\n:ATTLS-IN - [0:0]\n-I INPUT 1 -j ATTLS-IN\n"
		"-A ATTLS-IN -j RETURN\nCOMMIT\n");
}

static void test_jump_in_place_is_left_alone(void **state)
{
	(void)state;
	check_change("*mangle\n:INPUT ACCEPT [1:2]\n:ATTLS-IN - [0:0]\n-A INPUT -j ATTLS-IN\n"
		     "-A INPUT -p udp -j DROP\n-A ATTLS-IN -j RETURN\nCOMMIT\n",
		&wanted, "*mangle\n:ATTLS-IN - [0:0]\n-A ATTLS-IN -j RETURN\nCOMMIT\n");
}

static void test_jump_out_of_place_moves(void **state)
{
	(void)state;
	check_change("*mangle\n:INPUT ACCEPT [1:2]\n:ATTLS-IN - [0:0]\n-A INPUT -p udp -j DROP\n"
		     "-A INPUT -j ATTLS-IN\nCOMMIT\n",
		&wanted,
		"*mangle\n:ATTLS-IN - [0:0]\n-D INPUT -j ATTLS-IN\n-I INPUT 1 -j ATTLS-IN\n"
		"-A ATTLS-IN -j RETURN\nCOMMIT\n");
}

/* Two jumps of ours in one chain may stand in either order, but before all others. */
static void test_jumps_with_conditions(void **state)
{
	static char *chains[] = {in_chain, wire_chain};
	static const struct plan_table two = {
		.chains = chains,
		.chain_count = 2,
		.hooks = {{"INPUT", "ATTLS-IN", false, "-p icmp"},
			{"INPUT", "ATTLS-WIRE", false, "! -i lo -p tcp"}},
		.hook_count = 2,
	};

	(void)state;
	check_change("", &two,
		"*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\n"
		"-I INPUT 1 -p icmp -j ATTLS-IN\n"
		"-I INPUT 1 ! -i lo -p tcp -j ATTLS-WIRE\nCOMMIT\n");
	check_change("*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\n"
		     "-A INPUT ! -i lo -p tcp -j ATTLS-WIRE\n-A INPUT -p icmp -j ATTLS-IN\n"
		     "-A INPUT -p udp -j DROP\nCOMMIT\n",
		&two, "*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\nCOMMIT\n");
	check_change("*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\n"
		     "-A INPUT -p icmp -j ATTLS-IN\n-A INPUT -p udp -j DROP\n"
		     "-A INPUT ! -i lo -p tcp -j ATTLS-WIRE\nCOMMIT\n",
		&two,
		"*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\n"
		"-D INPUT ! -i lo -p tcp -j ATTLS-WIRE\n"
		"-I INPUT 1 ! -i lo -p tcp -j ATTLS-WIRE\nCOMMIT\n");
	check_change("*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\n"
		     "-A INPUT -j ATTLS-IN\n-A INPUT ! -i lo -p tcp -j ATTLS-WIRE\nCOMMIT\n",
		&two,
		"*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-WIRE - [0:0]\n-D INPUT -j ATTLS-IN\n"
		"-I INPUT 1 -p icmp -j ATTLS-IN\nCOMMIT\n");
}

static void test_optional_chain_that_exists(void **state)
{
	(void)state;
	check_change("*filter\n:INPUT ACCEPT [1:2]\n:DOCKER-USER - [0:0]\nCOMMIT\n", &wanted,
		"*mangle\n:ATTLS-IN - [0:0]\n-I INPUT 1 -j ATTLS-IN\n"
		"-I DOCKER-USER 1 -j ATTLS-IN\n-A ATTLS-IN -j RETURN\nCOMMIT\n");
}

static void test_stale_chains_and_jumps_go(void **state)
{
	(void)state;
	check_change("*mangle\n:INPUT ACCEPT [1:2]\n:ATTLS-IN - [0:0]\n:ATTLS-OLD - [0:0]\n"
		     "-A INPUT -j ATTLS-IN\n-A OUTPUT -p tcp -j ATTLS-OLD\n-A ATTLS-OLD -j DROP\n",
		&wanted,
		"*mangle\n:ATTLS-IN - [0:0]\n:ATTLS-OLD - [0:0]\n-D OUTPUT -p tcp -j ATTLS-OLD\n"
		"-A ATTLS-IN -j RETURN\n-X ATTLS-OLD\nCOMMIT\n");
}

static void test_removal(void **state)
{
	(void)state;
	check_change("*mangle\n:INPUT ACCEPT [1:2]\n:ATTLS-IN - [0:0]\n-A INPUT -j ATTLS-IN\n"
		     "-A ATTLS-IN -j RETURN\nCOMMIT\n",
		&nothing,
		"*mangle\n:ATTLS-IN - [0:0]\n-D INPUT -j ATTLS-IN\n-X ATTLS-IN\nCOMMIT\n");
}

static void test_nothing_to_remove(void **state)
{
	(void)state;
	check_change(
		"*mangle\n:INPUT ACCEPT [1:2]\n-A INPUT -p tcp -j DROP\nCOMMIT\n", &nothing, "");
}

static void test_count_of_installed_rules(void **state)
{
	struct installed in;

	(void)state;
	installed_parse(&in,
		"*mangle\n:ATTLS-IN - [0:0]\n-A INPUT -j ATTLS-IN\n"
		"-A ATTLS-IN -j RETURN\n-A ATTLS-IN -p tcp -j DROP\n-A INPUT -j DROP\n");
	assert_int_equal(in.rule_count, 2);
	assert_int_equal(in.hook_count, 1);
	assert_true(installed_hooked(&in, &wanted));
	installed_free(&in);
	installed_parse(&in, "*mangle\n:ATTLS-IN - [0:0]\n-A ATTLS-IN -j RETURN\n");
	assert_false(installed_hooked(&in, &wanted));
	installed_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match_text),
		cmocka_unit_test(test_match_original_covers_a_range_with_prefixes),
		cmocka_unit_test(test_match_original_to_the_last_address),
		cmocka_unit_test(test_no_candidate_no_rule),
		cmocka_unit_test(test_host_outbound),
		cmocka_unit_test(test_inbound_needs_no_conntrack),
		cmocka_unit_test(test_host_without_nat),
		cmocka_unit_test(test_features_are_left_out),
		cmocka_unit_test(test_outbound_comes_first),
		cmocka_unit_test(test_dispatch_ends_unconditionally),
		cmocka_unit_test(test_router_takes_syns_in_forward),
		cmocka_unit_test(test_loopback_source_is_refused_too),
		cmocka_unit_test(test_rule_count_is_the_number_of_lines),
		cmocka_unit_test(test_chains_are_declared),
		cmocka_unit_test(test_first_installation),
		cmocka_unit_test(test_jump_in_place_is_left_alone),
		cmocka_unit_test(test_jump_out_of_place_moves),
		cmocka_unit_test(test_jumps_with_conditions),
		cmocka_unit_test(test_optional_chain_that_exists),
		cmocka_unit_test(test_stale_chains_and_jumps_go),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_nothing_to_remove),
		cmocka_unit_test(test_count_of_installed_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

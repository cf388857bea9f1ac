/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_netplan_tree.c - trees of chains match what the lists they stand for match, in few rules */
#include "unit.h"

#include "gateway/net/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE, DESTINATION };

/* One rule as text says it; addresses and ports of the two ends of a packet. */
struct line {
	char chain[32], target[32];
	size_t place; /* among all lines */
	bool goes;    /* -g: what is after the target is after the caller */
	struct addr_range addr[2];
	struct port_range port[2];
};

struct packet {
	struct endpoint end[2];
};

/* Sorted by chain, and within one as they were written. */
struct walk {
	struct line *lines;
	size_t count;
	size_t met; /* rules that a packet has been compared with */
};

static unsigned dice(unsigned sides)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % sides;
}

static struct addr address(uint32_t n)
{
	const uint8_t bytes[] = {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return addr_from_v4(bytes);
}

/* ---- the text of rules, and what a packet meets there ---- */

static void parse_word(struct line *l, const char *option, const char *value)
{
	int end = option[strspn(option, "-")] == 's' ? SOURCE : DESTINATION;

	if (strcmp(option, "-A") == 0) {
		snprintf(l->chain, sizeof(l->chain), "%s", value);
	} else if (strcmp(option, "-j") == 0 || strcmp(option, "-g") == 0) {
		snprintf(l->target, sizeof(l->target), "%s", value);
		l->goes = option[1] == 'g';
	} else if (strstr(option, "port")) {
		char *rest;

		l->port[end].from = (uint16_t)strtoul(value, &rest, 10);
		l->port[end].to = l->port[end].from;
		if (*rest == ':')
			l->port[end].to = (uint16_t)strtoul(rest + 1, NULL, 10);
	} else if (strcmp(option, "-s") == 0 || strcmp(option, "-d") == 0 ||
		   strstr(option, "-range")) {
		assert_true(addr_range_parse(value, &l->addr[end]));
	} else {
		assert_true(strcmp(option, "-p") == 0 || strcmp(option, "-m") == 0);
	}
}

static struct line parse_line(char *text)
{
	struct line l = {.port = {{0, 65535}, {0, 65535}}};
	char *save, *option;

	for (int i = 0; i < 2; i++)
		assert_true(addr_range_parse("0.0.0.0/0", &l.addr[i]));
	for (option = strtok_r(text, " ", &save); option; option = strtok_r(NULL, " ", &save))
		parse_word(&l, option, strtok_r(NULL, " ", &save));
	return l;
}

static int by_chain(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->chain, y->chain);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* Lines of the list's chain and of its branches; of others there is more than is parsed here. */
static void walk_init(struct walk *k, const struct plan *p)
{
	char *text = strdup(p->tables[PLAN_RAW].rules), *save;

	assert_non_null(text);
	*k = (struct walk){.lines = calloc(p->tables[PLAN_RAW].rule_count, sizeof(*k->lines))};
	assert_non_null(k->lines);
	for (char *at = strtok_r(text, "\n", &save); at; at = strtok_r(NULL, "\n", &save))
		if (strncmp(at, "-A ATTLS-PLAIN", 14) == 0 || strncmp(at, "-A ATTLS-T", 10) == 0) {
			k->lines[k->count] = parse_line(at);
			k->lines[k->count].place = k->count;
			k->count++;
		}
	qsort(k->lines, k->count, sizeof(*k->lines), by_chain);
	free(text);
}

static bool matches(const struct line *l, const struct packet *p)
{
	for (int i = 0; i < 2; i++)
		if (!addr_in_range(&p->end[i].addr, &l->addr[i]) ||
			p->end[i].port < l->port[i].from || p->end[i].port > l->port[i].to)
			return false;
	return true;
}

/* Where @p ends that is in @chain: a chain that is no part of the list, or NULL. */
static const char *walk_chain(struct walk *k, const char *chain, const struct packet *p)
{
	const struct line *l;
	size_t low = 0, high = k->count;

	while (low < high) { /* the first line of the chain */
		size_t middle = (low + high) / 2;

		if (strcmp(k->lines[middle].chain, chain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (l = k->lines + low; l < k->lines + k->count && strcmp(l->chain, chain) == 0; l++) {
		const char *end = l->target;

		k->met++;
		if (!matches(l, p))
			continue;
		if (strncmp(l->target, "ATTLS-T", 7) == 0)
			end = walk_chain(k, l->target, p);
		if (end || l->goes)
			return end;
	}
	return NULL;
}

/* ---- lists ---- */

/* Small numbers, so that ranges overlap; now and then any. */
static struct addr_range random_addresses(void)
{
	uint32_t from = dice(64);
	struct addr_range r = {address(from), address(from + dice(4) * dice(8))};

	if (dice(4) == 0)
		assert_true(addr_range_parse("0.0.0.0/0", &r));
	return r;
}

static struct port_range random_ports(void)
{
	uint16_t from = (uint16_t)(1 + dice(64));

	if (dice(2) == 0)
		return (struct port_range){0, 65535};
	return (struct port_range){from, (uint16_t)(from + dice(3) * dice(8))};
}

static struct candidate random_candidate(void)
{
	return (struct candidate){
		.direction = dice(2) ? DIRECTION_OUTBOUND : DIRECTION_INBOUND,
		.family = 4,
		.local = random_addresses(),
		.remote = random_addresses(),
		.local_port = random_ports(),
		.remote_port = random_ports(),
	};
}

static bool candidate_matches(const struct candidate *c, const struct packet *p)
{
	const struct endpoint *local = &p->end[SOURCE], *remote = &p->end[DESTINATION];

	return addr_in_range(&local->addr, &c->local) && addr_in_range(&remote->addr, &c->remote) &&
	       local->port >= c->local_port.from && local->port <= c->local_port.to &&
	       remote->port >= c->remote_port.from && remote->port <= c->remote_port.to;
}

static const char *naive(const struct candidate_list *list, const struct packet *p)
{
	const char *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (!candidate_matches(&list->items[i], p))
			continue;
		if (list->items[i].direction == DIRECTION_OUTBOUND)
			return "ATTLS-SPORT";
		found = "ATTLS-DPORT";
	}
	return found;
}

static void build(struct walk *k, const struct candidate_list *list)
{
	const struct plan_options o = {
		.mode = MODE_HOST,
		.workers = 1,
		.queue_base = 100,
		.mark = 0x40000000,
	};
	struct plan p;

	plan_build(&p, &o, list, 4);
	walk_init(k, &p);
	plan_free(&p);
}

static struct packet random_packet(void)
{
	return (struct packet){{
		{.addr = address(dice(100)), .port = (uint16_t)(1 + dice(100))},
		{.addr = address(dice(100)), .port = (uint16_t)(1 + dice(100))},
	}};
}

static void check_lists_of(size_t count)
{
	struct candidate *items = calloc(count, sizeof(*items));
	const struct candidate_list list = {items, count};
	struct walk k;

	assert_non_null(items);
	for (size_t i = 0; i < count; i++)
		items[i] = random_candidate();
	build(&k, &list);
	for (int i = 0; i < 2000; i++) {
		struct packet p = random_packet();
		const char *want = naive(&list, &p), *got = walk_chain(&k, "ATTLS-PLAIN", &p);

		assert_int_equal(!want, !got);
		if (want)
			assert_string_equal(got, want);
	}
	free(k.lines);
	free(items);
}

static void test_tree_matches_what_the_list_does(void **state)
{
	static const size_t counts[] = {1, 8, 25, 60, 200, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (int times = 0; times < 5; times++)
			check_lists_of(counts[i]);
}

/* However many candidates there are, a packet that none takes meets a few dozen rules. */
static void test_long_list_is_not_searched_one_by_one(void **state)
{
	enum { COUNT = 10000 };
	struct candidate *items = calloc(COUNT, sizeof(*items));
	const struct candidate_list list = {items, COUNT};
	struct walk k;
	size_t most = 0;

	(void)state;
	assert_non_null(items);
	for (uint32_t i = 0; i < COUNT; i++) {
		items[i] = random_candidate();
		items[i].direction = DIRECTION_OUTBOUND;
		items[i].remote = (struct addr_range){address(2 * i), address(2 * i)};
		items[i].remote_port = (struct port_range){443, 443};
	}
	build(&k, &list);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct packet p = random_packet();

		p.end[DESTINATION] = (struct endpoint){.addr = address(2 * i + 1), .port = 443};
		k.met = 0;
		assert_null(walk_chain(&k, "ATTLS-PLAIN", &p));
		most = k.met > most ? k.met : most;
	}
	assert_in_range(most, 10, 90);
	free(k.lines);
	free(items);
}

/* Ports between those of a long list and of another rule are told apart at once. */
static void test_other_ports_do_not_enter_the_tree(void **state)
{
	enum { COUNT = 1000 };
	struct candidate items[COUNT];
	const struct candidate_list list = {items, COUNT};
	const struct packet p = {{
		{.addr = address(1), .port = 1},
		{.addr = address(2), .port = 9000},
	}};
	struct walk k;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		items[i] = (struct candidate){
			.direction = DIRECTION_OUTBOUND,
			.family = 4,
			.local_port = {0, 65535},
			.remote = {address(i), address(i)},
			.remote_port = {443, 443},
		};
		assert_true(addr_range_parse("0.0.0.0/0", &items[i].local));
	}
	items[7].remote = items[7].local;
	items[7].remote_port = (struct port_range){9100, 9100};
	build(&k, &list);
	assert_null(walk_chain(&k, "ATTLS-PLAIN", &p));
	assert_int_equal(k.met, 2);
	free(k.lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_matches_what_the_list_does),
		cmocka_unit_test(test_long_list_is_not_searched_one_by_one),
		cmocka_unit_test(test_other_ports_do_not_enter_the_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

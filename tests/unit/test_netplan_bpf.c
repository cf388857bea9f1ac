/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_netplan_bpf.c - the classic BPF programs of the rules, run on packets */
#include "unit.h"

#include "gateway/net/bpf.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct instruction {
	unsigned code, jt, jf;
	uint32_t k;
};

enum { MOST = 64 };

/* The number at *@at; one of @ends, or the end of the text, follows. */
static uint32_t number(const char **at, const char *ends)
{
	char *end;
	unsigned long value = strtoul(*at, &end, 10);

	assert_true(end > *at && strchr(ends, *end));
	*at = end + (*end != '\0');
	return (uint32_t)value;
}

static size_t program_read(const char *text, struct instruction *p)
{
	size_t count = number(&text, ",");

	assert_true(count <= MOST);
	for (size_t i = 0; i < count; i++) {
		p[i].code = number(&text, " ");
		p[i].jt = number(&text, " ");
		p[i].jf = number(&text, " ");
		p[i].k = number(&text, i + 1 < count ? "," : "");
	}
	assert_int_equal(*text, '\0');
	return count;
}

/* What a program works on. */
struct machine {
	const uint8_t *data;
	size_t len;
	size_t wire_len; /* what the kernel says the length is */
	uint32_t a, x;
};

/* A load; false where the kernel ends the program with 0. */
static bool load(struct machine *m, const struct instruction *i)
{
	static const struct {
		unsigned code;
		size_t size;
		bool indirect;
	} loads[] = {{72, 2, true}, {80, 1, true}, {40, 2, false}, {48, 1, false}, {177, 1, false}};
	size_t n = 0, at;

	if (i->code == 128) {
		m->a = (uint32_t)m->wire_len;
		return true;
	}
	while (n < 5 && loads[n].code != i->code)
		n++;
	if (n == 5) {
		fail_msg("instruction %u", i->code);
		return false;
	}
	at = i->k + (loads[n].indirect ? m->x : 0);
	if (at + loads[n].size > m->len)
		return false;
	if (i->code == 177)
		m->x = 4 * (m->data[at] & 15u);
	else
		m->a = loads[n].size == 1 ? m->data[at] : load_be16(m->data + at);
	return true;
}

static void compute(struct machine *m, const struct instruction *i)
{
	switch (i->code) {
	case 36: m->a *= i->k; break;
	case 116: m->a >>= i->k; break;
	case 148: m->a %= i->k; break;
	case 84: m->a &= i->k; break;
	case 12: m->a += m->x; break;
	case 4: m->a += i->k; break;
	default: fail_msg("instruction %u", i->code);
	}
}

static bool jumps(const struct machine *m, const struct instruction *i)
{
	switch (i->code) {
	case 21: return m->a == i->k;
	case 45: return m->a > m->x;
	case 69: return m->a & i->k;
	default: fail_msg("instruction %u", i->code);
	}
	return false;
}

/* What the program returns, as the kernel computes it. @wire_len may exceed what is here. */
static uint32_t run(const char *text, const uint8_t *data, size_t len, size_t wire_len)
{
	struct machine m = {data, len, wire_len, 0, 0};
	struct instruction p[MOST];
	size_t count = program_read(text, p);

	for (size_t pc = 0; pc < count; pc++) {
		const struct instruction *i = &p[pc];

		switch (i->code & 7) { /* the class of an instruction */
		case 0:
		case 1:
			if (!load(&m, i))
				return 0;
			break;
		case 4: compute(&m, i); break;
		case 5: pc += jumps(&m, i) ? i->jt : i->jf; break;
		case 6: return i->k;
		case 7: m.x = m.a; break;
		default: fail_msg("instruction %u", i->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

struct packet {
	uint8_t data[128];
	size_t len;
};

/* A TCP packet with @options bytes of IP options (IPv4), @tcp bytes of header, and a payload. */
static struct packet tcp_packet(
	uint8_t family, size_t options, size_t tcp, size_t payload, uint16_t sport, uint16_t dport)
{
	size_t ip = family == 4 ? 20 + options : 40;
	struct packet p = {.len = ip + tcp + payload};

	p.data[0] = family == 4 ? (uint8_t)(0x40 | ip / 4) : 0x60;
	p.data[family == 4 ? 9 : 6] = 6;
	store_be16(p.data + ip, sport);
	store_be16(p.data + ip + 2, dport);
	p.data[ip + 12] = (uint8_t)(tcp / 4 << 4 | 0xf); /* reserved bits must not count */
	return p;
}

static unsigned worker_of(uint16_t port, unsigned workers)
{
	return (port * 2654435761u >> 16) % workers;
}

static void test_worker(void **state)
{
	static const uint8_t families[] = {4, 6};
	char text[BPF_TEXT];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned port = 1; port < 65536; port += 37) {
			struct packet p = tcp_packet(families[i], 4 * (port % 11), 20, 0,
				(uint16_t)port, (uint16_t)(65536 - port));

			for (unsigned w = 0; w < 5; w++) {
				bpf_worker(text, families[i], BPF_SPORT, 5, w);
				assert_int_equal(run(text, p.data, p.len, p.len) != 0,
					worker_of((uint16_t)port, 5) == w);
				bpf_worker(text, families[i], BPF_DPORT, 5, w);
				assert_int_equal(run(text, p.data, p.len, p.len) != 0,
					worker_of((uint16_t)(65536 - port), 5) == w);
			}
		}
	}
}

/* Linux hands out even ports to connections first: they must not fall to every second worker. */
static void test_even_ports_spread(void **state)
{
	unsigned counts[4] = {0};

	(void)state;
	for (unsigned port = 32768; port < 61000; port += 2)
		counts[worker_of((uint16_t)port, 4)]++;
	for (unsigned w = 0; w < 4; w++)
		assert_in_range(counts[w], 14116 / 4 * 9 / 10, 14116 / 4 * 11 / 10);
}

static void test_no_payload(void **state)
{
	static const uint8_t families[] = {4, 6};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const char *text = bpf_no_payload(families[i]);

		for (size_t options = 0; options <= 40; options += 4) {
			for (size_t payload = 0; payload < 3; payload++) {
				struct packet p = tcp_packet(
					families[i], options, 20 + options, payload, 1, 2);

				assert_int_equal(
					run(text, p.data, p.len, p.len) != 0, payload == 0);
				/* a packet that only begins here */
				assert_int_equal(run(text, p.data, p.len, 70000), 0);
			}
		}
	}
}

/* What cannot be judged is not called empty. */
static void test_doubtful_packets_have_payload(void **state)
{
	struct packet p = tcp_packet(6, 0, 20, 0, 1, 2);

	(void)state;
	p.data[6] = 0; /* hop-by-hop options before TCP */
	assert_int_equal(run(bpf_no_payload(6), p.data, p.len, p.len), 0);
	p = tcp_packet(4, 0, 20, 0, 1, 2);
	assert_int_equal(run(bpf_no_payload(4), p.data, 30, 30), 0);
}

static void test_fragment(void **state)
{
	struct packet p = tcp_packet(4, 0, 20, 8, 1, 2);

	(void)state;
	assert_int_equal(run(bpf_fragment4(), p.data, p.len, p.len), 0);
	store_be16(p.data + 6, 0x4000); /* don't fragment */
	assert_int_equal(run(bpf_fragment4(), p.data, p.len, p.len), 0);
	store_be16(p.data + 6, 0x2000); /* first */
	assert_int_not_equal(run(bpf_fragment4(), p.data, p.len, p.len), 0);
	store_be16(p.data + 6, 0x0001); /* last */
	assert_int_not_equal(run(bpf_fragment4(), p.data, p.len, p.len), 0);
}

static void test_icmp_about_tcp(void **state)
{
	uint8_t v4[64] = {0x46}, v6[128] = {0x60};

	(void)state;
	v4[24 + 8 + 9] = 6;
	assert_int_not_equal(run(bpf_icmp_tcp(4), v4, sizeof(v4), sizeof(v4)), 0);
	v4[24 + 8 + 9] = 17;
	assert_int_equal(run(bpf_icmp_tcp(4), v4, sizeof(v4), sizeof(v4)), 0);
	v6[40 + 8 + 6] = 6;
	assert_int_not_equal(run(bpf_icmp_tcp(6), v6, sizeof(v6), sizeof(v6)), 0);
	v6[40 + 8 + 6] = 17;
	assert_int_equal(run(bpf_icmp_tcp(6), v6, sizeof(v6), sizeof(v6)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker),
		cmocka_unit_test(test_even_ports_spread),
		cmocka_unit_test(test_no_payload),
		cmocka_unit_test(test_doubtful_packets_have_payload),
		cmocka_unit_test(test_fragment),
		cmocka_unit_test(test_icmp_about_tcp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

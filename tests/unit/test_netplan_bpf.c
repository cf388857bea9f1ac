/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_netplan_bpf.c - the classic BPF programs of the rules, run on packets */
#include "unit.h"

#include "gateway/net/bpf.h"

#include "base/bytes.h"

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

/* A load of @size bytes; false where the kernel ends the program with 0. */
static bool load(const uint8_t *data, size_t len, size_t at, size_t size, uint32_t *a)
{
	if (at + size > len)
		return false;
	*a = size == 1 ? data[at] : load_be16(data + at);
	return true;
}

/* What the program returns, as the kernel computes it. @wire_len may exceed what is here. */
static uint32_t run(const char *text, const uint8_t *data, size_t len, size_t wire_len)
{
	struct instruction p[MOST];
	size_t count = program_read(text, p);
	uint32_t a = 0, x = 0;

	for (size_t pc = 0; pc < count; pc++) {
		const struct instruction *i = &p[pc];
		bool ok = true, jump = false, jumps = true;

		switch (i->code) {
		case 177:
			ok = load(data, len, i->k, 1, &x);
			x = 4 * (x & 15);
			jumps = false;
			break;
		case 72:
			ok = load(data, len, x + i->k, 2, &a);
			jumps = false;
			break;
		case 80:
			ok = load(data, len, x + i->k, 1, &a);
			jumps = false;
			break;
		case 40:
			ok = load(data, len, i->k, 2, &a);
			jumps = false;
			break;
		case 48:
			ok = load(data, len, i->k, 1, &a);
			jumps = false;
			break;
		case 128:
			a = (uint32_t)wire_len;
			jumps = false;
			break;
		case 36:
			a *= i->k;
			jumps = false;
			break;
		case 116:
			a >>= i->k;
			jumps = false;
			break;
		case 148:
			a %= i->k;
			jumps = false;
			break;
		case 84:
			a &= i->k;
			jumps = false;
			break;
		case 12:
			a += x;
			jumps = false;
			break;
		case 4:
			a += i->k;
			jumps = false;
			break;
		case 7:
			x = a;
			jumps = false;
			break;
		case 21: jump = a == i->k; break;
		case 45: jump = a > x; break;
		case 69: jump = a & i->k; break;
		case 6: return i->k;
		default: fail_msg("instruction %u", i->code);
		}
		if (!ok)
			return 0;
		if (jumps)
			pc += jump ? i->jt : i->jf;
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

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_session_peer.c - whom a session believes, and what it says of others */
#include "unit/session_pair.h"

struct reference_case {
	enum reference_kind kind;
	const char *text;
	const char *remote;
	bool proved;
};

static void test_references(void **state)
{
	static const struct reference_case cases[] = {
		{REFERENCE_DNS, "db.example", "198.51.100.1", true},
		{REFERENCE_DNS, "DB.Example", "198.51.100.1", true},
		{REFERENCE_DNS, "a.pool.example", "198.51.100.1", true},
		{REFERENCE_DNS, "a.b.pool.example", "198.51.100.1", false},
		{REFERENCE_DNS, "pool.example", "198.51.100.1", false},
		{REFERENCE_DNS, "db.example.org", "198.51.100.1", false},
		{REFERENCE_ADDR, "192.0.2.7", "198.51.100.1", true},
		{REFERENCE_ADDR, "2001:db8::7", "198.51.100.1", true},
		{REFERENCE_ADDR, "192.0.2.8", "192.0.2.7", false},
		{REFERENCE_REMOTE_IP, NULL, "192.0.2.7", true},
		{REFERENCE_REMOTE_IP, NULL, "2001:db8::7", true},
		{REFERENCE_REMOTE_IP, NULL, "192.0.2.8", false},
		{REFERENCE_ANY, NULL, "198.51.100.1", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		p.reference = (struct reference_id){.kind = cases[i].kind};
		if (cases[i].kind == REFERENCE_DNS)
			p.reference.name = (char *)cases[i].text;
		if (cases[i].kind == REFERENCE_ADDR)
			assert_true(addr_parse(cases[i].text, &p.reference.addr));
		assert_true(addr_parse(cases[i].remote, &p.remote));
		pair_open(&p);
		shake(&p);
		if (cases[i].proved)
			assert_int_equal(session_status(p.client.session), SESSION_OPEN);
		else
			assert_reason(&p.client, FAULT_HANDSHAKE, "does not name any of: ");
		pair_fini(&p);
	}
}

static void test_wrong_name(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_2_VERSION);
	p.reference.name = (char *)"other.example";
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE,
		"the peer's certificate does not name any of: other.example; it names: "
		"DNS:db.example, DNS:*.pool.example, IP:192.0.2.7, IP:2001:db8::7");
	assert_reason(&p.server, FAULT_HANDSHAKE, "peer sent alert: bad certificate");
	pair_fini(&p);
}

/* RFC 9525 2: without a dNSName, too, the common name is no host name unless a rule says so. */
static void test_common_name_is_no_host_name(void **state)
{
	struct issue wish = server_wish;
	struct cert c;

	(void)state;
	wish.altnames = NULL;
	c = make_cert("cn", &wish, &ca);
	for (int by_rule = 0; by_rule < 2; by_rule++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		p.reference.kind = by_rule ? REFERENCE_CN : REFERENCE_DNS;
		p.reference.name = (char *)"db.example";
		ring_connect(&p.server, &c, CERT_PERSONAL);
		pair_open(&p);
		shake(&p);
		if (by_rule)
			assert_int_equal(session_status(p.client.session), SESSION_OPEN);
		else
			assert_reason(&p.client, FAULT_HANDSHAKE,
				"does not name any of: db.example; it names: nothing but its "
				"subject");
		pair_fini(&p);
	}
	make_free(&c);
}

static void refused_chain(int version, const struct cert *server, const struct cert *anchor,
	const char *reason, const char *alert)
{
	struct pair p;

	pair_init(&p, version);
	ring_connect(&p.server, server, CERT_PERSONAL);
	ring_connect(&p.client, anchor, CERT_CERTAUTH);
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, reason);
	assert_reason(&p.server, FAULT_HANDSHAKE, alert);
	assert_int_equal(session_write(p.client.session, span_of(canary, 10)), 0);
	pair_fini(&p);
}

static void test_bad_chains(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		refused_chain(versions[v], &expired_cert, &ca,
			"certificate verify failed: certificate has expired (peer certificate "
			"CN=db.example,O=Example",
			"peer sent alert: certificate expired");
		refused_chain(versions[v], &server_cert, &other_ca,
			"which no trusted certificate of ring root/client vouches for",
			"peer sent alert: unknown ca");
		refused_chain(versions[v], &server_cert_below, &ca, "unable to get local issuer",
			"peer sent alert: unknown ca");
	}
}

/* The intermediate is sent because the server's ring has it; the root is not. */
static void test_intermediate_sent(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	ring_connect(&p.server, &server_cert_below, CERT_PERSONAL);
	ring_connect(&p.server, &ca, CERT_CERTAUTH);
	ring_connect(&p.server, &middle, CERT_CERTAUTH);
	pair_open(&p);
	shake_well(&p);
	pair_fini(&p);
}

/* An intermediate alone is anchor enough, as in a SAF ring. */
static void test_intermediate_trusted(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	ring_connect(&p.server, &server_cert_below, CERT_PERSONAL);
	ring_connect(&p.client, &middle, CERT_CERTAUTH);
	pair_open(&p);
	shake_well(&p);
	pair_fini(&p);
}

/* A peer connected with usage SITE is trusted as it stands, even expired; its name still counts. */
static void test_site_peer(void **state)
{
	struct pair p;

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		pair_init(&p, TLS1_3_VERSION);
		ring_connect(&p.server, &expired_cert, CERT_PERSONAL);
		ring_connect(&p.client, &expired_cert, CERT_SITE);
		if (wrong)
			p.reference.name = (char *)"other.example";
		pair_open(&p);
		shake(&p);
		assert_int_equal(
			session_status(p.client.session), wrong ? SESSION_FAILED : SESSION_OPEN);
		pair_fini(&p);
	}
}

/* NOTRUST is invisible, as anchor and as trusted peer. */
static void test_notrust(void **state)
{
	struct cert hidden = server_cert;
	struct pair p;

	(void)state;
	hidden.trust = CERT_NOTRUST;
	pair_init(&p, TLS1_3_VERSION);
	ring_connect(&p.client, &hidden, CERT_SITE);
	ring_connect(&p.client, &other_ca, CERT_CERTAUTH);
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, "certificate verify failed");
	pair_fini(&p);
}

static void test_not_tls(void **state)
{
	static const struct {
		const char *bytes;
		const char *reason;
	} cases[] = {
		{"HTTP/1.1 400 Bad Request\r\n", "the peer does not speak TLS (first bytes look "
						 "like HTTP)"},
		{"GET / HTTP/1.1\r\nHost: a\r\n", "look like HTTP"},
		{"SSH-2.0-OpenSSH_9.2\r\n", "look like SSH"},
		{"220 mail.example ESMTP\r\n", "look like an FTP or SMTP greeting"},
		{"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "first bytes are 01 02 03"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int server = 0; server < 2; server++) {
			struct span in = span_of(cases[i].bytes, strlen(cases[i].bytes));
			struct pair p = {0};
			struct end *e = server ? &p.server : &p.client;

			pair_init(&p, TLS1_3_VERSION);
			pair_open(&p);
			session_handshake(e->session, &in);
			assert_reason(e, FAULT_HANDSHAKE, cases[i].reason);
			pair_fini(&p);
		}
	}
}

static void test_nothing_in_common(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	p.server_profile.min_version = p.server_profile.max_version = TLS1_2_VERSION;
	pair_open(&p);
	shake(&p);
	assert_reason(&p.server, FAULT_HANDSHAKE, "no common TLS version");
	assert_reason(&p.client, FAULT_HANDSHAKE, "peer sent alert: protocol version");
	pair_fini(&p);

	pair_init(&p, TLS1_2_VERSION);
	p.client_profile.ciphers12 = (char *)"ECDHE-ECDSA-AES128-GCM-SHA256";
	p.server_profile.ciphers12 = (char *)"ECDHE-ECDSA-AES256-GCM-SHA384";
	pair_open(&p);
	shake(&p);
	assert_reason(&p.server, FAULT_HANDSHAKE, "no shared cipher");
	assert_reason(&p.client, FAULT_HANDSHAKE, "peer sent alert: handshake failure");
	pair_fini(&p);

	pair_init(&p, TLS1_3_VERSION);
	p.client_profile.groups = (char *)"X25519";
	p.server_profile.groups = (char *)"P-384";
	pair_open(&p);
	shake(&p);
	assert_reason(&p.server, FAULT_HANDSHAKE, "no shared group");
	pair_fini(&p);
}

/* OpenSSL's lowest level takes RIPEMD-160. */
static void test_weak_digest(void **state)
{
	struct issue wish = {.subject = "CN=RSA CA", .usage = ISSUE_CERTSIGN};
	struct cert authority = make_cert_for(make_key("rsa", 2048), "rsa", &wish, NULL);
	struct cert c = make_cert("weak", &server_wish, &authority);
	struct pair p;

	(void)state;
	assert_true(X509_sign(c.x509, authority.key, EVP_ripemd160()) > 0);
	pair_init(&p, TLS1_3_VERSION);
	p.server_profile.min_key = 1024; /* or it would not present it */
	ring_connect(&p.server, &c, CERT_PERSONAL);
	ring_connect(&p.client, &authority, CERT_CERTAUTH);
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, "is signed with ripemd160WithRSA, which is too");
	pair_fini(&p);
	make_free(&c);
	make_free(&authority);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_common_name_is_no_host_name),
		cmocka_unit_test(test_weak_digest),
		cmocka_unit_test(test_bad_chains),
		cmocka_unit_test(test_intermediate_sent),
		cmocka_unit_test(test_intermediate_trusted),
		cmocka_unit_test(test_site_peer),
		cmocka_unit_test(test_notrust),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_nothing_in_common),
	};

	return cmocka_run_group_tests_name("session peer", tests, make_all, free_all);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_remote.c - handshakes whose private key is behind a channel, and what becomes of them */
#include "unit/session_pair.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/tls/signer.h"
#include "keyring/files.h"
#include "keyring/keyserver.h"
#include "keyring/pem.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
static const char *const types[] = {"rsa", "nistecc", "ed25519"};

static char dir[] = "/tmp/attls-remote-XXXXXX";
static struct keyserver *keys;
static struct signer signer;
static int far;    /* the key process's end of the signer's channel */
static int common; /* its end of the first channel */
static pthread_t clerk;

static bool take(int fd, struct key_request *q, uint8_t *rest, int flags)
{
	struct iovec parts[] = {{q, sizeof(*q)}, {rest, KEY_SOURCE_MAX + KEY_DATA_MAX}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	return recvmsg(fd, &message, flags) > 0;
}

/* Answer one request. Return: whether there was one. */
static bool answer(int fd, int flags)
{
	static _Thread_local uint8_t rest[KEY_SOURCE_MAX + KEY_DATA_MAX];
	struct key_request q = {0};
	struct key_answer a;

	if (!take(fd, &q, rest, flags))
		return false;
	keyserver_answer(keys, &q, span_of(rest, q.source_len),
		span_of(rest + q.source_len, q.data_len), &a);
	assert_true(send(fd, &a, KEY_ANSWER_HEAD + a.len, 0) > 0);
	return true;
}

static void *serve_common(void *unused)
{
	while (answer(common, 0))
		;
	return unused;
}

static int begin(void **state)
{
	int first[2];

	make_all(state);
	assert_non_null(mkdtemp(dir));
	keys = keyserver_new(dir);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, first), 0);
	common = first[1];
	signer_begin(first[0]);
	return pthread_create(&clerk, NULL, serve_common, NULL);
}

static int end(void **state)
{
	shutdown(common, SHUT_RDWR);
	pthread_join(clerk, NULL);
	keyserver_free(keys);
	return free_all(state);
}

/* Another one each time. */
static void path_of(char *path, size_t size)
{
	static unsigned count;

	snprintf(path, size, "%s/certs", dir);
	mkdir(path, 0700);
	snprintf(path, size, "%s/certs/%u.key", dir, count++);
}

static void store(const char *path, EVP_PKEY *key)
{
	size_t len;
	char *text = pem_from_key(key, &len);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	file_free(text, len);
}

/* A certificate whose key is in the file @path. */
static struct cert far_cert(const char *type, const char *path)
{
	struct cert c = make_cert_for(make_key(type, 0), "far", &server_wish, &ca);

	store(path, c.key);
	EVP_PKEY_free(c.key);
	c.key = remote_key(c.x509, path);
	assert_non_null(c.key);
	return c;
}

/* A channel of this thread whose other end answers when the test wants it. */
static void channel_open(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	far = pair[1];
	signer_open(&signer, pair[0]);
}

static void channel_close(void)
{
	assert_int_equal(signer.pending, 0);
	close(signer.fd);
	signer_close(&signer);
	close(far);
}

struct far_pair {
	struct pair p;
	struct cert cert;
	char path[128];
};

static void far_init(struct far_pair *f, int version, const char *type, const char *ciphers)
{
	path_of(f->path, sizeof(f->path));
	f->cert = far_cert(type, f->path);
	pair_init(&f->p, version);
	f->p.client_profile.ciphers12 = f->p.server_profile.ciphers12 = (char *)ciphers;
	ring_connect(&f->p.server, &f->cert, CERT_PERSONAL);
	ring_connect(&f->p.client, &ca, CERT_CERTAUTH);
	pair_open(&f->p);
	session_wait_as(f->p.server.session, f);
}

static void far_fini(struct far_pair *f)
{
	pair_fini(&f->p);
	make_free(&f->cert);
}

/* As far as it goes, and to the channel. */
static void shake_far(struct far_pair *f)
{
	shake(&f->p);
	signer_send(&signer);
}

static void test_each_type_signs(void **state)
{
	struct far_pair f;

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (size_t t = 0; t < 3; t++) {
			far_init(&f, versions[v], types[t], NULL);
			shake_well(&f.p);
			transfer(&f.p, &f.p.client, &f.p.server, BULK, BULK, BULK);
			far_fini(&f);
		}
	}
}

static void test_premaster_is_decrypted(void **state)
{
	struct far_pair f;

	(void)state;
	far_init(&f, TLS1_2_VERSION, "rsa", "AES128-GCM-SHA256");
	shake_well(&f.p);
	far_fini(&f);
}

/* The handshake goes as far as it can and stops there, at no cost to others. */
static void test_waits_for_the_answer(void **state)
{
	struct far_pair slow, quick;

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		channel_open();
		far_init(&slow, versions[v], "nistecc", NULL);
		shake_far(&slow);
		assert_int_equal(session_status(slow.p.server.session), SESSION_HANDSHAKE);
		assert_int_equal(signer.pending, 1);
		assert_null(signer_next(&signer));

		pair_init(&quick.p, versions[v]);
		pair_open(&quick.p);
		shake_well(&quick.p);
		pair_fini(&quick.p);

		assert_true(answer(far, 0));
		signer_take(&signer);
		assert_ptr_equal(signer_next(&signer), &slow);
		assert_null(signer_next(&signer));
		shake_well(&slow.p);
		transfer(&slow.p, &slow.p.server, &slow.p.client, BULK, BULK, BULK);
		far_fini(&slow);
		channel_close();
	}
}

enum { STORM = 300 };

/* More than the channel holds at a time, answered while they come. */
static void test_storm(void **state)
{
	static struct far_pair all[STORM];
	size_t open = 0, named = 0, answered = 0;
	struct far_pair *f;

	(void)state;
	channel_open();
	for (size_t i = 0; i < STORM; i++) {
		far_init(&all[i], TLS1_3_VERSION, "nistecc", NULL);
		shake(&all[i].p);
	}
	signer_send(&signer);
	assert_int_equal(signer.pending, STORM);
	while (answer(far, MSG_DONTWAIT)) {
		answered++;
		signer_take(&signer);
		while ((f = signer_next(&signer))) {
			named++;
			shake_well(&f->p);
			open++;
		}
		signer_send(&signer);
	}
	assert_int_equal(answered, STORM); /* each was asked once */
	assert_int_equal(named, STORM);
	assert_int_equal(open, STORM);
	for (size_t i = 0; i < STORM; i++)
		far_fini(&all[i]);
	channel_close();
}

static void test_session_may_end_while_it_waits(void **state)
{
	struct far_pair f;

	(void)state;
	channel_open();
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_far(&f);
	assert_int_equal(signer.pending, 1);
	far_fini(&f);
	assert_true(answer(far, 0)); /* nobody is there to hear it */
	signer_take(&signer);
	assert_null(signer_next(&signer));
	channel_close();
}

static void expect_gone(struct far_pair *f)
{
	signer_take(&signer);
	assert_ptr_equal(signer_next(&signer), f);
	shake(&f->p);
	assert_reason(&f->p.server, FAULT_HANDSHAKE, "the key process has ended");
	far_fini(f);
}

static const struct key_answer hello = {.status = KEY_RESTARTED};

/* A successor takes the place of a key process that may have read what was asked. */
static void replace(void)
{
	assert_int_equal(send(far, &hello, KEY_ANSWER_HEAD, 0), KEY_ANSWER_HEAD);
	signer_take(&signer);
	signer_send(&signer);
}

/* Read a request and end. */
static void die_over_it(void)
{
	uint8_t rest[KEY_SOURCE_MAX + KEY_DATA_MAX];
	struct key_request q;

	assert_true(take(far, &q, rest, MSG_DONTWAIT));
	replace();
}

static void expect_good(struct far_pair *f)
{
	signer_take(&signer);
	assert_ptr_equal(signer_next(&signer), f);
	shake_well(&f->p);
	far_fini(f);
}

static void test_successor_is_asked_again(void **state)
{
	struct far_pair f;

	(void)state;
	channel_open();
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_far(&f);
	die_over_it();
	assert_true(answer(far, MSG_DONTWAIT));
	expect_good(&f);
	channel_close();
}

/* What the predecessor has not read, its successor reads and is asked again: one answer counts. */
static void test_asked_before_the_greeting(void **state)
{
	struct far_pair f;

	(void)state;
	channel_open();
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_far(&f);
	replace();
	assert_true(answer(far, MSG_DONTWAIT));
	assert_true(answer(far, MSG_DONTWAIT));
	expect_good(&f);
	assert_null(signer_next(&signer));
	channel_close();
}

/* The greeting and the first answer are read together. */
static void test_hello_in_a_quiet_time_harms_nobody(void **state)
{
	struct far_pair f;

	(void)state;
	channel_open();
	assert_int_equal(send(far, &hello, KEY_ANSWER_HEAD, 0), KEY_ANSWER_HEAD);
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_far(&f);
	assert_true(answer(far, 0));
	expect_good(&f);
	channel_close();
}

/* Perhaps this request is what ends them. */
static void test_not_asked_for_ever(void **state)
{
	struct far_pair f;

	(void)state;
	channel_open();
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_far(&f);
	for (int i = 0; i < 3; i++)
		die_over_it();
	assert_false(answer(far, MSG_DONTWAIT));
	expect_gone(&f);
	channel_close();
}

static void test_key_process_ends_for_good(void **state)
{
	struct far_pair f;

	(void)state;
	channel_open();
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_far(&f);
	shutdown(far, SHUT_RDWR);
	expect_gone(&f);
	channel_close();
}

/* What the handshake is told when the file has gone wrong since it was checked. */
static void broken(void (*spoil)(const char *path), const char *sentence)
{
	struct far_pair f;

	channel_open();
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	spoil(f.path);
	shake_far(&f);
	assert_true(answer(far, 0));
	signer_take(&signer);
	assert_ptr_equal(signer_next(&signer), &f);
	shake(&f.p);
	assert_reason(&f.p.server, FAULT_HANDSHAKE, sentence);
	far_fini(&f);
	channel_close();
}

static void spoil_gone(const char *path)
{
	assert_int_equal(unlink(path), 0);
}

static void spoil_mode(const char *path)
{
	assert_int_equal(chmod(path, 0644), 0);
}

static void spoil_other(const char *path)
{
	store(path, ca.key);
}

static void spoil_text(const char *path)
{
	assert_int_equal(truncate(path, 40), 0);
}

static void test_bad_files(void **state)
{
	(void)state;
	broken(spoil_gone, "cannot be read");
	broken(spoil_mode, "loose permissions");
	broken(spoil_other, "does not belong to the certificate");
	broken(spoil_text, "is no usable private key");
}

static void refused(const char *path)
{
	struct key_request q = {.op = KEY_OP_CHECK};
	struct key_answer a;

	keyserver_answer(keys, &q, span_of(path, strlen(path)), span_none(), &a);
	assert_int_equal(a.status, KEY_REFUSED);
	assert_non_null(memmem(a.bytes, a.len, "no key file of the keyring", 26));
}

static enum key_status signs(const uint8_t *print, const char *path)
{
	struct key_request q = {.op = KEY_OP_SIGN, .digest = "SHA256", .data_len = 32};
	const uint8_t digest[32] = {1};
	struct key_answer a;

	memcpy(q.print, print, sizeof(q.print));
	keyserver_answer(keys, &q, span_of(path, strlen(path)), span_of(digest, 32), &a);
	return a.status;
}

/* Whether its file is there or not: two generations of the keyring may have it. */
static void test_key_that_nobody_needs_is_forgotten(void **state)
{
	uint8_t print[KEY_PRINT];
	struct far_pair f;
	EVP_PKEY *again;

	(void)state;
	far_init(&f, TLS1_3_VERSION, "nistecc", NULL);
	shake_well(&f.p);
	assert_true(remote_print(X509_get0_pubkey(f.cert.x509), print));
	again = remote_key(f.cert.x509, f.path);
	spoil_gone(f.path);
	far_fini(&f);
	assert_int_equal(signs(print, f.path), KEY_DONE);
	EVP_PKEY_free(again);
	assert_int_equal(signs(print, f.path), KEY_REFUSED);
}

static void test_only_key_files_are_read(void **state)
{
	char path[128];

	(void)state;
	refused("/etc/shadow");
	refused("/etc/ssl/private/x.key");
	snprintf(path, sizeof(path), "%s/certs/../x.key", dir);
	refused(path);
	snprintf(path, sizeof(path), "%s/certs/x.pem", dir);
	refused(path);
	snprintf(path, sizeof(path), "%s/other/x.key", dir);
	refused(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_type_signs),
		cmocka_unit_test(test_premaster_is_decrypted),
		cmocka_unit_test(test_waits_for_the_answer),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_session_may_end_while_it_waits),
		cmocka_unit_test(test_successor_is_asked_again),
		cmocka_unit_test(test_asked_before_the_greeting),
		cmocka_unit_test(test_not_asked_for_ever),
		cmocka_unit_test(test_key_process_ends_for_good),
		cmocka_unit_test(test_hello_in_a_quiet_time_harms_nobody),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_key_that_nobody_needs_is_forgotten),
		cmocka_unit_test(test_only_key_files_are_read),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

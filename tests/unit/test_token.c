/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_token.c - keys in tokens of SoftHSM: by many threads, with what hostile clients send */
#include "unit/folder.h"
#include "unit/unit.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keyring/files.h"
#include "keyring/issue.h"
#include "keyring/keyserver.h"
#include "keyring/passphrase.h"
#include "keyring/pem.h"
#include "keyring/token_internal.h"

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define PIN    "0815-4711"

enum { THREADS = 8, SIGNATURES = 50, SECRET = 48 };

static char dir[] = "/tmp/attls-token-XXXXXX";
static struct tokens *tokens;
static EVP_PKEY *rsa, *ec;

static void write_text(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* softhsm2-util without its words; @words ends with NULL. */
static void run(const char *const *words)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execvp("softhsm2-util", (char *const *)words);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static EVP_PKEY *bring(const char *type, const char *name, const char *id)
{
	char path[128], *text;
	struct err_list err;
	EVP_PKEY *key;
	size_t len;

	err_init(&err);
	key = issue_key(type, 0, &err);
	text = pem_from_key(key, &len);
	write_text("key", text, len);
	file_free(text, len);
	snprintf(path, sizeof(path), "%s/key", dir);
	run((const char *[]){"softhsm2-util", "--import", path, "--token", "t", "--label", name,
		"--id", id, "--pin", PIN, NULL});
	err_fini(&err);
	return key;
}

static int begin(void **state)
{
	char text[256], path[128], source[160];
	struct err_list err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(text, sizeof(text), "directories.tokendir = %s\nlog.level = ERROR\n", dir);
	write_text("conf", text, strlen(text));
	snprintf(path, sizeof(path), "%s/conf", dir);
	setenv("SOFTHSM2_CONF", path, 1);
	run((const char *[]){"softhsm2-util", "--init-token", "--free", "--label", "t", "--so-pin",
		"12345678", "--pin", PIN, NULL});
	rsa = bring("rsa", "rsa", "01");
	ec = bring("nistecc", "ec", "02");
	write_text("pin", PIN "\n", strlen(PIN) + 1);
	snprintf(source, sizeof(source), "file:%s/pin", dir);
	err_init(&err);
	assert_true(passphrase_read(PASSPHRASE_TOKENS, source, &err));
	tokens = tokens_load(MODULE, &err);
	return tokens ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	tokens_free(tokens);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	return folder_remove(dir);
}

#define RSA_URI "pkcs11:token=t;object=rsa"
#define EC_URI  "pkcs11:token=t;object=ec"

static struct key_answer *ask(const struct key_request *q, const char *uri, struct span data)
{
	struct key_answer *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	tokens_answer(tokens, q, uri, data, a);
	return a;
}

/* ---- many at a time ---- */

static const uint8_t digest[32] = "a digest, as far as tokens know";

static bool is_signature(EVP_PKEY *key, const struct key_answer *a)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = a->status == KEY_DONE && EVP_PKEY_verify_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		    EVP_PKEY_verify(ctx, a->bytes, a->len, digest, sizeof(digest)) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static void *sign_many(void *arg)
{
	bool is_rsa = *(const int *)arg % 2;
	size_t bad = 0;

	for (size_t i = 0; i < SIGNATURES; i++) {
		struct key_request q = {.op = KEY_OP_SIGN,
			.digest = "SHA256",
			.padding = is_rsa ? RSA_PKCS1_PADDING : 0};
		struct key_answer *a =
			ask(&q, is_rsa ? RSA_URI : EC_URI, span_of(digest, sizeof(digest)));

		bad += !is_signature(is_rsa ? rsa : ec, a);
		free(a);
	}
	return (void *)bad;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, sign_many, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *bad;

		pthread_join(threads[i], &bad);
		assert_null(bad);
	}
}

/* ---- premaster secrets ---- */

/* What a client sends: @secret, padded as TLS wants it. Return: its length. */
static size_t wrap(const uint8_t *secret, size_t len, uint8_t *out, size_t size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rsa, NULL);

	assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_encrypt(ctx, out, &size, secret, len), 1);
	EVP_PKEY_CTX_free(ctx);
	return size;
}

static struct key_answer *decrypt(const uint8_t *sent, size_t len)
{
	struct key_request q = {.op = KEY_OP_DECRYPT, .version = 0x0303};

	return ask(&q, RSA_URI, span_of(sent, len));
}

static void test_premaster(void **state)
{
	uint8_t secret[SECRET] = {3, 3, 42}, sent[256];
	size_t len = wrap(secret, sizeof(secret), sent, sizeof(sent));
	struct key_answer *a = decrypt(sent, len);

	(void)state;
	assert_int_equal(a->status, KEY_DONE);
	assert_int_equal(a->len, SECRET);
	assert_memory_equal(a->bytes, secret, SECRET);
	free(a);
}

/* What is wrong with it nobody learns: the answer is a secret that nobody knows, each time. */
static void expect_random(const uint8_t *sent, size_t len, const uint8_t *secret)
{
	struct key_answer *a = decrypt(sent, len), *b = decrypt(sent, len);

	assert_int_equal(a->status, KEY_DONE);
	assert_int_equal(b->status, KEY_DONE);
	assert_int_equal(a->len, SECRET);
	assert_int_equal(b->len, SECRET);
	assert_memory_not_equal(a->bytes, b->bytes, SECRET);
	assert_memory_not_equal(a->bytes + 2, secret + 2, SECRET - 2);
	free(a);
	free(b);
}

static void test_bad_premasters(void **state)
{
	uint8_t secret[SECRET + 1] = {3, 3, 42}, sent[256];
	size_t len;

	(void)state;
	len = wrap(secret, SECRET + 1, sent, sizeof(sent));
	expect_random(sent, len, secret);
	len = wrap(secret, SECRET - 1, sent, sizeof(sent));
	expect_random(sent, len, secret);
	secret[1] = 1; /* another version than was offered (RFC 5246 7.4.7.1) */
	len = wrap(secret, SECRET, sent, sizeof(sent));
	expect_random(sent, len, secret);
	memset(sent, 0x17, sizeof(sent));
	expect_random(sent, sizeof(sent), secret);
	expect_random(sent, 11, secret);
	/* and the token goes on */
	test_premaster(state);
}

/* ---- a module that says what it is told to ---- */

static CK_RV told;

static CK_RV begin_decrypting(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)s, (void)m, (void)key;
	return CKR_OK;
}

static CK_RV fail_decrypting(
	CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
	(void)s, (void)in, (void)len, (void)out, (void)out_len;
	return told;
}

static CK_RV decrypt_told(CK_RV rv, size_t *len)
{
	CK_FUNCTION_LIST f = {.C_DecryptInit = begin_decrypting, .C_Decrypt = fail_decrypting};
	const struct token_use u = {.f = &f};
	struct key_request q = {.op = KEY_OP_DECRYPT, .version = 0x0303};
	uint8_t out[KEY_RESULT_MAX];

	told = rv;
	*len = 0;
	return token_decrypt(&u, &q, span_of(digest, sizeof(digest)), out, sizeof(out), len);
}

static void test_errors_of_decryption(void **state)
{
	static const CK_RV lost[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
		CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_REMOVED};
	static const CK_RV others[] = {CKR_ENCRYPTED_DATA_INVALID, CKR_ENCRYPTED_DATA_LEN_RANGE,
		CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_GENERAL_ERROR, CKR_FUNCTION_FAILED,
		CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN,
		CKR_TOKEN_NOT_RECOGNIZED, CKR_BUFFER_TOO_SMALL, CKR_DATA_INVALID, 0x80000001};
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++)
		assert_int_equal(decrypt_told(lost[i], &len), lost[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(decrypt_told(others[i], &len), CKR_OK);
		assert_int_equal(len, SECRET);
	}
}

enum { SLOT = 99 };

static pthread_barrier_t together;
static CK_FLAGS flags;
static atomic_int logins;

static CK_RV begin_together(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	(void)s, (void)m, (void)key;
	pthread_barrier_wait(&together);
	return CKR_OK;
}

static CK_RV show_flags(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	(void)slot;
	*info = (CK_TOKEN_INFO){.flags = CKF_LOGIN_REQUIRED | flags};
	return CKR_OK;
}

static CK_RV refuse_pin(CK_SESSION_HANDLE s, CK_USER_TYPE who, CK_BYTE *pin, CK_ULONG len)
{
	(void)s, (void)who, (void)pin, (void)len;
	logins++;
	return CKR_PIN_INCORRECT;
}

/* With a key that wants the PIN each time. Return: whether it was refused with a sentence. */
static void *sign_refused(void *arg)
{
	CK_FUNCTION_LIST f = {
		.C_SignInit = begin_together, .C_GetTokenInfo = show_flags, .C_Login = refuse_pin};
	struct key_request q = {.op = KEY_OP_SIGN, .digest = "SHA256"};
	struct err_list err;
	struct token_use u = {.f = &f,
		.tokens = tokens,
		.uri = EC_URI,
		.err = &err,
		.key = {.slot = *(const CK_SLOT_ID *)arg,
			.type = CKK_EC,
			.wants_pin_each_time = true}};
	uint8_t out[KEY_RESULT_MAX];
	size_t len;
	bool good;

	err_init(&err);
	good = token_sign(&u, &q, span_of(digest, sizeof(digest)), out, sizeof(out), &len) !=
		       CKR_OK &&
	       err.count == 1;
	err_fini(&err);
	return good ? arg : NULL;
}

static void sign_refused_together(CK_SLOT_ID slot)
{
	pthread_t threads[THREADS];
	void *good;

	logins = 0;
	assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_refused, &slot), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &good);
		assert_non_null(good);
	}
	pthread_barrier_destroy(&together);
}

static void test_pin_each_time(void **state)
{
	(void)state;
	sign_refused_together(SLOT);
	assert_int_equal(logins, 1);
	sign_refused_together(SLOT);
	assert_int_equal(logins, 0);
	flags = CKF_USER_PIN_FINAL_TRY;
	sign_refused_together(SLOT + 1);
	assert_int_equal(logins, 0);
	flags = CKF_USER_PIN_LOCKED;
	sign_refused_together(SLOT + 2);
	assert_int_equal(logins, 0);
}

/* ---- what is refused ---- */

static void refused(const struct key_request *q, const char *uri, size_t len, const char *part)
{
	struct key_answer *a = ask(q, uri, span_of(digest, len));

	assert_int_equal(a->status, KEY_UNREADABLE);
	if (!strstr((char *)a->bytes, part))
		fail_msg("%s", a->bytes);
	free(a);
}

static void test_refusals(void **state)
{
	struct key_request q = {.op = KEY_OP_SIGN, .digest = "SHA256", .padding = 1};

	(void)state;
	refused(&q, "pkcs11:token=t;object=none", 32, "no such private key");
	refused(&q, "pkcs11:token=t;object=rsa;id=%02", 32, "no such private key");
	refused(&q, "pkcs11:token=u;object=rsa", 32, "no such token");
	refused(&q, "pkcs11:object=rsa", 32, "names no token");
	refused(&q, "pkcs11:", 32, "names no token");
	q.padding = RSA_PKCS1_PSS_PADDING;
	q.salt_len = RSA_PSS_SALTLEN_MAX;
	refused(&q, RSA_URI, 32, "does not do what is asked");
	q.salt_len = RSA_PSS_SALTLEN_DIGEST;
	refused(&q, RSA_URI, 31, "does not do what is asked"); /* no SHA-256 has 31 bytes */
	snprintf(q.digest, sizeof(q.digest), "NOSUCH");
	refused(&q, RSA_URI, 32, "does not do what is asked");
	q.op = 77;
	refused(&q, RSA_URI, 32, "does not do what is asked");
	q.op = KEY_OP_DECRYPT;
	refused(&q, EC_URI, 32, "does not do what is asked");
}

static void test_public_halves(void **state)
{
	struct err_list err;
	EVP_PKEY *key;

	(void)state;
	err_init(&err);
	key = tokens_public(tokens, RSA_URI, &err);
	assert_int_equal(EVP_PKEY_eq(key, rsa), 1);
	EVP_PKEY_free(key);
	key = tokens_public(tokens, EC_URI, &err);
	assert_int_equal(EVP_PKEY_eq(key, ec), 1);
	EVP_PKEY_free(key);
	assert_null(tokens_public(tokens, "pkcs11:token=t;object=none", &err));
	err_fini(&err);
}

/* ---- a key that was in a file before ---- */

static uint32_t ask_server(struct keyserver *k, enum key_op op, const char *source)
{
	struct key_request q = {.op = op, .digest = "SHA256"};
	struct key_answer *a = calloc(1, sizeof(*a));
	uint32_t status;

	assert_non_null(a);
	assert_true(remote_print(ec, q.print));
	keyserver_answer(
		k, &q, span_of(source, strlen(source)), span_of(digest, sizeof(digest)), a);
	status = a->status;
	free(a);
	return status;
}

/* As long as the server holds it, it signs without the file. */
static void hold(struct keyserver *k, const char *path)
{
	char *text;
	size_t len;

	text = pem_from_key(ec, &len);
	write_text("certs/root/ec.key", text, len);
	file_free(text, len);
	assert_int_equal(ask_server(k, KEY_OP_SIGN, path), KEY_DONE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ask_server(k, KEY_OP_SIGN, path), KEY_DONE);
}

static void test_file_key_gives_way(void **state)
{
	struct keyserver *k = keyserver_new(dir);
	char path[128];
	struct err_list err;

	(void)state;
	snprintf(path, sizeof(path), "%s/certs", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/certs/root", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/certs/root/ec.key", dir);
	hold(k, path);
	assert_int_equal(ask_server(k, KEY_OP_CHECK, EC_URI), KEY_UNREADABLE);
	assert_int_equal(ask_server(k, KEY_OP_SIGN, path), KEY_DONE);
	ask_server(k, KEY_OP_FORGET, EC_URI);
	assert_int_equal(ask_server(k, KEY_OP_SIGN, path), KEY_REFUSED);
	hold(k, path);
	assert_false(keyserver_has_tokens(k));
	tokens_free(tokens); /* a module starts once in a process */
	tokens = NULL;
	err_init(&err);
	assert_false(keyserver_load_module(k, "/nonexistent.so", &err));
	assert_false(keyserver_has_tokens(k));
	assert_true(keyserver_load_module(k, MODULE, &err));
	assert_true(keyserver_has_tokens(k));
	err_fini(&err);
	assert_int_equal(ask_server(k, KEY_OP_CHECK, EC_URI), KEY_DONE);
	assert_int_equal(ask_server(k, KEY_OP_SIGN, path), KEY_REFUSED);
	assert_int_equal(ask_server(k, KEY_OP_SIGN, EC_URI), KEY_DONE);
	keyserver_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_premaster),
		cmocka_unit_test(test_bad_premasters),
		cmocka_unit_test(test_errors_of_decryption),
		cmocka_unit_test(test_pin_each_time),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_public_halves),
		cmocka_unit_test(test_file_key_gives_way),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

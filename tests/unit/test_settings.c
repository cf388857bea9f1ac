/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_settings.c - attls.ini: defaults, every key, and what is refused with which sentence */
#include "unit/rules_helper.h"

#include "rules/settings.h"

static struct settings *load(const char *text, struct err_list *err)
{
	const char *path = file_with(text);
	struct settings *s;

	err_init(err);
	s = settings_load(path, err);
	unlink(path);
	return s;
}

static struct settings *good(const char *text)
{
	struct err_list err;
	struct settings *s = load(text, &err);

	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_non_null(s);
	assert_int_equal(err.count, 0);
	return s;
}

static void refused(const char *text, const char *sentence)
{
	struct err_list err;

	assert_null(load(text, &err));
	assert_true(err.count > 0);
	assert_string_equal(after_path(err.lines[0]), sentence);
	assert_int_equal(err.count, 1);
	err_fini(&err);
}

static void test_defaults(void **state)
{
	struct settings *s = good("[gateway]\n");

	(void)state;
	assert_int_equal(s->mode, MODE_HOST);
	assert_null(s->inside[0]);
	assert_string_equal(s->outside, "");
	assert_string_equal(s->rules, "/etc/attls/rules.d");
	assert_string_equal(s->keyring, "/etc/attls/keyring");
	assert_string_equal(s->ring, "");
	assert_string_equal(s->control, "/run/attls/control.sock");
	assert_in_range(s->workers, 1, 64);
	assert_int_equal(s->queue_base, 100);
	assert_false(s->unmatched_reject);
	assert_false(s->established_keep);
	assert_int_equal(s->mark, 0x40000000);
	assert_int_equal(s->memory, 1u << 30);
	assert_int_equal(s->buffer, 6u << 20);
	assert_int_equal(s->flows, 65536);
	assert_int_equal(s->net_timeout, 60 * USEC_SEC);
	assert_int_equal(s->expiry_warning, 30 * 86400 * USEC_SEC);
	assert_int_equal(s->log, LOG_TARGET_STDERR);
	assert_int_equal(s->log_level, LOG_LEVEL_INFO);
	assert_string_equal(s->user, "");
	assert_string_equal(s->pkcs11_module, "");
	assert_string_equal(s->pkcs11_pin, "");
	settings_free(s);
}

static void test_every_key(void **state)
{
	struct settings *s = good("[gateway]\nmode=Router\ninside=br-in, br-two\noutside=eth0.7\n"
				  "rules=rules.d\nkeyring=/k\nring=SYS/attls-ring\n"
				  "control=sub/c.sock\nworkers=4\nqueue_base=2000\n"
				  "unmatched=reject\nestablished=reset\nmark=0x8000\nmemory=512M\n"
				  "buffer=16M\nflows=1000\nnet_timeout=5m\nexpiry_warning=7d\n"
				  "log=syslog\nlog_level=debug\nuser=attls\n");

	(void)state;
	assert_int_equal(s->mode, MODE_ROUTER);
	assert_string_equal(s->inside[0], "br-in");
	assert_string_equal(s->inside[1], "br-two");
	assert_null(s->inside[2]);
	assert_string_equal(s->outside, "eth0.7");
	assert_string_equal(s->rules, "/tmp/rules.d");
	assert_string_equal(s->keyring, "/k");
	assert_string_equal(s->ring, "SYS/attls-ring");
	assert_string_equal(s->control, "/tmp/sub/c.sock");
	assert_int_equal(s->workers, 4);
	assert_int_equal(s->queue_base, 2000);
	assert_true(s->unmatched_reject);
	assert_false(s->established_keep);
	assert_int_equal(s->mark, 0x8000);
	assert_int_equal(s->memory, 512u << 20);
	assert_int_equal(s->buffer, 16u << 20);
	assert_int_equal(s->flows, 1000);
	assert_int_equal(s->net_timeout, 300 * USEC_SEC);
	assert_int_equal(s->expiry_warning, 7 * 86400 * USEC_SEC);
	assert_int_equal(s->log, LOG_TARGET_SYSLOG);
	assert_int_equal(s->log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(s->user, "attls");
	settings_free(s);
}

/* The interfaces may stay in the file of a host: they have no effect there. */
static void test_host_interfaces(void **state)
{
	struct settings *s = good("[gateway]\nmode=host\ninside=eth1\noutside=eth1\nworkers=auto\n"
				  "established=keep\n");

	(void)state;
	assert_null(s->inside[0]);
	assert_string_equal(s->outside, "");
	assert_true(s->established_keep);
	settings_free(s);
}

static void test_refusals(void **state)
{
	static const char *const rows[][2] = {
		{"mode = hosts", "\"hosts\" is none of host, router; did you mean host?"},
		{"inside = eth0+", "\"eth0+\" is no name of one interface"},
		{"inside = a, b/c", "\"b/c\" is no name of one interface"},
		{"inside = a, b, a", "names a twice"},
		{"outside = a, b", "\"a, b\" is no name of one interface"},
		{"outside = sixteencharacter", "\"sixteencharacter\" is no name of one interface"},
		{"ring = a/b/c", "\"a/b/c\" is neither NAME nor OWNER/NAME"},
		{"ring = /b", "\"/b\" is neither NAME nor OWNER/NAME"},
		{"workers = 0", "\"0\" is not a number from 1 to 64"},
		{"workers = 65", "\"65\" is not a number from 1 to 64"},
		{"workers = many", "\"many\" is neither auto nor a number from 1 to 64"},
		{"queue_base = 65536", "\"65536\" is not a number from 0 to 65535"},
		{"queue_base = -1", "\"-1\" is not a number from 0 to 65535"},
		{"unmatched = drop", "\"drop\" is none of pass, reject"},
		{"established = rest", "\"rest\" is none of reset, keep; did you mean reset?"},
		{"watch = yes", "\"yes\" is none of off, on"},
		{"mark = 0x3", "\"0x3\" is not one bit in hexadecimal, such as 0x40000000"},
		{"mark = 1", "\"1\" is not one bit in hexadecimal, such as 0x40000000"},
		{"mark = 0x", "\"0x\" is not one bit in hexadecimal, such as 0x40000000"},
		{"mark = 0x100000000",
			"\"0x100000000\" is not one bit in hexadecimal, such as 0x40000000"},
		{"memory = 1T", "\"1T\" is no size: write bytes, or 64K, 512M, 2G"},
		{"memory = 99999999999G",
			"\"99999999999G\" is no size: write bytes, or 64K, 512M, 2G"},
		{"buffer = 63K", "\"63K\" is not from 64K to 256M"},
		{"buffer = 1G", "\"1G\" is not from 64K to 256M"},
		{"flows = 0", "\"0\" is not a number from 1 to 16777216"},
		{"flows = 18446744073709551617",
			"\"18446744073709551617\" is not a number from 1 to 16777216"},
		{"net_timeout = 999ms", "\"999ms\" is not between 1000 ms and 3600 s"},
		{"log = file", "\"file\" is none of stderr, syslog"},
		{"expiry_warning = 30",
			"\"30\" is no duration: write a number and ms, s, m, h or d, "
			"such as 10s"},
		{"expiry_warning = 3651d", "\"3651d\" is not between 0 ms and 315360000 s"},
		{"log_level = trace", "\"trace\" is none of error, warning, info, debug"},
		{"user =", "needs a value"},
		{"modus = host", "unknown key; did you mean mode?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], sentence[256];

		snprintf(text, sizeof(text), "[gateway]\n%s\n", rows[i][0]);
		snprintf(sentence, sizeof(sentence), "2: [gateway] %.*s: %s",
			(int)strcspn(rows[i][0], " "), rows[i][0], rows[i][1]);
		refused(text, sentence);
	}
	refused("[gatway]\n[gateway]\n",
		"1: [gatway]: unknown section; [gateway] and [startup] are what can be here; "
		"did you mean gateway?");
	refused("[gateway one]\n[gateway]\n", "1: [gateway one]: [gateway] has no name");
	refused("[gateway]\nzzzzzz = 1\n",
		"2: [gateway] zzzzzz: unknown key; [gateway] has mode, inside, outside, rules, "
		"keyring, "
		"ring, control, workers, queue_base, unmatched, established, watch, mark, memory, "
		"buffer, flows, net_timeout, expiry_warning, log, "
		"log_level, user, key_user, key_passphrase, pkcs11_module, pkcs11_pin");
	refused("[gateway]\nmode = router\noutside = eth0\n",
		"1: [gateway] inside: is missing: the interface of the plain side, since mode = "
		"router");
	refused("[gateway]\nmode = router\ninside = e\noutside = e\n",
		"4: [gateway] outside: is the same interface as inside");
	refused("[gateway]\nmode = router\ninside = i\noutside = o\nestablished = keep\n",
		"5: [gateway] established: keep works in host mode only: a router does not see "
		"whose connections are old; write established = reset");
	refused("[gateway]\nworkers = 4\nmemory = 15M\n",
		"3: [gateway] memory: is too little: 4 workers need at least 16M together");
	refused("[gateway]\nworkers = 64\nqueue_base = 65500\n",
		"3: [gateway] queue_base: 64 workers need 129 queues, and the last number is "
		"65535");
	refused("", " there is no [gateway] section");
}

/* None is repeated: perhaps it is the secret itself. */
static void test_secret_sources(void **state)
{
	static const char *const keys[] = {"key_passphrase", "pkcs11_pin"};
	static const char *const wrong[] = {"secret", "fd:2", "fd:x", "credential:../x", "file:"};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[128], sentence[256];

		snprintf(text, sizeof(text), "[gateway]\n%s = %s\n", keys[i % 2], wrong[i / 2]);
		snprintf(sentence, sizeof(sentence),
			"2: [gateway] %s: is none of fd:N (from 3), credential:NAME, file:PATH",
			keys[i % 2]);
		refused(text, sentence);
	}
}

static void test_tokens(void **state)
{
	struct settings *s = good("[gateway]\nkey_passphrase = file:/a\nPKCS11_PIN = fd:7\n"
				  "pkcs11_module = /m.so\n");

	(void)state;
	assert_string_equal(s->key_passphrase, "file:/a");
	assert_string_equal(s->pkcs11_pin, "fd:7");
	assert_string_equal(s->pkcs11_module, "/m.so");
	settings_free(s);
	refused("[gateway]\npkcs11_module = m.so\n",
		"2: [gateway] pkcs11_module: \"m.so\" is no path from / on, such as "
		"/usr/lib/softhsm/libsofthsm2.so");
}

static void test_startup(void **state)
{
	static const char *const rows[][2] = {
		{"userid = 9-1", "\"9-1\" is no number N and no range N-M"},
		{"remote_addr = host.example",
			"\"host.example\" is no address (A), prefix (A/BITS), range (A-B), "
			"@NAME or any; names of hosts are not looked up"},
		{"remote_addr = @x", "@x: a group holds no other groups"},
		{"usrid = 1", "unknown key; did you mean userid?"},
		{"userid =", "needs a value"},
	};
	struct settings *s = good("[gateway]\n[startup]\nuserid = root, 7-9\n"
				  "remote_addr = 192.0.2.0/24, ::1\n");

	(void)state;
	settings_free(s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], sentence[256];

		snprintf(text, sizeof(text), "[gateway]\n[startup]\n%s\n", rows[i][0]);
		snprintf(sentence, sizeof(sentence), "3: [startup] %.*s: %s",
			(int)strcspn(rows[i][0], " "), rows[i][0], rows[i][1]);
		refused(text, sentence);
	}
}

/* A directory service may not be there yet at boot. */
static void test_startup_account_is_unknown(void **state)
{
	struct err_list err;
	struct settings *s =
		load("[gateway]\n[startup]\nuserid = no-such-account, 7, root\n", &err);

	(void)state;
	assert_non_null(s);
	assert_int_equal(err.warning_count, 1);
	assert_string_equal(after_path(err.warnings[0]),
		"3: [startup] userid: \"no-such-account\" is no account of this system now, and "
		"permits nobody");
	assert_int_equal(s->startup.users.count, 2);
	assert_int_equal(s->startup.users.items[0].to, 0);
	assert_int_equal(s->startup.users.items[1].from, 7);
	settings_free(s);
	err_fini(&err);
}

static bool is_wanted(const char *text)
{
	const char *path = file_with(text);
	bool wanted = startup_is_wanted(path);

	unlink(path);
	return wanted;
}

static void test_startup_is_wanted(void **state)
{
	static const char *const yes[] = {"[startup]\n", "[startup]", "x\n[startup] # boot\n",
		"\xef\xbb\xbf[Startup]\r\n", "\n \t[ startup ]\n", "[startup\n", "[startup x]\n"};
	static const char *const no[] = {"", "#[startup]\n", "; [startup]\n", "x = [startup]\n",
		"startup\n", "[startups]\n", "[gateway]\nuser = a\n"};
	char long_line[600];

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(is_wanted(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(is_wanted(no[i]));
	memset(long_line, 'x', sizeof(long_line)); /* no part of a line is taken for one */
	memcpy(long_line + 255, "[startup]", sizeof("[startup]"));
	assert_false(is_wanted(long_line));
	assert_false(startup_is_wanted("/nonexistent"));
}

static void test_long_socket_path(void **state)
{
	char text[256] = "[gateway]\ncontrol = /";
	struct err_list err;

	(void)state;
	memset(text + strlen(text), 'x', 107);
	assert_null(load(text, &err));
	assert_int_equal(err.count, 1);
	assert_non_null(strstr(err.lines[0], "the path of a socket has at most 107 characters"));
	err_fini(&err);
	text[strlen(text) - 1] = '\0';
	settings_free(good(text));
}

static void test_all_at_once(void **state)
{
	struct err_list err;

	(void)state;
	assert_null(load("[gateway]\nmode=x\nlog=y\nmark=z\n[extra]\n", &err));
	assert_int_equal(err.count, 4);
	err_fini(&err);
	assert_null(settings_load("/nowhere/attls.ini", &err));
	assert_string_equal(
		err.lines[0], "/nowhere/attls.ini: cannot be read: No such file or directory");
	err_fini(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_host_interfaces),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_secret_sources),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_startup),
		cmocka_unit_test(test_startup_account_is_unknown),
		cmocka_unit_test(test_startup_is_wanted),
		cmocka_unit_test(test_long_socket_path),
		cmocka_unit_test(test_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_unit.c - what the path of a control group tells, and what is kept of an owner */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "gateway/flow/identity.h"
#include "gateway/worker/engine.h"
#include "unit/folder.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_unit_of(void **state)
{
	static const struct {
		const char *path, *unit;
	} cases[] = {
		{"/system.slice/payroll.service", "payroll.service"},
		{"/payroll.service", "payroll.service"},
		{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"},
		{"/system.slice/payroll.service/worker/1", "payroll.service"},
		{"/init.scope", "init.scope"},
		{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope"},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service",
			"user@1000.service/mail.service"},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope",
			"user@1000.service/init.scope"},
		{"/user.slice/user-1000.slice/user@1000.service", "user@1000.service"},
		/* what a service or a user calls the groups below its own proves nothing */
		{"/system.slice/docker.service/payroll.service", "docker.service"},
		{"/machine.slice/machine-a.scope/payload/system.slice/payroll.service",
			"machine-a.scope"},
		{"/system.slice/_cgroup.service", "cgroup.service"},
		{"/system.slice/dev-disk-by\\x2duuid.swap", "dev-disk-by\\x2duuid.swap"},
		{"/system.slice/web.socket", "web.socket"},
		{"/system.slice", ""},
		{"/docker/" ID, ""},
		{"/payroll", ""},
		{"/.service", ""},
	};
	char unit[UNIT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(unit_of(cases[i].path, unit));
		assert_string_equal(unit, cases[i].unit);
	}
	assert_false(unit_of("/", unit));
}

static void test_unit_too_long(void **state)
{
	char path[600], unit[UNIT_TEXT];

	(void)state;
	snprintf(path, sizeof(path), "/system.slice/%0500d.service", 0);
	assert_true(unit_of(path, unit));
	assert_string_equal(unit, "");
}

static void test_container_of(void **state)
{
	static const struct {
		const char *path, *id;
	} cases[] = {
		{"/system.slice/docker-" ID ".scope", ID},
		{"/docker/" ID, ID},
		{"/docker/" ID "/init.scope", ID},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
		 "cri-containerd-" ID ".scope",
			ID},
		{"/kubepods/besteffort/pod1-2-3/" ID, ID},
		{"/kubepods.slice/kubepods-pod1.slice/crio-" ID ".scope", ID},
		{"/machine.slice/libpod-" ID ".scope/container", ID},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
			ID},
		{"/lxc.payload.web", "web"},
		{"/lxc/web/system.slice", "web"},
		{"/machine.slice/machine-web\\x2d1.scope", "web-1"},
		{"/machine.slice/systemd-nspawn@web.service/payload", "web"},
		/* the monitor beside a container is not in it */
		{"/machine.slice/libpod-conmon-" ID ".scope", ""},
		{"/kubepods.slice/crio-conmon-" ID ".scope", ""},
		{"/system.slice/docker.service", ""},
		{"/docker/0123456789ab", ""},
		{"/docker/x" ID, ""},
		{"/docker/" ID "0", ""},
		{"/lxc.monitor.web", ""},
	};
	char id[UNIT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(container_of(cases[i].path, id));
		assert_string_equal(id, cases[i].id);
	}
	assert_false(container_of("/", id));
}

/* ---- names that engines write down ---- */

static void make_file(const char *root, const char *path, const char *text)
{
	char full[512];
	FILE *out;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	out = fopen(full, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void test_engine_names(void **state)
{
	char root[] = "/tmp/test_unit.XXXXXX", name[UNIT_TEXT];
	const char *other = "f" ID;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_false(engine_container_name(root, ID, name));
	make_file(root, "/var/lib/docker/containers/" ID "/config.v2.json",
		"{\"Name\": \"/web\", \"ID\": 1}");
	assert_true(engine_container_name(root, ID, name));
	assert_string_equal(name, "web");
	make_file(root, "/var/lib/docker/containers/" ID "/config.v2.json", "{\"Name\": 7");
	assert_false(engine_container_name(root, ID, name));
	make_file(root, "/var/lib/containers/storage/overlay-containers/containers.json",
		"[{\"id\": \"a\", \"names\": [\"x\"]}, {\"id\": \"" ID "\", \"names\": [\"db\"]}]");
	assert_true(engine_container_name(root, ID, name));
	assert_string_equal(name, "db");
	assert_true(engine_container_name(root, "machine", name));
	assert_string_equal(name, "machine");
	assert_true(engine_container_name(root, other, name)); /* 65 digits: a name */
	assert_string_equal(name, other);
	assert_int_equal(folder_remove(root), 0);
}

/* ---- keeping ---- */

static void test_identity(void **state)
{
	char unit[] = "a.service", exe[] = "/bin/a";
	struct owner o = {
		.known = OWNER_UID | OWNER_UNIT | OWNER_CONTAINER, .uid = 7, .unit = unit};
	char *block;

	(void)state;
	o.exe = exe; /* not known, so it means nothing */
	block = identity_keep(&o);
	assert_non_null(block);
	memset(unit, 'x', strlen(unit));
	assert_string_equal(o.unit, "a.service");
	assert_null(o.exe);
	assert_null(o.container);
	assert_true(owner_has(&o, OWNER_CONTAINER)); /* known to be in none */
	free(block);
	o = (struct owner){.known = OWNER_UID, .uid = 7};
	assert_null(identity_keep(&o));
	assert_true(owner_has(&o, OWNER_UID));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unit_of),
		cmocka_unit_test(test_unit_too_long),
		cmocka_unit_test(test_container_of),
		cmocka_unit_test(test_engine_names),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.c - the sections of attls.ini, shared by all programs */
#include "rules/settings.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

#include "keyring/passphrase.h"
#include "rules/reader.h"

enum {
	WORKERS_MAX = 64,
	FLOWS_MAX = 1 << 24,
	MEMORY_MIN = 4 << 20,  /* of one worker: a few flows in full flight */
	BUFFER_MIN = 64 << 10, /* a TLS record fits in any case */
	BUFFER_MAX = 256 << 20,
	QUEUES_PER_WORKER = 2,
	QUEUES_SHARED = 1, /* ICMP */
	QUEUE_MAX = 65535,
};

#define NET_TIMEOUT_MAX    (3600 * USEC_SEC)
#define EXPIRY_WARNING_MAX (3650 * 86400 * USEC_SEC)

static const char *const modes[] = {
	[MODE_HOST] = "host",
	[MODE_ROUTER] = "router",
	NULL,
};
static const char *const log_targets[] = {
	[LOG_TARGET_STDERR] = "stderr",
	[LOG_TARGET_SYSLOG] = "syslog",
	NULL,
};
static const char *const levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const unmatched_words[] = {"pass", "reject", NULL};
static const char *const established_words[] = {"reset", "keep", NULL};
static const char *const switch_words[] = {"off", "on", NULL};

static void string_set(char **field, const char *value)
{
	free(*field);
	*field = reader_strdup(value);
}

static size_t names_count(char *const *names)
{
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

static struct reader_list no_names(void)
{
	struct reader_list list = {.items = reader_alloc(NULL, sizeof(*list.items))};

	list.items[0] = NULL;
	return list;
}

/* @value, which is relative to the folder of the file it was written in. */
static void path_set(struct reader *r, char **field, const char *value)
{
	const char *slash = strrchr(r->section->file, '/');
	int folder = slash ? (int)(slash - r->section->file) + 1 : 0;
	char *path;

	if (*value == '/')
		folder = 0;
	if (asprintf(&path, "%.*s%s", folder, r->section->file, value) < 0)
		abort();
	free(*field);
	*field = path;
}

static void read_mode(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;
	size_t i;

	if (reader_word(r, key, value, modes, &i))
		s->mode = (enum gateway_mode)i;
}

static bool interface_check(struct reader *r, const char *key, const char *name)
{
	if (strlen(name) < IF_NAMESIZE && !strpbrk(name, "/ \t,+*") && strcmp(name, ".") != 0 &&
		strcmp(name, "..") != 0)
		return true;
	ini_error(r->err, r->section, key, "\"%s\" is no name of one interface", name);
	return false;
}

static void read_outside(struct reader *r, const char *key, const char *value)
{
	if (interface_check(r, key, value))
		string_set(&((struct settings *)r->object)->outside, value);
}

static void inside_set(struct settings *s, struct reader_list list)
{
	reader_list_free(&(struct reader_list){s->inside, names_count(s->inside)});
	s->inside = list.items;
}

static void read_inside(struct reader *r, const char *key, const char *value)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		interface_check(r, key, list.items[i]);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(list.items[i], list.items[j]) == 0)
				ini_error(r->err, r->section, key, "names %s twice", list.items[i]);
		}
	}
	inside_set(r->object, list);
}

static void read_rules(struct reader *r, const char *key, const char *value)
{
	(void)key;
	path_set(r, &((struct settings *)r->object)->rules, value);
}

static void read_keyring(struct reader *r, const char *key, const char *value)
{
	(void)key;
	path_set(r, &((struct settings *)r->object)->keyring, value);
}

static void read_control(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	path_set(r, &s->control, value);
	if (strlen(s->control) > room)
		ini_error(r->err, r->section, key,
			"%s: the path of a socket has at most %zu characters", s->control, room);
}

static void read_ring(struct reader *r, const char *key, const char *value)
{
	const char *slash = strchr(value, '/');

	if (slash && (slash == value || !slash[1] || strchr(slash + 1, '/')))
		ini_error(r->err, r->section, key, "\"%s\" is neither NAME nor OWNER/NAME", value);
	else
		string_set(&((struct settings *)r->object)->ring, value);
}

static void read_workers(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;
	uint64_t n;

	if (strcasecmp(value, "auto") == 0)
		s->workers = 0;
	else if (value[strspn(value, "0123456789")])
		ini_error(r->err, r->section, key,
			"\"%s\" is neither auto nor a number from 1 to %d", value, WORKERS_MAX);
	else if (reader_number(r, key, value, 1, WORKERS_MAX, &n))
		s->workers = (unsigned)n;
}

static void read_queue_base(struct reader *r, const char *key, const char *value)
{
	uint64_t n;

	if (reader_number(r, key, value, 0, QUEUE_MAX, &n))
		((struct settings *)r->object)->queue_base = (unsigned)n;
}

static void read_unmatched(struct reader *r, const char *key, const char *value)
{
	size_t i;

	if (reader_word(r, key, value, unmatched_words, &i))
		((struct settings *)r->object)->unmatched_reject = i == 1;
}

static void read_established(struct reader *r, const char *key, const char *value)
{
	size_t i;

	if (reader_word(r, key, value, established_words, &i))
		((struct settings *)r->object)->established_keep = i == 1;
}

static void read_watch(struct reader *r, const char *key, const char *value)
{
	size_t i;

	if (reader_word(r, key, value, switch_words, &i))
		((struct settings *)r->object)->watch = i == 1;
}

static void read_mark(struct reader *r, const char *key, const char *value)
{
	unsigned long mark;
	char *end;

	mark = strtoul(value, &end, 16);
	if (strncasecmp(value, "0x", 2) != 0 || *end || mark == 0 || mark > UINT32_MAX ||
		(mark & (mark - 1)) != 0)
		ini_error(r->err, r->section, key,
			"\"%s\" is not one bit in hexadecimal, such as 0x40000000", value);
	else
		((struct settings *)r->object)->mark = (uint32_t)mark;
}

static void read_memory(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;

	reader_size(r, key, value, &s->memory);
}

static void read_buffer(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;

	if (reader_size(r, key, value, &s->buffer) &&
		(s->buffer < BUFFER_MIN || s->buffer > BUFFER_MAX))
		ini_error(r->err, r->section, key, "\"%s\" is not from %uK to %uM", value,
			BUFFER_MIN >> 10, BUFFER_MAX >> 20);
}

static void read_flows(struct reader *r, const char *key, const char *value)
{
	uint64_t n;

	if (reader_number(r, key, value, 1, FLOWS_MAX, &n))
		((struct settings *)r->object)->flows = (unsigned)n;
}

static void read_net_timeout(struct reader *r, const char *key, const char *value)
{
	reader_duration(r, key, value, USEC_SEC, NET_TIMEOUT_MAX,
		&((struct settings *)r->object)->net_timeout);
}

static void read_expiry_warning(struct reader *r, const char *key, const char *value)
{
	reader_duration(r, key, value, 0, EXPIRY_WARNING_MAX,
		&((struct settings *)r->object)->expiry_warning);
}

static void read_log(struct reader *r, const char *key, const char *value)
{
	size_t i;

	if (reader_word(r, key, value, log_targets, &i))
		((struct settings *)r->object)->log = (enum log_target)i;
}

static void read_log_level(struct reader *r, const char *key, const char *value)
{
	size_t i;

	if (reader_word(r, key, value, levels, &i))
		log_level_parse(levels[i], &((struct settings *)r->object)->log_level);
}

static void read_user(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;

	string_set(strcmp(key, "user") == 0 ? &s->user : &s->key_user, value);
}

static void read_passphrase(struct reader *r, const char *key, const char *value)
{
	struct settings *s = r->object;

	if (passphrase_source_ok(value))
		string_set(strcmp(key, "pkcs11_pin") == 0 ? &s->pkcs11_pin : &s->key_passphrase,
			value);
	else /* without the value: it may be the secret itself */
		ini_error(r->err, r->section, key,
			"is none of fd:N (from 3), credential:NAME, file:PATH");
}

/* Code: where it comes from is not to depend on who starts what from where. */
static void read_pkcs11_module(struct reader *r, const char *key, const char *value)
{
	if (*value == '/')
		string_set(&((struct settings *)r->object)->pkcs11_module, value);
	else
		ini_error(r->err, r->section, key,
			"\"%s\" is no path from / on, such as /usr/lib/softhsm/libsofthsm2.so",
			value);
}

static const struct reader_key gateway_keys[] = {
	{"mode", read_mode},
	{"inside", read_inside},
	{"outside", read_outside},
	{"rules", read_rules},
	{"keyring", read_keyring},
	{"ring", read_ring},
	{"control", read_control},
	{"workers", read_workers},
	{"queue_base", read_queue_base},
	{"unmatched", read_unmatched},
	{"established", read_established},
	{"watch", read_watch},
	{"mark", read_mark},
	{"memory", read_memory},
	{"buffer", read_buffer},
	{"flows", read_flows},
	{"net_timeout", read_net_timeout},
	{"expiry_warning", read_expiry_warning},
	{"log", read_log},
	{"log_level", read_log_level},
	{"user", read_user},
	{"key_user", read_user},
	{"key_passphrase", read_passphrase},
	{"pkcs11_module", read_pkcs11_module},
	{"pkcs11_pin", read_passphrase},
};

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static struct settings *settings_default(void)
{
	struct settings *s = reader_alloc(NULL, sizeof(*s));

	*s = (struct settings){
		.mode = MODE_HOST,
		.inside = no_names().items,
		.outside = reader_strdup(""),
		.rules = reader_strdup("/etc/attls/rules.d"),
		.keyring = reader_strdup("/etc/attls/keyring"),
		.ring = reader_strdup(""),
		.control = reader_strdup("/run/attls/control.sock"),
		.queue_base = 100,
		.mark = 0x40000000,
		.memory = (size_t)1 << 30,
		.buffer = 6 << 20,
		.flows = 65536,
		.net_timeout = 60 * USEC_SEC,
		.expiry_warning = 30 * 86400 * USEC_SEC,
		.log = LOG_TARGET_STDERR,
		.log_level = LOG_LEVEL_INFO,
		.user = reader_strdup(""),
		.key_user = reader_strdup(""),
		.key_passphrase = reader_strdup(""),
		.pkcs11_module = reader_strdup(""),
		.pkcs11_pin = reader_strdup(""),
	};
	return s;
}

/* What can only be judged when all keys are read. */
static void settings_complete(struct reader *r, struct settings *s)
{
	unsigned queues;

	if (s->workers == 0)
		s->workers = processors();
	if (s->memory / s->workers < MEMORY_MIN)
		ini_error(r->err, r->section, "memory",
			"is too little: %u workers need at least %uM together", s->workers,
			s->workers * (MEMORY_MIN >> 20));
	queues = QUEUES_PER_WORKER * s->workers + QUEUES_SHARED;
	if (s->queue_base + queues - 1 > QUEUE_MAX)
		ini_error(r->err, r->section, "queue_base",
			"%u workers need %u queues, and the last number is %d", s->workers, queues,
			QUEUE_MAX);
	if (s->mode == MODE_HOST) { /* the interfaces may stay in the file */
		inside_set(s, no_names());
		string_set(&s->outside, "");
		return;
	}
	reader_needs(r, "inside", "the interface of the plain side, since mode = router");
	reader_needs(r, "outside", "the interface of the wire side, since mode = router");
	for (char **name = s->inside; *name; name++) {
		if (strcmp(*name, s->outside) == 0)
			ini_error(r->err, r->section, "outside", "is the same interface as inside");
	}
	if (s->established_keep)
		ini_error(r->err, r->section, "established",
			"keep works in host mode only: a router does not see whose connections "
			"are old; write established = reset");
}

static void gateway_read(const struct ini *ini, struct settings *s, struct err_list *err)
{
	static const char *const kinds[] = {"gateway", "startup", NULL};
	const struct ini_section *gateway = NULL;
	char hint[READER_HINT];

	for (size_t i = 0; i < ini->section_count; i++) {
		const struct ini_section *section = &ini->sections[i];

		bool startup = strcasecmp(section->kind, "startup") == 0;

		if (!startup && strcasecmp(section->kind, "gateway") != 0)
			ini_error(err, section, NULL,
				"unknown section; [gateway] and [startup] are what can be here%s",
				reader_hint(section->kind, kinds, hint));
		else if (*section->name)
			ini_error(err, section, NULL, "[%s] has no name", section->kind);
		else if (startup)
			startup_read(&(struct reader){
				.section = section, .err = err, .object = &s->startup});
		else
			gateway = section;
	}
	if (gateway) {
		struct reader r = {.section = gateway, .err = err, .object = s};

		reader_keys(&r, gateway_keys, sizeof(gateway_keys) / sizeof(gateway_keys[0]));
		settings_complete(&r, s);
	} else {
		err_add(err, "%s: there is no [gateway] section", ini->path);
	}
}

struct settings *settings_load(const char *path, struct err_list *err)
{
	size_t before = err->count;
	struct ini *ini = ini_load(path, err);
	struct settings *s;

	if (!ini)
		return NULL;
	s = settings_default();
	gateway_read(ini, s, err);
	ini_free(ini);
	if (err->count == before)
		return s;
	settings_free(s);
	return NULL;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	inside_set(s, (struct reader_list){0});
	free(s->outside);
	free(s->rules);
	free(s->keyring);
	free(s->ring);
	free(s->control);
	free(s->user);
	free(s->key_user);
	free(s->key_passphrase);
	free(s->pkcs11_module);
	free(s->pkcs11_pin);
	startup_fini(&s->startup);
	free(s);
}

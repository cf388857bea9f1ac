/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action.c - [action NAME]: what a connection gets */
#include <ctype.h>
#include <openssl/tls1.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/name.h"
#include "rules/loader.h"

enum { DNS_NAME_MAX = 253, DNS_LABEL_MAX = 63 };

#define HANDSHAKE_TIMEOUT     (10 * USEC_SEC) /* AT-TLS HandshakeTimeout */
#define HANDSHAKE_TIMEOUT_MIN (100 * USEC_MSEC)
#define HANDSHAKE_TIMEOUT_MAX (600 * USEC_SEC)
#define SESSION_TIMEOUT_MAX   (86400 * USEC_SEC) /* AT-TLS GSK_V3_SESSION_TIMEOUT */

enum { SESSION_TIMEOUT = 300 }; /* seconds, AT-TLS GSK_SESSION_TICKET_SERVER_TIMEOUT */

static const char *label_fault(const char *label, size_t len)
{
	if (len == 0)
		return "has an empty label";
	if (len > DNS_LABEL_MAX)
		return "has a label of more than 63 characters";
	for (size_t i = 0; i < len; i++) {
		if (label[i] == '*')
			return "has a wildcard, which only a certificate may have";
		if ((unsigned char)label[i] >= 0x80)
			return "is not ASCII: write its xn-- form";
		if (!isalnum((unsigned char)label[i]) && !strchr("-_", label[i]))
			return "is no host name";
	}
	return NULL;
}

const char *dns_name_fault(const char *name)
{
	const char *label = name, *fault = NULL;
	size_t len = 0;

	if (strlen(name) > DNS_NAME_MAX)
		return "has more than 253 characters";
	for (bool more = true; more && !fault;) {
		len = strcspn(label, ".");
		fault = label_fault(label, len);
		more = label[len] == '.';
		if (more)
			label += len + 1;
	}
	if (!fault && strspn(label, "0123456789") == len)
		return "is neither an address nor a host name";
	return fault;
}

static struct action *action_of(struct reader *r)
{
	return ((struct object *)r->object)->u.action;
}

static void string_set(char **field, const char *value)
{
	free(*field);
	*field = reader_strdup(value);
}

static void read_tls(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {
		[ACTION_TLS] = "on",
		[ACTION_PASS] = "off",
		[ACTION_REJECT] = "reject",
		NULL,
	};
	size_t i;

	if (reader_word(r, key, value, words, &i))
		action_of(r)->mode = (enum action_mode)i;
}

static void read_role(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {
		[TLS_ROLE_CLIENT] = "client",
		[TLS_ROLE_SERVER] = "server",
		NULL,
	};
	size_t i;

	if (reader_word(r, key, value, words, &i))
		action_of(r)->profile.role = (enum tls_role)i;
}

static void read_ring(struct reader *r, const char *key, const char *value)
{
	const char *slash = strchr(value, '/');

	if (slash && (slash == value || !slash[1] || strchr(slash + 1, '/')))
		ini_error(r->err, r->section, key, "\"%s\" is neither NAME nor OWNER/NAME", value);
	else
		string_set(&action_of(r)->ring, value);
}

static void read_label(struct reader *r, const char *key, const char *value)
{
	char label[NAME_SIZE];
	const char *rest = value;

	while (name_next(&rest, label)) {
		if (!*label)
			ini_error(r->err, r->section, key,
				"there is nothing between two commas or at an end");
	}
	string_set(&action_of(r)->label, value);
}

static char *copy_or_null(const char *text)
{
	return text ? reader_strdup(text) : NULL;
}

static void read_level(struct reader *r, const char *key, const char *value)
{
	struct object *o = loader_find(r, key, OBJECT_LEVEL, value);
	struct profile *p = &action_of(r)->profile;

	if (!o)
		return;
	string_set(&action_of(r)->level, value);
	action_of(r)->level_written = o->section;
	p->min_version = o->u.level->min_version;
	p->max_version = o->u.level->max_version;
	p->min_key = o->u.level->min_key;
	p->ciphers12 = copy_or_null(o->u.level->ciphers12);
	p->ciphers13 = copy_or_null(o->u.level->ciphers13);
	p->groups = copy_or_null(o->u.level->groups);
	parameter_join(&action_of(r)->parameters, &o->u.level->parameters);
}

static void reference_add(struct profile *p, struct reference_id id)
{
	p->references = reader_append(p->references, p->reference_count, sizeof(*p->references));
	p->references[p->reference_count++] = id;
}

static void reference_read(struct reader *r, const char *key, const char *item)
{
	struct reference_id id = {0};
	const char *fault;

	if (strcasecmp(item, "any") == 0) {
		id.kind = REFERENCE_ANY;
	} else if (strcasecmp(item, "remote-ip") == 0) {
		id.kind = REFERENCE_REMOTE_IP;
	} else if (addr_parse(item, &id.addr)) {
		id.kind = REFERENCE_ADDR;
	} else if ((fault = dns_name_fault(item))) {
		ini_error(r->err, r->section, key, "\"%s\" %s", item, fault);
		return;
	} else {
		id.kind = REFERENCE_DNS;
		id.name = reader_strdup(item);
	}
	reference_add(&action_of(r)->profile, id);
}

static void read_reference_id(struct reader *r, const char *key, const char *value)
{
	struct profile *p = &action_of(r)->profile;
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++)
		reference_read(r, key, list.items[i]);
	for (size_t i = 0; i < p->reference_count; i++) {
		if (p->references[i].kind == REFERENCE_ANY && list.count > 1)
			ini_error(r->err, r->section, key, "any stands alone: it takes every name");
	}
	reader_list_free(&list);
}

static void read_sni(struct reader *r, const char *key, const char *value)
{
	const char *fault;
	struct addr a;

	if (strcasecmp(value, "none") == 0)
		return;
	fault = addr_parse(value, &a) ? "is an address, which is never sent"
				      : dns_name_fault(value);
	if (fault)
		ini_error(r->err, r->section, key, "\"%s\" %s", value, fault);
	else
		string_set(&action_of(r)->profile.sni, value);
}

static void read_permit(struct reader *r, const char *key, const char *value)
{
	string_set(&action_of(r)->permit, value);
	action_of(r)->profile.permit = permit_read(r, key, value);
}

static void read_handshake_timeout(struct reader *r, const char *key, const char *value)
{
	reader_duration(r, key, value, HANDSHAKE_TIMEOUT_MIN, HANDSHAKE_TIMEOUT_MAX,
		&action_of(r)->handshake_timeout);
}

static void read_session_timeout(struct reader *r, const char *key, const char *value)
{
	usec_t timeout;

	if (reader_duration(r, key, value, 0, SESSION_TIMEOUT_MAX, &timeout))
		action_of(r)->profile.session_timeout = (unsigned)(timeout / USEC_SEC);
}

static void read_parameter(struct reader *r, const char *key, const char *value)
{
	parameter_read(
		r, parameter_find(PARAMETER_OF_ACTION, key), value, &action_of(r)->parameters);
}

static const struct reader_key action_keys[] = {
	{"tls", read_tls},
	{"role", read_role},
	{"ring", read_ring},
	{"label", read_label},
	{"level", read_level},
	{"reference_id", read_reference_id},
	{"sni", read_sni},
	{"permit", read_permit},
	{"handshake_timeout", read_handshake_timeout},
	{"session_timeout", read_session_timeout},
	{"inherit", read_nothing},
};

/* Client role: whom to expect and which name to send, where the file does not say. */
static void client_complete(struct reader *r, struct action *a)
{
	static const char cn_key[] = "reference_id_cn";
	const char *cn = a->parameters.values[parameter_find(PARAMETER_OF_ACTION, cn_key)].text;
	struct profile *p = &a->profile;
	const char *label = ini_get(r->section, "label");
	char name[NAME_SIZE];

	if (cn && p->reference_count && p->references[0].kind == REFERENCE_ANY)
		ini_error(r->err, r->section, cn_key, "has no effect beside reference_id = any");
	else if (cn)
		reference_add(p, (struct reference_id){REFERENCE_CN, .name = reader_strdup(cn)});
	if (p->reference_count == 0)
		reference_add(p, (struct reference_id){.kind = REFERENCE_REMOTE_IP});
	if (ini_get(r->section, "permit"))
		ini_error(r->err, r->section, "permit",
			"is for role = server: a client always verifies the server");
	if (label && name_next(&label, name) && label)
		ini_error(r->err, r->section, "label",
			"names several certificates, which is for role = server; a comma within a "
			"label is written \\,");
	if (ini_get(r->section, "sni"))
		return;
	for (size_t i = 0; i < p->reference_count && !p->sni; i++) {
		if (p->references[i].kind == REFERENCE_DNS)
			p->sni = reader_strdup(p->references[i].name);
	}
}

static void server_complete(struct reader *r, struct action *a)
{
	static const char *const client_keys[] = {"reference_id", "sni"};
	int auth = parameter_find(PARAMETER_OF_ACTION, "client_auth");

	a->profile.client_auth = (enum client_auth)a->parameters.values[auth].number;
	a->profile.application = reader_strdup(a->name);
	if (a->permit && a->profile.client_auth != CLIENT_AUTH_SAFCHECK)
		ini_error(r->err, r->section, "permit",
			"takes client_auth = safcheck, which finds out who the user is");

	for (size_t i = 0; i < 2; i++) {
		if (ini_get(r->section, client_keys[i]))
			ini_error(r->err, r->section, client_keys[i],
				"is for role = client: a server does not know who will come");
	}
}

static int64_t parameter_of(const struct action *a, const char *key)
{
	return a->parameters.values[parameter_find(PARAMETER_OF_ACTION, key)].number;
}

/* What two parameters together make pointless. */
static void parameters_agree(struct reader *r, const struct action *a)
{
	bool server = a->profile.role == TLS_ROLE_SERVER;
	const char *fragment = ini_get(r->section, "max_fragment");

	if (server && fragment && parameter_of(a, "max_fragment") == EXTENSION_OFF)
		ini_error(r->err, r->section, "max_fragment",
			"off is for role = client: a server does as its clients ask; write "
			"optional or required");
	if (ini_get(r->section, "max_fragment_length") &&
		parameter_of(a, "max_fragment") == EXTENSION_OFF)
		ini_error(r->err, r->section, "max_fragment_length",
			"takes max_fragment = optional or required");
	if (parameter_of(a, "sni_match") == 1 && server)
		ini_error(r->err, r->section, "sni_match",
			"attls " ATTLS_VERSION " does not do \"required\" for role = server yet");
	else if (parameter_of(a, "sni_match") == 1 && !a->profile.sni)
		ini_error(r->err, r->section, "sni_match",
			"required needs a server name to send: sni, or a host name in "
			"reference_id");
}

/* What others inherit from may leave it to them; a rule cannot use it then. */
static bool is_missing(struct reader *r, const char *key, const char *what)
{
	if (((struct object *)r->object)->inherited)
		return !ini_get(r->section, key);
	return !reader_needs(r, key, what);
}

/* What can only be judged when all keys are read. */
static void action_complete(struct reader *r, struct action *a)
{
	if (is_missing(r, "tls", "on, off or reject"))
		return;
	if (a->mode != ACTION_TLS) {
		((struct object *)r->object)->complete = true;
		for (size_t i = 0; i < r->section->entry_count; i++) {
			const struct ini_section *origin = r->section->entries[i].origin;

			if (strcasecmp(r->section->entries[i].key, "tls") != 0 &&
				(!origin || strcmp(origin->name, a->name) == 0))
				ini_warn(r->err, r->section, r->section->entries[i].key,
					"has no effect, since tls is not on");
		}
		return;
	}
	if (is_missing(r, "role", "client or server"))
		return;
	((struct object *)r->object)->complete = true;
	if (a->profile.role == TLS_ROLE_CLIENT)
		client_complete(r, a);
	else
		server_complete(r, a);
	parameter_suits(r, &a->parameters, a->profile.role);
	parameters_agree(r, a);
	parameter_wishes(&a->parameters, a->profile.wishes);
}

void action_read(struct reader *r)
{
	struct object *o = r->object;
	struct action *a = reader_alloc(NULL, sizeof(*a));
	size_t before = r->err->said;

	*a = (struct action){
		.name = reader_strdup(r->section->name),
		.written = r->section,
		.handshake_timeout = HANDSHAKE_TIMEOUT,
		.profile = {.min_version = TLS1_2_VERSION,
			.max_version = TLS1_3_VERSION,
			.min_key = PROFILE_MIN_KEY,
			.session_timeout = SESSION_TIMEOUT},
	};
	o->u.action = a;
	r->more = (struct reader_more){parameter_names(PARAMETER_OF_ACTION), read_parameter};
	reader_keys(r, action_keys, sizeof(action_keys) / sizeof(action_keys[0]));
	if (r->err->said == before)
		action_complete(r, a);
}

void action_free(struct action *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->profile.reference_count; i++)
		free(a->profile.references[i].name);
	free(a->profile.references);
	parameter_fini(&a->parameters);
	free(a->profile.ciphers12);
	free(a->profile.ciphers13);
	free(a->profile.groups);
	free(a->profile.sni);
	for (char **user = a->profile.permit; user && *user; user++)
		free(*user);
	free(a->profile.permit);
	free(a->profile.application);
	free(a->permit);
	free(a->name);
	free(a->ring);
	free(a->label);
	free(a->level);
	free(a);
}

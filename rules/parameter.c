/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parameter.c - check a parameter's value, and whether it has an effect */
#include "rules/parameter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/reader.h"

int parameter_find(enum parameter_place place, const char *key)
{
	for (int i = 0; i < PARAMETER_COUNT; i++) {
		if (parameters[i].place == place && strcasecmp(parameters[i].key, key) == 0)
			return i;
	}
	return -1;
}

const char *const *parameter_names(enum parameter_place place)
{
	static const char *names[2][PARAMETER_COUNT + 1];
	size_t n = 0;

	if (!names[place][0]) {
		for (int i = 0; i < PARAMETER_COUNT; i++) {
			if (parameters[i].place == place)
				names[place][n++] = parameters[i].key;
		}
	}
	return names[place];
}

/* The parts of @words between '|', to be freed with reader_list_free(). */
static struct reader_list split(const char *words)
{
	struct reader_list list = {0};

	for (const char *at = words; *at; at += *at == '|') {
		size_t len = strcspn(at, "|");
		char *word = reader_alloc(NULL, len + 1);

		memcpy(word, at, len);
		word[len] = '\0';
		list.items = reader_append(list.items, list.count, sizeof(*list.items));
		list.items[list.count++] = word;
		at += len;
	}
	list.items = reader_alloc(list.items, (list.count + 1) * sizeof(*list.items));
	list.items[list.count] = NULL;
	return list;
}

static bool word_read(
	struct reader *r, const struct parameter *p, const char *value, int64_t *number)
{
	struct reader_list words = split(p->words);
	size_t index;
	bool good = reader_word(r, p->key, value, (const char *const *)words.items, &index);

	*number = (int64_t)index;
	reader_list_free(&words);
	return good;
}

static bool words_read(struct reader *r, const struct parameter *p, const char *value)
{
	struct reader_list list;
	int64_t ignored;
	bool good = true;

	if (!reader_list(r, p->key, value, &list))
		return false;
	for (size_t i = 0; i < list.count; i++)
		good = word_read(r, p, list.items[i], &ignored) && good;
	reader_list_free(&list);
	return good;
}

static bool text_read(struct reader *r, const struct parameter *p, const char *value)
{
	if (strlen(value) >= (size_t)p->min && strlen(value) <= (size_t)p->max)
		return true;
	ini_error(r->err, r->section, p->key, "has %zu characters, not %lld to %lld", strlen(value),
		(long long)p->min, (long long)p->max);
	return false;
}

static bool bytes_read(
	struct reader *r, const struct parameter *p, const char *value, int64_t *number)
{
	size_t size;

	if (!reader_size(r, p->key, value, &size))
		return false;
	*number = (int64_t)size;
	if (size <= (size_t)p->max)
		return true;
	ini_error(r->err, r->section, p->key, "\"%s\" is more than %lld bytes", value,
		(long long)p->max);
	return false;
}

static bool value_read(
	struct reader *r, const struct parameter *p, const char *value, int64_t *number)
{
	uint64_t n = 0;
	usec_t time = 0;
	bool good = false;

	switch (p->kind) {
	case PARAMETER_WORD: return word_read(r, p, value, number);
	case PARAMETER_WORDS: return words_read(r, p, value);
	case PARAMETER_TEXT: return text_read(r, p, value);
	case PARAMETER_BYTES: return bytes_read(r, p, value, number);
	case PARAMETER_NUMBER:
		good = reader_number(r, p->key, value, (uint64_t)p->min, (uint64_t)p->max, &n);
		*number = (int64_t)n;
		break;
	case PARAMETER_TIME:
		good = reader_duration(
			r, p->key, value, p->min * USEC_SEC, p->max * USEC_SEC, &time);
		*number = time / USEC_MSEC;
		break;
	}
	return good;
}

/* Whether @value is one of those that have an effect. */
static bool is_built(const struct parameter *p, const char *value)
{
	struct reader_list words;
	bool found = false;

	if (!p->built || strcmp(p->built, "*") == 0)
		return p->built != NULL;
	words = split(p->built);
	for (size_t i = 0; i < words.count; i++)
		found = found || strcasecmp(words.items[i], value) == 0;
	reader_list_free(&words);
	return found;
}

static void refuse_unbuilt(struct reader *r, const struct parameter *p, const char *value)
{
	if (is_built(p, value))
		return;
	if (p->built)
		ini_error(r->err, r->section, p->key,
			"attls " ATTLS_VERSION " does not do \"%s\" yet; what it does is %s", value,
			p->built);
	else
		ini_error(r->err, r->section, p->key,
			"attls " ATTLS_VERSION " does not do this yet; remove the key");
}

/* Of a list each item counts, unless none is built anyway. */
static void refuse_unbuilt_items(struct reader *r, const struct parameter *p, const char *value)
{
	struct reader_list list;

	if (!p->built || !reader_list(r, p->key, value, &list)) {
		refuse_unbuilt(r, p, value);
		return;
	}
	for (size_t i = 0; i < list.count; i++)
		refuse_unbuilt(r, p, list.items[i]);
	reader_list_free(&list);
}

void parameter_read(struct reader *r, int which, const char *value, struct parameter_set *set)
{
	const struct parameter *p = &parameters[which];
	struct parameter_value *v = &set->values[which];

	if (!value_read(r, p, value, &v->number))
		return;
	free(v->text);
	v->text = reader_strdup(value);
	if (p->kind == PARAMETER_WORDS)
		refuse_unbuilt_items(r, p, value);
	else
		refuse_unbuilt(r, p, value);
}

void parameter_suits(struct reader *r, const struct parameter_set *set, enum tls_role role)
{
	static const char *const sentences[] = {
		[PARAMETER_FOR_CLIENT] = "is for role = client, and this is a server's action",
		[PARAMETER_FOR_SERVER] = "is for role = server, and this is a client's action",
	};
	enum parameter_role own =
		role == TLS_ROLE_CLIENT ? PARAMETER_FOR_CLIENT : PARAMETER_FOR_SERVER;

	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		enum parameter_role needs = parameters[i].role;

		if (set->values[i].text && needs != PARAMETER_FOR_BOTH && needs != own)
			ini_error(r->err, r->section, parameters[i].key, "%s", sentences[needs]);
	}
}

static const char *const wish_keys[WISHES] = {
	[WISH_SIGNATURES] = "signatures",
	[WISH_CERT_SIGNATURES] = "cert_signatures",
	[WISH_PEER_MIN_RSA] = "peer_min_rsa_key",
	[WISH_PEER_MIN_DSA] = "peer_min_dsa_key",
	[WISH_PEER_MIN_ECC] = "peer_min_ecc_key",
	[WISH_PEER_MIN_CERT_VERSION] = "peer_min_cert_version",
	[WISH_CERT_VALIDATION] = "cert_validation",
	[WISH_PEER_MIN_DH] = "peer_min_dh_key",
	[WISH_DH_GROUP_SIZE] = "dh_group_size",
	[WISH_MIDDLEBOX_COMPAT] = "middlebox_compat",
	[WISH_EXTENDED_MASTER_SECRET] = "extended_master_secret",
	[WISH_REFERENCE_WILDCARDS] = "reference_wildcards",
	[WISH_MAX_FRAGMENT] = "max_fragment",
	[WISH_MAX_FRAGMENT_LENGTH] = "max_fragment_length",
	[WISH_SNI_MATCH] = "sni_match",
	[WISH_SERVER_SNI] = "server_sni",
	[WISH_CLIENT_TICKETS] = "client_tickets",
	[WISH_CLIENT_TICKET_SIZE] = "client_ticket_size",
	[WISH_CLIENT_TICKET_CACHE] = "client_ticket_cache",
	[WISH_SERVER_TICKETS] = "server_tickets",
	[WISH_SERVER_TICKET_COUNT] = "server_ticket_count",
	[WISH_SERVER_TICKET_TIMEOUT] = "server_ticket_timeout",
	[WISH_SERVER_TICKET_ALGORITHM] = "server_ticket_algorithm",
};

void parameter_wishes(const struct parameter_set *set, struct wish wishes[WISHES])
{
	for (size_t i = 0; i < WISHES; i++) {
		for (size_t j = 0; j < PARAMETER_COUNT; j++) {
			if (strcmp(parameters[j].key, wish_keys[i]) == 0)
				wishes[i] =
					(struct wish){set->values[j].text, set->values[j].number};
		}
	}
}

void parameter_join(struct parameter_set *to, const struct parameter_set *from)
{
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		const struct parameter_value *v = &from->values[i];

		if (!v->text)
			continue;
		free(to->values[i].text);
		to->values[i] = (struct parameter_value){reader_strdup(v->text), v->number};
	}
}

void parameter_fini(struct parameter_set *set)
{
	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		free(set->values[i].text);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* subject.c - names in certificates as people write them */
#include "keyring/subject.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/heap.h"

/* The character at @from, where "\," is a comma, and "\2C" too (RFC 4514 2.4); goes past it. */
static char next_character(char **from)
{
	unsigned char byte;

	if (**from != '\\' || !(*from)[1])
		return *(*from)++;
	if (!isxdigit((unsigned char)(*from)[1]) || !isxdigit((unsigned char)(*from)[2])) {
		*from += 2;
		return (*from)[-1];
	}
	byte = (unsigned char)(OPENSSL_hexchar2int((unsigned char)(*from)[1]) << 4 |
			       OPENSSL_hexchar2int((unsigned char)(*from)[2]));
	*from += 3;
	return (char)byte;
}

/* A list being cut into its parts. */
struct parts {
	char *rest;    /* NULL: nothing is left */
	bool pluses;   /* "A=b+C=d" are two parts */
	char cut;      /* what ended the last part */
	bool has_zero; /* a part had a zero byte */
};

/* Whether another attribute begins at @text: "C=d" */
static bool begins_attribute(const char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	for (n = 0; isalnum((unsigned char)text[n]) || (text[n] && strchr(".-", text[n])); n++)
		;
	return n > 0 && text[n] == '=';
}

static bool is_cut(const struct parts *p, const char *at)
{
	return !*at || *at == ',' || (p->pluses && *at == '+' && begins_attribute(at + 1));
}

/* Cut "A=b\,c,D=e" at its first comma without a backslash; backslashes are taken out. */
static char *next_part(struct parts *p)
{
	char *part = p->rest, *to = part, *from = part;

	if (!part)
		return NULL;
	while (isspace((unsigned char)*from))
		from++;
	while (!is_cut(p, from)) {
		*to = next_character(&from);
		p->has_zero = p->has_zero || !*to++;
	}
	p->cut = *from;
	p->rest = *from ? from + 1 : NULL;
	*to = '\0';
	return part;
}

/* The name that OpenSSL has for an attribute: short ones are upper case. */
static const char *attribute_name(char *word)
{
	if (strcasecmp(word, "email") == 0)
		return "emailAddress";
	for (char *p = word; strlen(word) <= 2 && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return word;
}

/* @joined: it belongs to the RDN of the attribute before it */
static bool add_attribute(X509_NAME *name, char *part, bool joined, struct err_list *err)
{
	char *equals = strchr(part, '=');
	const unsigned char *value;
	unsigned long e;

	if (!equals || equals == part || !equals[1]) {
		err_add(err, "subject: \"%s\" is not ATTRIBUTE=VALUE, as in CN=db.example", part);
		return false;
	}
	*equals = '\0';
	value = (const unsigned char *)equals + 1;
	/* most specific first in text, last in the encoding: each goes before the others */
	if (X509_NAME_add_entry_by_txt(
		    name, attribute_name(part), MBSTRING_UTF8, value, -1, 0, joined ? 1 : 0))
		return true;
	e = ERR_peek_last_error();
	err_add(err, "subject: %s: %s", part,
		ERR_GET_REASON(e) == X509_R_INVALID_FIELD_NAME ? "is no attribute of names"
							       : ERR_reason_error_string(e));
	ERR_clear_error();
	return false;
}

X509_NAME *subject_parse(const char *text, struct err_list *err)
{
	X509_NAME *name = X509_NAME_new(), *encoded;
	char *copy = heap_copy(text), *part;
	struct parts parts = {.rest = copy, .pluses = true};
	bool good = name != NULL, joined = false;

	while (good && (part = next_part(&parts))) {
		good = !parts.has_zero && add_attribute(name, part, joined, err);
		joined = parts.cut == '+';
	}
	if (parts.has_zero)
		err_add(err, "subject: %s: a zero byte can be no part of a name", text);
	free(copy);
	/* encoded and decoded, as attributes of one RDN have an order of their own then */
	encoded = good ? X509_NAME_dup(name) : NULL;
	X509_NAME_free(name);
	return encoded;
}

static const struct {
	const char *prefix;
	int type;
} kinds[] = {
	{"DNS:", GEN_DNS},
	{"DOMAIN:", GEN_DNS},
	{"IP:", GEN_IPADD},
	{"EMAIL:", GEN_EMAIL},
	{"URI:", GEN_URI},
};

static GENERAL_NAME *altname_parse(const char *part)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncasecmp(part, kinds[i].prefix, len) == 0 && part[len])
			return a2i_GENERAL_NAME(NULL, NULL, NULL, kinds[i].type, part + len, 0);
	}
	return NULL;
}

GENERAL_NAMES *altnames_parse(const char *text, struct err_list *err)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	char *copy = heap_copy(text), *part;
	struct parts parts = {.rest = copy};
	bool good = names != NULL;

	while (good && (part = next_part(&parts))) {
		GENERAL_NAME *g = altname_parse(part);

		good = g && sk_GENERAL_NAME_push(names, g);
		if (!good) {
			err_add(err,
				"altname: \"%s\" is none of DNS:NAME, IP:ADDRESS, EMAIL:ADDRESS, "
				"URI:URI",
				part);
			GENERAL_NAME_free(g);
		}
	}
	ERR_clear_error();
	free(copy);
	if (good)
		return names;
	GENERAL_NAMES_free(names);
	return NULL;
}

char *subject_text(const X509_NAME *name)
{
	/* UTF-8 stays readable; what could forge a line of output is escaped */
	unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	BIO *mem = BIO_new(BIO_s_mem());
	char *data = NULL, *text = NULL;
	long len;

	if (mem && X509_NAME_print_ex(mem, name, 0, flags) >= 0) {
		len = BIO_get_mem_data(mem, &data);
		text = strndup(data ? data : "", (size_t)len);
	}
	BIO_free(mem);
	return text;
}

static void print_foreign(FILE *f, const char *prefix, const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);

	fputs(prefix, f);
	for (int i = 0; i < ASN1_STRING_length(s); i++)
		fputc(isgraph(p[i]) ? p[i] : '?', f);
}

static void print_address(FILE *f, const ASN1_OCTET_STRING *s)
{
	int len = ASN1_STRING_length(s);
	char text[INET6_ADDRSTRLEN];

	if (len != 4 && len != 16)
		return;
	inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text, sizeof(text));
	fprintf(f, "IP:%s", text);
}

static void print_altname(FILE *f, const GENERAL_NAME *g)
{
	switch (g->type) {
	case GEN_DNS: print_foreign(f, "DNS:", g->d.dNSName); break;
	case GEN_EMAIL: print_foreign(f, "EMAIL:", g->d.rfc822Name); break;
	case GEN_URI: print_foreign(f, "URI:", g->d.uniformResourceIdentifier); break;
	case GEN_IPADD: print_address(f, g->d.iPAddress); break;
	default: fputs("OTHER", f);
	}
}

char *altnames_text(const X509 *x, const char *comma)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	for (int i = 0; f && i < sk_GENERAL_NAME_num(names); i++) {
		fputs(i ? comma : "", f);
		print_altname(f, sk_GENERAL_NAME_value(names, i));
	}
	if (f && fclose(f) != 0) {
		free(text);
		text = NULL;
	}
	GENERAL_NAMES_free(names);
	return text;
}

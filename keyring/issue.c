/* SPDX-License-Identifier: GPL-3.0-or-later */
/* issue.c - making keys and certificates (RACDCERT GENCERT) */
#include "keyring/issue.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/heap.h"
#include "keyring/subject.h"

enum { SERIAL_BITS = 159, RSA_LEAST = 1024, RSA_USUAL = 2048, RSA_MOST = 16384 };

static const struct {
	const char *type;
	int size; /* 0: any */
	const char *algorithm;
	const char *group;
} key_kinds[] = {
	{"nistecc", 256, "EC", "P-256"},
	{"nistecc", 384, "EC", "P-384"},
	{"nistecc", 521, "EC", "P-521"},
	{"bpecc", 256, "EC", "brainpoolP256r1"},
	{"bpecc", 320, "EC", "brainpoolP320r1"},
	{"bpecc", 384, "EC", "brainpoolP384r1"},
	{"bpecc", 512, "EC", "brainpoolP512r1"},
	{"ed25519", 0, "ED25519", NULL},
	{"rsa", 0, "RSA", NULL},
};

static EVP_PKEY *generate(const char *algorithm, const char *group, int size)
{
	if (group)
		return EVP_PKEY_Q_keygen(NULL, NULL, algorithm, group);
	if (strcmp(algorithm, "RSA") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, algorithm, (size_t)size);
	return EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
}

EVP_PKEY *issue_key(const char *type, int size, struct err_list *err)
{
	bool is_rsa = strcasecmp(type, "rsa") == 0;
	EVP_PKEY *key = NULL;

	if (size == 0)
		size = is_rsa ? RSA_USUAL : 256;
	for (size_t i = 0; i < sizeof(key_kinds) / sizeof(key_kinds[0]) && !key; i++) {
		if (strcasecmp(type, key_kinds[i].type) != 0)
			continue;
		if (is_rsa && (size < RSA_LEAST || size > RSA_MOST))
			continue;
		if (key_kinds[i].size == 0 || key_kinds[i].size == size)
			key = generate(key_kinds[i].algorithm, key_kinds[i].group, size);
	}
	ERR_clear_error();
	if (!key)
		err_add(err,
			"no key of type %s and size %d: rsa has 1024 to 16384 bits, nistecc 256, "
			"384 or 521, bpecc 256, 320, 384 or 512; the fourth type is ed25519",
			type, size);
	else if (is_rsa && size < RSA_USUAL)
		err_warn(err, "an RSA key of %d bits is weak: the gateway and most peers refuse it",
			size);
	return key;
}

static const char *const usage_words[] = {
	"handshake", "dataencrypt", "docsign", "certsign", "keyagree"};

const char *issue_usage_word(size_t i)
{
	return i < sizeof(usage_words) / sizeof(usage_words[0]) ? usage_words[i] : NULL;
}

static unsigned usage_word(const char *word)
{
	for (size_t i = 0; issue_usage_word(i); i++) {
		if (strcasecmp(word, issue_usage_word(i)) == 0)
			return 1u << i;
	}
	return 0;
}

bool issue_usage_parse(const char *text, unsigned *usage, struct err_list *err)
{
	char *copy = heap_copy(text), *rest = NULL;
	bool good = true;

	*usage = 0;
	for (char *w = strtok_r(copy, ", ", &rest); w; w = strtok_r(NULL, ", ", &rest)) {
		if (!usage_word(w)) {
			err_add(err,
				"keyusage: \"%s\" is none of handshake, dataencrypt, docsign, "
				"certsign, keyagree",
				w);
			good = false;
		}
		*usage |= usage_word(w);
	}
	free(copy);
	if (good && *usage == 0)
		err_add(err, "keyusage: no word in \"%s\"", text);
	return good && *usage;
}

unsigned issue_usage_from(uint32_t bits)
{
	static const struct {
		uint32_t bits;
		enum issue_usage usage;
	} pairs[] = {
		{KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, ISSUE_HANDSHAKE},
		{KU_DATA_ENCIPHERMENT, ISSUE_DATAENCRYPT},
		{KU_NON_REPUDIATION, ISSUE_DOCSIGN},
		{KU_KEY_CERT_SIGN | KU_CRL_SIGN, ISSUE_CERTSIGN},
		{KU_KEY_AGREEMENT, ISSUE_KEYAGREE},
	};
	unsigned usage = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		usage |= bits & pairs[i].bits ? pairs[i].usage : 0;
	return usage;
}

unsigned issue_usage_of(X509 *x)
{
	uint32_t bits = X509_get_key_usage(x);

	return bits == UINT32_MAX ? 0 : issue_usage_from(bits);
}

const char *issue_key_type(const EVP_PKEY *key)
{
	char group[64] = "";

	if (EVP_PKEY_is_a(key, "ED25519"))
		return "ed25519";
	if (!EVP_PKEY_is_a(key, "EC"))
		return "rsa";
	EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	return strncmp(group, "brainpool", strlen("brainpool")) == 0 ? "bpecc" : "nistecc";
}

/* Random and positive: at least 64 unpredictable bits (CA/Browser Forum BR 7.1). */
static bool set_serial(X509 *x)
{
	BIGNUM *number = BN_new();
	bool good = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));

	BN_free(number);
	return good;
}

static bool set_names(X509 *x, const struct issue *i, struct err_list *err)
{
	X509_NAME *subject = i->subject ? subject_parse(i->subject, err) : X509_NAME_dup(i->name);
	bool good = subject && X509_set_subject_name(x, subject) &&
		    X509_set_issuer_name(x, i->signer ? X509_get_subject_name(i->signer) : subject);

	X509_NAME_free(subject);
	return good;
}

static bool add_extension(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	bool good = e && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	return good;
}

static const struct {
	unsigned usage;
	bool rsa_only;
	const char *bits;
} usage_bits[] = {
	{ISSUE_HANDSHAKE, false, ",digitalSignature"},
	{ISSUE_HANDSHAKE, true, ",keyEncipherment"},
	{ISSUE_DATAENCRYPT, false, ",dataEncipherment"},
	{ISSUE_DOCSIGN, false, ",nonRepudiation"},
	{ISSUE_CERTSIGN, false, ",keyCertSign,cRLSign"},
	{ISSUE_KEYAGREE, false, ",keyAgreement"},
};

static bool add_key_usage(X509 *x, X509V3_CTX *ctx, unsigned usage, bool is_rsa)
{
	char text[128] = "critical";

	for (size_t i = 0; i < sizeof(usage_bits) / sizeof(usage_bits[0]); i++) {
		if ((usage & usage_bits[i].usage) && (is_rsa || !usage_bits[i].rsa_only))
			strncat(text, usage_bits[i].bits, sizeof(text) - strlen(text) - 1);
	}
	return add_extension(x, ctx, NID_key_usage, text);
}

static bool add_altnames(X509 *x, const struct issue *i, struct err_list *err)
{
	GENERAL_NAMES *names;
	bool good;

	if (!i->altnames)
		return !i->names || X509_add1_ext_i2d(x, NID_subject_alt_name, i->names, 0, 0);
	names = altnames_parse(i->altnames, err);
	good = names && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	return good;
}

static bool add_extensions(X509 *x, const struct issue *i, EVP_PKEY *key, struct err_list *err)
{
	bool is_ca = i->usage & ISSUE_CERTSIGN;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, i->signer ? i->signer : x, x, NULL, NULL, 0);
	return add_extension(x, &ctx, NID_basic_constraints,
		       is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_key_usage(x, &ctx, i->usage, EVP_PKEY_is_a(key, "RSA")) &&
	       add_extension(x, &ctx, NID_subject_key_identifier, "hash") &&
	       add_extension(x, &ctx, NID_authority_key_identifier, "keyid") &&
	       add_altnames(x, i, err);
}

/* As strong as the key. */
const EVP_MD *issue_digest(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		return NULL;
	if (EVP_PKEY_is_a(key, "EC") && bits > 256)
		return bits > 384 ? EVP_sha512() : EVP_sha384();
	return EVP_sha256();
}

const char *issue_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "the private key does not sign";
}

static bool check_signer(const struct issue *i, struct err_list *err)
{
	if (!i->signer)
		return true;
	if (X509_check_ca(i->signer) == 0) {
		err_add(err, "the signer is not a CA: make it one with --keyusage certsign");
		return false;
	}
	if (!i->signer_key) {
		err_add(err, "the signer's private key is not here, so it cannot sign");
		return false;
	}
	return true;
}

X509 *issue_certificate(const struct issue *i, EVP_PKEY *key, struct err_list *err)
{
	EVP_PKEY *signer = i->signer_key ? i->signer_key : key;
	size_t before = err->count;
	X509 *x = X509_new();

	if (!check_signer(i, err)) {
		X509_free(x);
		return NULL;
	}
	if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x) && set_names(x, i, err) &&
		ASN1_TIME_set(X509_getm_notBefore(x), i->not_before) &&
		ASN1_TIME_set(X509_getm_notAfter(x), i->not_after) && X509_set_pubkey(x, key) &&
		add_extensions(x, i, key, err) && X509_sign(x, signer, issue_digest(signer)))
		return x;
	if (err->count == before)
		err_add(err, "the certificate cannot be made: %s", issue_reason());
	ERR_clear_error();
	X509_free(x);
	return NULL;
}

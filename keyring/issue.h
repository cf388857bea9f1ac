/* SPDX-License-Identifier: GPL-3.0-or-later */
/* issue.h - making keys and certificates (RACDCERT GENCERT) */
#ifndef ATTLS_KEYRING_ISSUE_H
#define ATTLS_KEYRING_ISSUE_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/err.h"

/* RACDCERT KEYUSAGE words. */
enum issue_usage {
	ISSUE_HANDSHAKE = 1 << 0,   /* digitalSignature, with RSA also keyEncipherment */
	ISSUE_DATAENCRYPT = 1 << 1, /* dataEncipherment */
	ISSUE_DOCSIGN = 1 << 2,     /* nonRepudiation */
	ISSUE_CERTSIGN = 1 << 3,    /* keyCertSign and cRLSign; makes it a CA */
	ISSUE_KEYAGREE = 1 << 4,    /* keyAgreement */
};

/* What a certificate shall say. All pointers are borrowed. */
struct issue {
	const char *subject;  /* as subject_parse() reads it; NULL: @name */
	const char *altnames; /* as altnames_parse() reads it; NULL: @names */
	const X509_NAME *name;
	GENERAL_NAMES *names; /* NULL: none */
	time_t not_before;
	time_t not_after;     /* the last second it is valid in */
	unsigned usage;       /* of enum issue_usage */
	X509 *signer;         /* NULL: self-signed */
	EVP_PKEY *signer_key; /* self-signed: where the key itself is a public half only */
};

/**
 * issue_key() - a new key pair
 * @type: "rsa", "nistecc", "bpecc" (RFC 5639) or "ed25519"
 * @size: bits; 0 for the usual: RSA 2048, P-256, brainpoolP256r1
 * Return: owned; NULL with a sentence in @err. A warning for RSA below 2048 bits.
 */
EVP_PKEY *issue_key(const char *type, int size, struct err_list *err);

/** issue_certificate() - a certificate for @key. Return: owned; NULL with a sentence in @err. */
X509 *issue_certificate(const struct issue *i, EVP_PKEY *key, struct err_list *err);

/** issue_digest() - the digest that goes with signatures by @key; NULL: it has its own */
const EVP_MD *issue_digest(const EVP_PKEY *key);

/** issue_reason() - why OpenSSL has not made a certificate or request; static words */
const char *issue_reason(void);

/** issue_usage_from() - of the bits that X509_get_key_usage() returns; 0 if there are none */
unsigned issue_usage_from(uint32_t bits);

/** issue_usage_of() - of a certificate; 0 if it says nothing */
unsigned issue_usage_of(X509 *x);

/** issue_key_type() - the word by which issue_key() makes keys like @key; "rsa" for foreign ones */
const char *issue_key_type(const EVP_PKEY *key);

/** issue_usage_word() - the word for 1 << @i of enum issue_usage; NULL past the last; static */
const char *issue_usage_word(size_t i);

/**
 * issue_usage_parse() - "handshake,certsign" without case
 * Return: false with a sentence in @err.
 */
bool issue_usage_parse(const char *text, unsigned *usage, struct err_list *err);

#endif

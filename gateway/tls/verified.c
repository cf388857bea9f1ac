/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verified.c - certificate chains that a context has verified a short while ago */
#include "gateway/tls/verified.h"

#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <string.h>

static bool hash_certificate(EVP_MD_CTX *hash, X509 *x)
{
	uint8_t *der = NULL;
	int len = i2d_X509(x, &der);
	bool done = len > 0 && EVP_DigestUpdate(hash, &len, sizeof(len)) == 1 &&
		    EVP_DigestUpdate(hash, der, (size_t)len) == 1;

	OPENSSL_free(der);
	return done;
}

/* The peer's certificate, then all it sent, in its order. */
static bool chain_print(X509_STORE_CTX *store, uint8_t print[VERIFIED_PRINT])
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool done = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
		    hash_certificate(hash, X509_STORE_CTX_get0_cert(store));

	for (int i = 0; done && i < sk_X509_num(sent); i++)
		done = hash_certificate(hash, sk_X509_value(sent, i));
	done = done && EVP_DigestFinal_ex(hash, print, NULL) == 1;
	EVP_MD_CTX_free(hash);
	return done;
}

static bool is_known(const struct verified *v, const uint8_t print[VERIFIED_PRINT], time_t now)
{
	for (size_t i = 0; i < VERIFIED_CHAINS; i++) {
		const struct verified_entry *e = &v->entries[i];

		if (e->since <= now && now < e->until &&
			memcmp(e->print, print, VERIFIED_PRINT) == 0)
			return true;
	}
	return false;
}

/* When the first certificate of the path expires, VERIFIED_SECONDS from @now at the latest. */
static time_t path_end(X509_STORE_CTX *store, time_t now)
{
	STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(store);
	time_t end = now + VERIFIED_SECONDS;

	for (int i = 0; i < sk_X509_num(path); i++) {
		const ASN1_TIME *expiry = X509_get0_notAfter(sk_X509_value(path, i));
		struct tm tm;
		time_t t;

		if (ASN1_TIME_to_tm(expiry, &tm) != 1)
			return now;
		t = timegm(&tm);
		if (t < end)
			end = t;
	}
	return end;
}

static void remember(
	struct verified *v, const uint8_t print[VERIFIED_PRINT], X509_STORE_CTX *store, time_t now)
{
	struct verified_entry *e = &v->entries[v->next++ % VERIFIED_CHAINS];

	memcpy(e->print, print, VERIFIED_PRINT);
	e->since = now;
	e->until = path_end(store, now);
}

bool verified_chain(struct verified *v, X509_STORE_CTX *store, time_t now)
{
	uint8_t print[VERIFIED_PRINT];
	bool printed = chain_print(store, print);

	if (printed && is_known(v, print, now))
		return true;
	if (X509_verify_cert(store) <= 0)
		return false;
	if (printed)
		remember(v, print, store, now);
	return true;
}

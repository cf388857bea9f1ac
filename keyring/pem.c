/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pem.c - bytes of files to certificates and keys, and back */
#include "keyring/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "keyring/heap.h"
#include "keyring/passphrase.h"

/* Whether the reading of blocks ended because there are no more. */
static bool is_end(void)
{
	unsigned long e = ERR_peek_last_error();

	ERR_clear_error();
	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static bool is_certificate(const char *name)
{
	return strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0;
}

unsigned char *pem_only_certificate(const char *text, size_t len, int *count, size_t *der_len)
{
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	unsigned char *data, *der = NULL;
	char *name, *header;
	long n;

	*count = 0;
	while (mem && PEM_read_bio(mem, &name, &header, &data, &n)) {
		if (is_certificate(name) && ++*count == 1) {
			der = data;
			*der_len = (size_t)n;
			data = NULL;
		}
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
	}
	if (!is_end())
		*count = -1;
	BIO_free(mem);
	if (*count == 1)
		return der;
	OPENSSL_free(der);
	return NULL;
}

STACK_OF(X509) * pem_certificates(const char *text, size_t len)
{
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	STACK_OF(X509) *all = sk_X509_new_null();
	X509 *x;
	bool end;

	while (mem && all && (x = PEM_read_bio_X509(mem, NULL, NULL, NULL)))
		sk_X509_push(all, x);
	end = is_end();
	BIO_free(mem);
	if (end)
		return all;
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

/* OpenSSL's default would ask on the terminal. */
static int give_password(char *buf, int size, int unused, void *password)
{
	size_t len = password ? strlen(password) : 0;

	(void)unused;
	if (!password || len > (size_t)size)
		return -1;
	memcpy(buf, password, len); /* counted, not terminated: NOLINT */
	return (int)len;
}

EVP_PKEY *pem_key(const char *text, size_t len, const char *password)
{
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY *key = NULL;

	if (mem)
		key = PEM_read_bio_PrivateKey(mem, NULL, give_password, (void *)password);
	ERR_clear_error();
	BIO_free(mem);
	return key;
}

EVP_PKEY *pem_key_of(const char *text, size_t len, X509 *x)
{
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY *key = NULL;

	while (mem &&
		(key = PEM_read_bio_PrivateKey(
			 mem, NULL, give_password, (void *)passphrase_get(PASSPHRASE_KEYS))) &&
		X509_check_private_key(x, key) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	BIO_free(mem);
	return key;
}

EVP_PKEY *pem_key_like(const char *text, size_t len, const uint8_t print[KEY_PRINT])
{
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	uint8_t found[KEY_PRINT];
	EVP_PKEY *key = NULL;

	while (mem &&
		(key = PEM_read_bio_PrivateKey(
			 mem, NULL, give_password, (void *)passphrase_get(PASSPHRASE_KEYS))) &&
		!(remote_print(key, found) && memcmp(found, print, sizeof(found)) == 0)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	BIO_free(mem);
	return key;
}

bool pem_has_key(const char *text)
{
	return strstr(text, "PRIVATE KEY-----") != NULL;
}

bool pem_is_encrypted(const char *text)
{
	return strstr(text, "BEGIN ENCRYPTED PRIVATE KEY-----") ||
	       strstr(text, "Proc-Type: 4,ENCRYPTED");
}

static char *take_text(BIO *mem, bool good, size_t *len)
{
	char *data, *text = NULL;
	long n = good ? BIO_get_mem_data(mem, &data) : 0;

	if (n > 0) {
		text = heap_zero((size_t)n + 1);
		memcpy(text, data, (size_t)n);
		*len = (size_t)n;
	}
	BIO_free(mem);
	ERR_clear_error();
	return text;
}

char *pem_from_certificate(X509 *x509, size_t *len)
{
	BIO *mem = BIO_new(BIO_s_mem());

	return take_text(mem, mem && PEM_write_bio_X509(mem, x509), len);
}

char *pem_from_key(EVP_PKEY *key, size_t *len)
{
	BIO *mem = BIO_new(BIO_s_secmem());
	const char *word = passphrase_get(PASSPHRASE_KEYS);
	const EVP_CIPHER *cipher = word ? EVP_aes_256_cbc() : NULL;
	int size = word ? (int)strlen(word) : 0;

	return take_text(mem,
		mem && key &&
			PEM_write_bio_PKCS8PrivateKey(mem, key, cipher, word, size, NULL, NULL),
		len);
}

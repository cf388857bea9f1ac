/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pem.h - bytes of files to certificates and keys, and back */
#ifndef ATTLS_KEYRING_PEM_H
#define ATTLS_KEYRING_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "keyring/remote.h"

/**
 * pem_only_certificate() - the DER bytes of the one certificate in @text
 * @count: set to the number of certificates in it, -1 if a block is broken
 * Return: owned, with OPENSSL_free(), if @count is 1; else NULL.
 */
unsigned char *pem_only_certificate(const char *text, size_t len, int *count, size_t *der_len);

/**
 * pem_certificates() - all PEM certificates in @text, in file order
 * Return: owned stack, perhaps empty; NULL if a certificate block does not parse.
 */
STACK_OF(X509) * pem_certificates(const char *text, size_t len);

/**
 * pem_key() - the first PEM private key in @text
 * @password: of an encrypted one, or NULL; never asked for on a terminal
 * Return: owned; NULL if there is none or it does not parse.
 */
EVP_PKEY *pem_key(const char *text, size_t len, const char *password);

/**
 * pem_key_of() - the PEM private key in @text that belongs to @x
 * An encrypted one takes this process's passphrase (passphrase.h).
 * Return: owned, or NULL.
 */
EVP_PKEY *pem_key_of(const char *text, size_t len, X509 *x);

/** pem_key_like() - the same, of the one whose fingerprint is @print */
EVP_PKEY *pem_key_like(const char *text, size_t len, const uint8_t print[KEY_PRINT]);

/** pem_has_key() - whether @text claims to hold a private key */
bool pem_has_key(const char *text);

/** pem_is_encrypted() - whether a private key in @text takes a passphrase */
bool pem_is_encrypted(const char *text);

/**
 * pem_from_certificate(), pem_from_key() - PEM text, owned, file_free()d; NULL on failure
 * A key is encrypted if this process has a passphrase (passphrase.h).
 */
char *pem_from_certificate(X509 *x509, size_t *len);
char *pem_from_key(EVP_PKEY *key, size_t *len);

#endif

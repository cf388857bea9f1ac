/* SPDX-License-Identifier: GPL-3.0-or-later */
/* library.h - OpenSSL library contexts in which handshakes are cheap, one for each thread */
#ifndef ATTLS_TLS_LIBRARY_H
#define ATTLS_TLS_LIBRARY_H

#include <openssl/types.h>

/**
 * library_get() - the library context for the SSL_CTX objects that this thread makes
 *
 * It has the algorithms of OpenSSL's default provider and shares no lock with other threads. Of
 * kinds of keys and modes of ciphers it has only those of TLS, of decoders only those that read
 * the public keys of certificates: OpenSSL goes through all there are for each certificate that a
 * peer sends. Secrets are derived as kdf.h says, in the thread that has called this. Where the
 * system's configuration of OpenSSL activates other providers (FIPS, hardware), those are to be
 * used, so it is the default library context.
 *
 * Return: stays valid for the life of the process; NULL, the default, in the case above or without
 * memory.
 */
OSSL_LIB_CTX *library_get(void);

#endif

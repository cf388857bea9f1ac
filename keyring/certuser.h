/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certuser.h - which user a certificate stands for (RACF initACEE, AT-TLS SAFCheck) */
#ifndef ATTLS_KEYRING_CERTUSER_H
#define ATTLS_KEYRING_CERTUSER_H

#include "keyring/keyring.h"
#include "keyring/name.h"

/**
 * certuser_find() - the user for whom @leaf, which has been verified, stands
 *
 * In this order: the store has the certificate, then its owner, or nobody if it is NOTRUST or of
 * CERTAUTH or SITE; a name filter (usermap_filter()); a hostIdMappings extension, if a HIGHTRUST
 * certificate of CERTAUTH has signed @leaf and the host is one of those accepted.
 * @applid: what &APPLID means in criteria
 * @user: receives the name
 * Return: false if it stands for nobody; @user is "" then.
 */
bool certuser_find(
	const struct keystore *k, const X509 *leaf, const char *applid, char user[NAME_SIZE]);

#endif

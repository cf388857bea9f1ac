/* SPDX-License-Identifier: GPL-3.0-or-later */
/* suite.h - cipher suites and key exchange groups that this OpenSSL has, by their IANA names */
#ifndef ATTLS_RULES_SUITE_H
#define ATTLS_RULES_SUITE_H

#include <stdbool.h>

/* One cipher suite. All strings are static. */
struct suite {
	const char *name;    /* IANA: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
	const char *openssl; /* what OpenSSL calls it: ECDHE-RSA-AES128-GCM-SHA256 */
	bool tls13;
	const char *refusal; /* why attls does not use it, NULL for a good one */
};

/** suite_find() - by IANA name, without case; NULL if this OpenSSL has no such suite */
const struct suite *suite_find(const char *name);

/** suite_find_openssl() - by OpenSSL's name */
const struct suite *suite_find_openssl(const char *name);

/** suite_nearest() - the nearest IANA name, or NULL */
const char *suite_nearest(const char *name);

/** group_find() - the IANA spelling of a group, also for P-256, P-384, P-521; or NULL */
const char *group_find(const char *name);

/** group_words() - all IANA names of groups, NULL-terminated */
const char *const *group_words(void);

#endif

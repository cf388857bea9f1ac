/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usermap.h - which user a certificate's names stand for: name filters and what they refer to
 *
 *   maps/LABEL.map   certificate name filters (keyring/mapfile.h; RACF class DIGTNMAP)
 *   identity.ini     [criteria TEXT] user = USER: whom a filter's criteria mean (DIGTCRIT)
 *                    [hosts] accept = NAME, ...: whose hostIdMappings count (IRR.HOST.NAME)
 */
#ifndef ATTLS_KEYRING_USERMAP_H
#define ATTLS_KEYRING_USERMAP_H

#include <openssl/x509.h>

#include "keyring/mapfile.h"

struct usermap {
	struct map_filters filters;
	const struct map_filter **sorted; /* those in force, by subject and issuer */
	size_t sorted_count;
	struct criterion {
		char *text;
		char *user;
	} * criteria;
	size_t criterion_count;
	char **hosts;
	size_t host_count;
	char *sysid; /* &SYSID: the name of this host */
};

/** usermap_read() - from keyring directory @dir; @err has every problem */
void usermap_read(struct usermap *m, const char *dir, struct err_list *err);
void usermap_fini(struct usermap *m);

/**
 * usermap_filter() - the user whom a filter gives a certificate with these names
 *
 * Six steps, the first filter that fits decides: whole subject and whole issuer; end of the subject
 * and whole issuer; whole subject; end of the subject; whole issuer; end of the issuer. Ends are
 * taken in order of length, whole RDNs at a time. A filter whose criteria mean nobody is passed
 * over.
 * @applid: what &APPLID stands for; NULL: nothing
 * Return: NULL if there is none. Lives as long as @m.
 */
const char *usermap_filter(const struct usermap *m, const X509_NAME *subject,
	const X509_NAME *issuer, const char *applid);

/** usermap_accepts_host() - whether hostIdMappings for host @name count, compared without case */
bool usermap_accepts_host(const struct usermap *m, const char *name);

#endif

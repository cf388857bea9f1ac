/* SPDX-License-Identifier: GPL-3.0-or-later */
/* profile.h - how strong and with whom: the TLS wishes of a rule's action as a plain struct */
#ifndef ATTLS_TLS_PROFILE_H
#define ATTLS_TLS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/packet/addr.h"

/*
 * What a profile has that names none: OpenSSL names joined by ':'. Forward secret AEAD suites only;
 * AES-128 first, as it is the faster one.
 */
#define PROFILE_CIPHERS12                                                                          \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define PROFILE_CIPHERS13                                                                          \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define PROFILE_GROUPS "x25519:secp256r1:secp384r1"

/* AT-TLS HandshakeRole */
enum tls_role { TLS_ROLE_CLIENT, TLS_ROLE_SERVER };

/*
 * AT-TLS ClientAuthType: what a server wants of its client's certificate. In the order of the
 * parameter's words; each from FULL on includes those before it.
 */
enum client_auth {
	CLIENT_AUTH_NONE,     /* it is not asked for */
	CLIENT_AUTH_PASSTHRU, /* asked for, and neither needed nor looked at */
	CLIENT_AUTH_FULL,     /* one that is sent must be trusted */
	CLIENT_AUTH_REQUIRED, /* there must be one */
	CLIENT_AUTH_SAFCHECK, /* it must stand for a user of the keyring */
};

/* One name that the peer may prove to be (RFC 6125 "reference identity"). */
enum reference_kind {
	REFERENCE_DNS,       /* @name, matched by RFC 6125 6.4 */
	REFERENCE_CN,        /* @name, the common name of the subject, whole and without case */
	REFERENCE_ADDR,      /* @addr, an iPAddress subjectAltName */
	REFERENCE_REMOTE_IP, /* the connection's remote address */
	REFERENCE_ANY,       /* the chain alone */
};

struct reference_id {
	enum reference_kind kind;
	char *name;       /* REFERENCE_DNS, REFERENCE_CN: owned */
	struct addr addr; /* REFERENCE_ADDR */
};

enum { PROFILE_MIN_KEY = 2048 };

/* What few say, and what its number means. Zero is what applies to all others. */
enum wish_kind {
	WISH_SIGNATURES,              /* text: names of TLS 1.3 with commas */
	WISH_CERT_SIGNATURES,         /* likewise, those that the peer's chain may have */
	WISH_PEER_MIN_RSA,            /* bits of the shortest key of the peer's chain */
	WISH_PEER_MIN_DSA,            /* likewise */
	WISH_PEER_MIN_ECC,            /* likewise */
	WISH_PEER_MIN_CERT_VERSION,   /* 1: X.509 version 3 */
	WISH_CERT_VALIDATION,         /* 3: all of RFC 5280 */
	WISH_PEER_MIN_DH,             /* bits of the key that a server makes up (TLS 1.2) */
	WISH_DH_GROUP_SIZE,           /* 1: 2048 bits; else as strong as the server's key */
	WISH_MIDDLEBOX_COMPAT,        /* enum wish_switch */
	WISH_EXTENDED_MASTER_SECRET,  /* enum wish_master_secret */
	WISH_REFERENCE_WILDCARDS,     /* enum wish_switch */
	WISH_MAX_FRAGMENT,            /* enum wish_extension */
	WISH_MAX_FRAGMENT_LENGTH,     /* 0: 512 bytes, 1: 1024, 2: 2048, 3: 4096 */
	WISH_SNI_MATCH,               /* 1: the server must have known the name */
	WISH_SERVER_SNI,              /* enum wish_extension */
	WISH_CLIENT_TICKETS,          /* enum wish_switch */
	WISH_CLIENT_TICKET_SIZE,      /* bytes of the largest that is kept */
	WISH_CLIENT_TICKET_CACHE,     /* so many are kept */
	WISH_SERVER_TICKETS,          /* enum wish_switch */
	WISH_SERVER_TICKET_COUNT,     /* after a handshake */
	WISH_SERVER_TICKET_TIMEOUT,   /* milliseconds */
	WISH_SERVER_TICKET_ALGORITHM, /* 0: AES-128-CBC, 1: AES-256-CBC */
	WISHES
};

/* In the order of the parameters' words. */
enum wish_switch { WISH_ON, WISH_OFF };
enum wish_master_secret { MASTER_SECRET_ON, MASTER_SECRET_OFF, MASTER_SECRET_REQUIRED };
enum wish_extension { EXTENSION_OFF, EXTENSION_OPTIONAL, EXTENSION_REQUIRED };

struct wish {
	const char *text; /* as written; NULL: nothing was said. Borrowed from the action */
	int64_t number;
};

/* Owned by the action that holds it; immutable once compiled. */
struct profile {
	enum tls_role role;
	int min_version; /* TLS1_2_VERSION or TLS1_3_VERSION of <openssl/tls1.h> */
	int max_version;
	unsigned min_key; /* bits of the shortest RSA key; 0: PROFILE_MIN_KEY */
	char *ciphers12;  /* OpenSSL names joined by ':', for TLS 1.2; NULL: the default */
	char *ciphers13;  /* TLS 1.3 names joined by ':'; NULL: the default */
	char *groups;     /* IANA/OpenSSL names joined by ':'; NULL: the default */
	struct reference_id *references; /* client role; never empty after compilation */
	size_t reference_count;
	char *sni;                    /* server_name to send; NULL: none */
	enum client_auth client_auth; /* server role */
	char **permit;     /* whom that leaves: user names, "*" in them is a wildcard; NULL-ended */
	char *application; /* what &APPLID means in criteria of certificate filters */
	unsigned session_timeout; /* seconds a session may be resumed; 0: never */
	struct wish wishes[WISHES];
};

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parameter_table.c - every parameter of AT-TLS's actions that has no reader of its own */
#include "rules/parameter.h"

#include <stddef.h>

#define SIGNATURES                                                                                 \
	"rsa_pkcs1_sha1|rsa_pkcs1_sha224|rsa_pkcs1_sha256|rsa_pkcs1_sha384|rsa_pkcs1_sha512|"      \
	"dsa_sha1|dsa_sha224|dsa_sha256|ecdsa_sha1|ecdsa_sha224|ecdsa_secp256r1_sha256|"           \
	"ecdsa_secp384r1_sha384|ecdsa_secp521r1_sha512|rsa_pss_rsae_sha256|rsa_pss_rsae_sha384|"   \
	"rsa_pss_rsae_sha512|ed25519|ed448"
#define GROUPS "x25519|x448|secp256r1|secp384r1|secp521r1"

#define SIGNATURES_BUILT                                                                           \
	"rsa_pkcs1_sha224|rsa_pkcs1_sha256|rsa_pkcs1_sha384|rsa_pkcs1_sha512|ecdsa_sha224|"        \
	"ecdsa_secp256r1_sha256|ecdsa_secp384r1_sha384|ecdsa_secp521r1_sha512|"                    \
	"rsa_pss_rsae_sha256|rsa_pss_rsae_sha384|rsa_pss_rsae_sha512|ed25519|ed448"

/* Where a parameter stands, and for which role. */
#define OF_ACTION PARAMETER_OF_ACTION, PARAMETER_FOR_BOTH
#define OF_LEVEL  PARAMETER_OF_LEVEL, PARAMETER_FOR_BOTH
#define OF_CLIENT PARAMETER_OF_ACTION, PARAMETER_FOR_CLIENT
#define OF_SERVER PARAMETER_OF_ACTION, PARAMETER_FOR_SERVER

/* A row of each kind. */
#define WORD(place, key, at_tls, words, built)                                                     \
	{                                                                                          \
		OF_##place, key, at_tls, PARAMETER_WORD, 0, 0, words, built                        \
	}
#define WORDS(place, key, at_tls, words, built)                                                    \
	{                                                                                          \
		OF_##place, key, at_tls, PARAMETER_WORDS, 0, 0, words, built                       \
	}
#define VALUE(place, kind, key, at_tls, min, max, built)                                           \
	{                                                                                          \
		OF_##place, key, at_tls, PARAMETER_##kind, min, max, NULL, built                   \
	}

const struct parameter parameters[] = {
	VALUE(ACTION, NUMBER, "trace", "Trace", 0, 255, NULL),
	WORD(ACTION, "trace_cleartext", "CtraceClearText", "on|off", "off"),
	WORD(ACTION, "syslog_facility", "SyslogFacility", "daemon|auth", "daemon"),
	VALUE(ACTION, TEXT, "environment_file", "Envfile", 1, 1023, NULL),
	WORD(ACTION, "fips", "FIPS140", "off|on|level1|level2|level3", "off"),
	VALUE(ACTION, NUMBER, "instance",
		"GroupUserInstance, EnvironmentUserInstance, ConnectionUserInstance", 0, 65535,
		"*"),
	WORD(ACTION, "secondary_map", "SecondaryMap", "on|off", "off"),
	WORD(ACTION, "application_controlled", "ApplicationControlled", "on|off", "off"),
	VALUE(ACTION, TIME, "reset_cipher_timer", "ResetCipherTimer", 0, 86400, "0s|0m|0h|0ms"),
	WORD(SERVER, "client_auth", "ClientAuthType; HandshakeRole ServerWithClientAuth",
		"none|passthru|full|required|safcheck", "none|passthru|full|required|safcheck"),
	VALUE(ACTION, TEXT, "ring_password", "KeyringPw", 1, 128, NULL),
	VALUE(ACTION, TEXT, "ring_stash_file", "KeyringStashFile", 1, 1023, NULL),
	WORD(ACTION, "truncated_hmac", "TruncatedHMAC", "off|optional|required", "off"),
	WORD(ACTION, "max_fragment", "ClientMaxSSLFragment, ServerMaxSSLFragment",
		"off|optional|required", "off|optional|required"),
	WORD(CLIENT, "max_fragment_length", "ClientMaxSSLFragmentLength", "512|1024|2048|4096",
		"512|1024|2048|4096"),
	WORD(ACTION, "sni_match", "ClientHandshakeSNIMatch, ServerHandshakeSNIMatch",
		"optional|required", "optional|required"),
	WORD(SERVER, "server_sni", "ServerHandshakeSNI", "off|optional|required",
		"off|optional|required"),
	VALUE(SERVER, TEXT, "server_sni_labels", "ServerHandshakeSNIList", 1, 4096, NULL),
	WORD(ACTION, "cert_validation", "CertValidationMode", "any|rfc2459|rfc3280|rfc5280",
		"any|rfc5280"),
	VALUE(CLIENT, TEXT, "reference_id_cn", "HostReferenceIdCN", 1, 253, "*"),
	WORD(CLIENT, "reference_wildcards", "HostRefWildcardValidation", "on|off", "on|off"),
	WORD(LEVEL, "suite_b", "SuiteBProfile", "off|128|128min|192|192min|all", "off"),
	WORDS(LEVEL, "key_shares", "ClientKeyShareGroups", GROUPS, "*"),
	WORDS(LEVEL, "signatures", "SignaturePairs", SIGNATURES, SIGNATURES_BUILT),
	WORDS(LEVEL, "cert_signatures", "SignaturePairsCert", SIGNATURES, SIGNATURES_BUILT),
	WORD(LEVEL, "middlebox_compat", "MiddleBoxCompatMode", "on|off", "on|off"),
	WORD(LEVEL, "renegotiation", "Renegotiation", "default|disabled|all|abbreviated",
		"disabled"),
	WORD(LEVEL, "renegotiation_indicator", "RenegotiationIndicator",
		"optional|client|server|both", NULL),
	WORD(LEVEL, "renegotiation_cert_check", "RenegotiationCertCheck", "on|off", "on|off"),
	WORD(LEVEL, "3des_key_check", "3DesKeyCheck", "on|off", "on|off"),
	WORD(LEVEL, "dh_group_size", "ClientEDHGroupSize, ServerEDHGroupSize", "legacy|2048|match",
		"2048|match"),
	WORD(LEVEL, "peer_min_cert_version", "PeerMinCertVersion", "any|3", "any|3"),
	VALUE(LEVEL, NUMBER, "peer_min_rsa_key", "PeerMinRsaKeySize", 1024, 16384, "*"),
	VALUE(LEVEL, NUMBER, "peer_min_dsa_key", "PeerMinDsaKeySize", 1024, 16384, "*"),
	VALUE(LEVEL, NUMBER, "peer_min_dh_key", "PeerMinDHKeySize", 1024, 8192, "*"),
	VALUE(LEVEL, NUMBER, "peer_min_ecc_key", "PeerMinECCKeySize", 224, 521, "*"),
	WORD(LEVEL, "fallback_scsv", "ServerScsv", "on|off", "on"),
	WORD(LEVEL, "extended_master_secret",
		"ClientExtendedMasterSecret, ServerExtendedMasterSecret", "on|off|required",
		"on|off|required"),
	WORD(ACTION, "session_cache_shared", "GSK_SYSPLEX_SIDCACHE", "on|off", "off"),
	VALUE(ACTION, NUMBER, "session_cache_size", "GSK_V3_SIDCACHE_SIZE", 0, 16777216, "0"),
	WORD(CLIENT, "client_tickets", "GSK_SESSION_TICKET_CLIENT_ENABLE", "on|off", "on|off"),
	VALUE(CLIENT, BYTES, "client_ticket_size", "GSK_SESSION_TICKET_CLIENT_MAXSIZE", 1, 1048576,
		"*"),
	VALUE(CLIENT, NUMBER, "client_ticket_cache", "GSK_SESSION_TICKET_CLIENT_MAXCACHED", 0, 4096,
		"*"),
	WORD(SERVER, "server_tickets", "GSK_SESSION_TICKET_SERVER_ENABLE", "on|off", "on|off"),
	WORD(SERVER, "server_ticket_algorithm", "GSK_SESSION_TICKET_SERVER_ALGORITHM",
		"aescbc128|aescbc256", "aescbc128|aescbc256"),
	VALUE(SERVER, NUMBER, "server_ticket_count", "GSK_SESSION_TICKET_SERVER_COUNT", 0, 16, "*"),
	VALUE(SERVER, TIME, "server_ticket_key_refresh", "GSK_SESSION_TICKET_SERVER_KEY_REFRESH", 0,
		86400, "1h|60m|3600s"),
	VALUE(SERVER, TIME, "server_ticket_timeout", "GSK_SESSION_TICKET_SERVER_TIMEOUT", 0, 604800,
		"*"),
	WORD(SERVER, "server_tickets_shared", "GSK_SYSPLEX_SESSION_TICKET_CACHE", "on|off", "off"),
	WORD(ACTION, "revocation_aia_first", "AIACDPPriority", "on|off", NULL),
	VALUE(ACTION, NUMBER, "revocation_locations_each", "MaxSrcRevExtLocValues", 0, 256, NULL),
	VALUE(ACTION, NUMBER, "revocation_locations", "MaxValidRevExtLocValues", 0, 1024, NULL),
	WORD(ACTION, "revocation_level", "RevocationSecurityLevel, GSK_CRL_SECURITY_LEVEL",
		"low|medium|high", NULL),
	WORDS(ACTION, "crl_signatures", "CrlSigAlgPairs", SIGNATURES, NULL),
	VALUE(ACTION, TEXT, "crl_ldap_server", "GSK_LDAP_SERVER, GSK_LDAP_SERVER_PORT", 1, 1023,
		NULL),
	VALUE(ACTION, TEXT, "crl_ldap_user", "GSK_LDAP_USER", 1, 1023, NULL),
	VALUE(ACTION, TEXT, "crl_ldap_password", "GSK_LDAP_USER_PW", 1, 128, NULL),
	VALUE(ACTION, TIME, "crl_ldap_timeout", "LDAPResponseTimeout", 0, 3600, NULL),
	VALUE(ACTION, TIME, "crl_cache_timeout", "GSK_CRL_CACHE_TIMEOUT", 0, 2592000, NULL),
	VALUE(ACTION, NUMBER, "crl_cache",
		"CRLCacheExtended, CRLCacheSize, CRLCacheEntryMaxsize, CRLCacheTempCRL, "
		"CRLCacheTempCRLTimeout",
		0, 32000, NULL),
	WORD(ACTION, "crl_http", "HttpCdpEnable", "on|off", "off"),
	VALUE(ACTION, TEXT, "crl_http_proxy", "HttpCdpProxyServerName, HttpCdpProxyServerPort", 1,
		1023, NULL),
	VALUE(ACTION, TIME, "crl_http_timeout", "HttpCdpResponseTimeout", 0, 3600, NULL),
	VALUE(ACTION, BYTES, "crl_http_size", "HttpCdpMaxResponseSize", 0, 1073741824, NULL),
	VALUE(ACTION, NUMBER, "crl_http_cache", "HttpCdpCacheSize, HttpCdpCacheEntryMaxsize", 0,
		32000, NULL),
	VALUE(ACTION, TEXT, "ocsp_url", "OcspUrl", 8, 2083, NULL),
	WORD(ACTION, "ocsp_aia", "OcspAiaEnable", "on|off", "off"),
	WORD(ACTION, "ocsp_url_first", "OcspUrlPriority", "on|off", NULL),
	VALUE(ACTION, TEXT, "ocsp_proxy", "OcspProxyServerName, OcspProxyServerPort", 1, 1023,
		NULL),
	WORD(ACTION, "ocsp_method", "OcspRetrieveViaGet", "post|get", NULL),
	VALUE(ACTION, TEXT, "ocsp_sign_label", "OcspRequestSigkeylabel", 1, 127, NULL),
	WORDS(ACTION, "ocsp_signatures", "OcspRequestSigalg, OcspResponseSigAlgPairs", SIGNATURES,
		NULL),
	WORD(ACTION, "ocsp_stapling", "OcspServerStapling", "off|any|end-entity", "off"),
	VALUE(ACTION, NUMBER, "ocsp_cache", "OcspClientCacheSize, OcspCliCacheEntryMaxsize", 0,
		32000, NULL),
	WORD(ACTION, "ocsp_nonce", "OcspNonceGenEnable, OcspNonceCheckEnable, OcspNonceSize",
		"off|send|check", NULL),
	VALUE(ACTION, TIME, "ocsp_timeout", "OcspResponseTimeout", 0, 3600, NULL),
	VALUE(ACTION, BYTES, "ocsp_size", "OcspMaxResponseSize", 0, 1073741824, NULL),
};

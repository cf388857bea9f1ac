/* SPDX-License-Identifier: GPL-3.0-or-later */
/* result.c - the one translator of OpenSSL results into states and sentences */
#include "gateway/tls/result.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

struct phrase {
	int code;
	const char *text;
};

/* TLS alerts by number (RFC 8446 6.2 and IANA), with what usually lies behind the vague ones. */
static const struct phrase alerts[] = {
	{0, "close notify"},
	{10, "unexpected message"},
	{20, "bad record mac"},
	{21, "decryption failed"},
	{22, "record overflow"},
	{30, "decompression failure"},
	{40, "handshake failure (nothing in common: suite, group or signature algorithm; or the "
	     "peer wants a certificate)"},
	{41, "no certificate"},
	{42, "bad certificate"},
	{43, "unsupported certificate"},
	{44, "certificate revoked"},
	{45, "certificate expired"},
	{46, "certificate unknown"},
	{47, "illegal parameter"},
	{48, "unknown ca"},
	{49, "access denied"},
	{50, "decode error"},
	{51, "decrypt error"},
	{60, "export restriction"},
	{70, "protocol version (no common TLS version)"},
	{71, "insufficient security"},
	{80, "internal error"},
	{86, "inappropriate fallback"},
	{90, "user canceled"},
	{100, "no renegotiation"},
	{109, "missing extension"},
	{110, "unsupported extension"},
	{112, "unrecognized name (the peer does not know the server name we sent)"},
	{113, "bad certificate status response"},
	{115, "unknown psk identity"},
	{116, "certificate required"},
	{120, "no application protocol"},
};

/* Our own sentences for OpenSSL's reasons; what is not here keeps OpenSSL's words. */
static const struct phrase reasons[] = {
	{SSL_R_UNSUPPORTED_PROTOCOL, "no common TLS version"},
	{SSL_R_UNKNOWN_PROTOCOL, "no common TLS version"},
	{SSL_R_WRONG_SSL_VERSION, "no common TLS version"},
	{SSL_R_VERSION_TOO_LOW, "no common TLS version"},
	{SSL_R_VERSION_TOO_HIGH, "no common TLS version"},
	{SSL_R_NO_PROTOCOLS_AVAILABLE, "no common TLS version"},
	{SSL_R_WRONG_VERSION_NUMBER, "a record with a wrong TLS version number"},
	{SSL_R_NO_SHARED_CIPHER, "no shared cipher"},
	{SSL_R_NO_CIPHERS_AVAILABLE, "no cipher is usable with these versions"},
	{SSL_R_WRONG_CIPHER_RETURNED, "the peer chose a cipher that we did not offer"},
	{SSL_R_NO_SUITABLE_KEY_SHARE, "no shared group"},
	{SSL_R_NO_SUITABLE_GROUPS, "no shared group"},
	{SSL_R_NO_SHARED_GROUPS, "no shared group"},
	{SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, "no shared signature algorithm"},
	{SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, "no shared signature algorithm"},
	{SSL_R_NO_CERTIFICATE_SET, "no certificate to present"},
	{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
		"the client sent no certificate, and client_auth wants one"},
	{SSL_R_CERTIFICATE_VERIFY_FAILED, "certificate verify failed"},
	{SSL_R_DH_KEY_TOO_SMALL, "the peer's Diffie-Hellman key is too small"},
	{SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "a record failed its integrity check"},
	{SSL_R_DIGEST_CHECK_FAILED, "the handshake failed its integrity check"},
	{SSL_R_UNEXPECTED_MESSAGE, "the peer sent a message out of order"},
	{SSL_R_UNEXPECTED_RECORD, "the peer sent a record out of order"},
	{SSL_R_APP_DATA_IN_HANDSHAKE, "the peer sent data before the handshake was finished"},
	{SSL_R_PACKET_LENGTH_TOO_LONG, "a record longer than TLS allows"},
};

/* How other protocols begin, as seen by somebody who expects TLS. */
static const struct {
	const char *begin;
	const char *name;
} protocols[] = {
	{"HTTP/", "look like HTTP"},
	{"GET ", "look like HTTP"},
	{"POST ", "look like HTTP"},
	{"HEAD ", "look like HTTP"},
	{"PUT ", "look like HTTP"},
	{"OPTIONS", "look like HTTP"},
	{"CONNECT", "look like HTTP"},
	{"<html", "look like HTTP"},
	{"PRI * H", "look like HTTP/2"},
	{"SSH-", "look like SSH"},
	{"220", "look like an FTP or SMTP greeting"},
	{"+OK", "look like a POP3 greeting"},
	{"* OK", "look like an IMAP greeting"},
	{"-ERR", "look like Redis or POP3"},
};

static const char *phrase_find(const struct phrase *table, size_t count, int code)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].code == code)
			return table[i].text;
	}
	return NULL;
}

enum result result_of(const SSL *ssl, int ret)
{
	switch (SSL_get_error(ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE: return RESULT_WAIT;
	case SSL_ERROR_ZERO_RETURN: return RESULT_ENDED;
	default: break;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
		return RESULT_NO_MEMORY;
	return RESULT_FAILED;
}

/* The most telling error of the queue, which is emptied: the first of libssl, else the first. */
static unsigned long take_error(void)
{
	unsigned long best = 0, e;

	while ((e = ERR_get_error()) != 0) {
		if (best == 0 ||
			(ERR_GET_LIB(best) != ERR_LIB_SSL && ERR_GET_LIB(e) == ERR_LIB_SSL))
			best = e;
	}
	return best;
}

/* Content types 20 to 24 and major version 3 begin every record (RFC 8446 5.1). */
static bool is_record(struct span first)
{
	return first.len < 3 ||
	       (first.ptr[0] >= 20 && first.ptr[0] <= 24 && first.ptr[1] == 3 && first.ptr[2] <= 4);
}

static char *foreign_sentence(struct span first)
{
	char *text;
	int n;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		size_t len = strlen(protocols[i].begin);

		if (first.len < len || memcmp(first.ptr, protocols[i].begin, len) != 0)
			continue;
		n = asprintf(
			&text, "the peer does not speak TLS (first bytes %s)", protocols[i].name);
		return n < 0 ? NULL : text;
	}
	n = asprintf(&text, "the peer does not speak TLS (first bytes are %02x %02x %02x)",
		first.ptr[0], first.ptr[1], first.ptr[2]);
	return n < 0 ? NULL : text;
}

static const char *error_words(unsigned long e)
{
	const char *text = NULL;

	if (ERR_GET_LIB(e) == ERR_LIB_SSL)
		text = phrase_find(
			reasons, sizeof(reasons) / sizeof(reasons[0]), ERR_GET_REASON(e));
	if (!text)
		text = ERR_reason_error_string(e);
	return text ? text : "OpenSSL gives no reason";
}

char *result_alert(int number)
{
	const char *text = phrase_find(alerts, sizeof(alerts) / sizeof(alerts[0]), number);
	char *sentence;
	int n = text ? asprintf(&sentence, "peer sent alert: %s", text)
		     : asprintf(&sentence, "peer sent alert: number %d", number);

	return n < 0 ? NULL : sentence;
}

char *result_sentence(struct span first)
{
	unsigned long e = take_error();
	int alert = ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET;

	if (!is_record(first))
		return foreign_sentence(first);
	if (e == 0)
		return strdup("the peer closed TLS in the middle of the handshake");
	if (ERR_GET_LIB(e) != ERR_LIB_SSL || alert < 0 || alert > 255)
		return strdup(error_words(e));
	return result_alert(alert);
}

const char *result_text(void)
{
	return error_words(take_error());
}

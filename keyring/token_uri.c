/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token_uri.c - where a key in a PKCS#11 token is: URIs of RFC 7512 */
#include "keyring/token_uri.h"

#include <string.h>
#include <strings.h>

#include "keyring/token_internal.h"

bool token_uri_is(const char *source)
{
	return strncasecmp(source, P11_KIT_URI_SCHEME, P11_KIT_URI_SCHEME_LEN) == 0 &&
	       source[P11_KIT_URI_SCHEME_LEN] == ':';
}

/* What may stand in a URI, less what would end a value in quotes (RFC 3986 2). */
static bool is_clean(const char *uri)
{
	for (const char *c = uri; *c; c++) {
		if (*c <= ' ' || *c > '~' || strchr("\"\\<>^`{|}", *c))
			return false;
	}
	return strlen(uri) <= TOKEN_URI_MAX;
}

/* p11-kit takes any attribute after a question mark, and says nothing of those it ignores. */
static bool has_query(const char *uri)
{
	return strpbrk(uri, "?#&") != NULL;
}

/* Never with the URI itself: who writes a PIN into it is not to find it in a log. */
static void judge_secrets(P11KitUri *u, const char *uri, struct err_list *err)
{
	size_t before = err->count;

	if (p11_kit_uri_get_pin_value(u))
		err_add(err,
			"a key URI carries a PIN (pin-value): take it out, change the PIN, and "
			"name the place of the new one (pkcs11_pin, --pin)");
	if (p11_kit_uri_get_pin_source(u))
		err_add(err, "a key URI names the place of a PIN (pin-source): take it out, and "
			     "name the place in pkcs11_pin or with --pin");
	if (p11_kit_uri_get_module_name(u) || p11_kit_uri_get_module_path(u))
		err_add(err, "a key URI names a module: take it out, and name the module in "
			     "pkcs11_module or with --pkcs11-module");
	if (err->count > before)
		return;
	if (has_query(uri))
		err_add(err, "a key URI has one of ? # &, and nothing that follows them concerns a "
			     "key: take it out, or write %%3F, %%23, %%26 within a name");
	else if (p11_kit_uri_any_unrecognized(u))
		err_add(err, "a key URI has an attribute that RFC 7512 does not know: take it out");
}

static bool has(P11KitUri *u, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(u, type);

	return a && a->ulValueLen > 0 && a->pValue;
}

static bool names_token(P11KitUri *u)
{
	const CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(u);

	return info->label[0] || info->serialNumber[0];
}

static bool is_private(P11KitUri *u)
{
	const CK_ATTRIBUTE *class = p11_kit_uri_get_attribute(u, CKA_CLASS);

	return !class || (class->ulValueLen == sizeof(CK_OBJECT_CLASS) &&
				 *(CK_OBJECT_CLASS *)class->pValue == CKO_PRIVATE_KEY);
}

static void judge_names(P11KitUri *u, const char *uri, struct err_list *err)
{
	if (!names_token(u))
		err_add(err, "%s: names no token: add token= or serial=", uri);
	if (!has(u, CKA_LABEL) && !has(u, CKA_ID))
		err_add(err, "%s: names no key: add object= or id=", uri);
	if (!is_private(u))
		err_add(err, "%s: is about no private key: write type=private, or leave it out",
			uri);
}

P11KitUri *token_uri_parse(const char *uri, struct err_list *err)
{
	size_t before = err->count;
	P11KitUri *u = p11_kit_uri_new();
	int rc = u ? p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, u) : P11_KIT_URI_UNEXPECTED;

	if (!is_clean(uri) || rc != P11_KIT_URI_OK) {
		err_add(err,
			"a key URI cannot be read: it has the form "
			"pkcs11:token=NAME;object=NAME (RFC 7512), at most %d bytes, with %%XX for "
			"blanks and special characters",
			TOKEN_URI_MAX);
	} else {
		judge_secrets(u, uri, err);
		if (err->count == before)
			judge_names(u, uri, err);
	}
	if (err->count == before)
		return u;
	p11_kit_uri_free(u);
	return NULL;
}

bool token_uri_check(const char *uri, struct err_list *err)
{
	P11KitUri *u = token_uri_parse(uri, err);

	p11_kit_uri_free(u);
	return u != NULL;
}

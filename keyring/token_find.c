/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token_find.c - find the token and the key that a URI names, and log in */
#include <string.h>

#include "keyring/passphrase.h"
#include "keyring/token_internal.h"

enum { SLOTS_MAX = 64 };

static bool fits(CK_FUNCTION_LIST *f, P11KitUri *u, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(u);
	CK_SLOT_INFO place;
	CK_INFO module;

	return f->C_GetInfo(&module) == CKR_OK && p11_kit_uri_match_module_info(u, &module) &&
	       (wanted == (CK_SLOT_ID)-1 || wanted == slot) &&
	       f->C_GetSlotInfo(slot, &place) == CKR_OK && p11_kit_uri_match_slot_info(u, &place) &&
	       f->C_GetTokenInfo(slot, info) == CKR_OK && p11_kit_uri_match_token_info(u, info);
}

/* Asked for the number alone, a module looks for tokens that have come meanwhile (PKCS#11 5.5). */
static CK_RV list_slots(CK_FUNCTION_LIST *f, CK_SLOT_ID *slots, CK_ULONG *count)
{
	CK_RV rv = f->C_GetSlotList(CK_TRUE, NULL, count);

	*count = SLOTS_MAX;
	return rv == CKR_OK ? f->C_GetSlotList(CK_TRUE, slots, count) : rv;
}

static bool find_token(struct token_use *u, P11KitUri *parsed, CK_TOKEN_INFO *info)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = 0;
	CK_RV rv = list_slots(u->f, slots, &count);
	CK_TOKEN_INFO one;
	size_t found = 0;

	*info = (CK_TOKEN_INFO){0};
	if (rv != CKR_OK) {
		err_add(u->err, "%s: the tokens cannot be listed: %s", u->uri,
			p11_kit_strerror(rv));
		return false;
	}
	for (CK_ULONG i = 0; i < count; i++) {
		if (!fits(u->f, parsed, slots[i], &one))
			continue;
		found++;
		u->key.slot = slots[i];
		*info = one;
	}
	if (found == 0)
		err_add(u->err, "%s: there is no such token: plug it in, or correct the URI",
			u->uri);
	if (found > 1)
		err_add(u->err, "%s: %zu tokens have this name: add serial=", u->uri, found);
	return found == 1;
}

static bool is_logged_in(const struct token_use *u)
{
	CK_SESSION_INFO info;

	return u->f->C_GetSessionInfo(u->session, &info) == CKR_OK &&
	       (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

bool token_is_refusal(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
	       rv == CKR_PIN_EXPIRED || rv == CKR_PIN_LOCKED;
}

/* Without a PIN of ours, some devices ask a person at their own keys. */
static bool may_log_in(const CK_TOKEN_INFO *info, const char *uri, struct err_list *err)
{
	bool has_pin = passphrase_get(PASSPHRASE_TOKENS) != NULL;

	if (!has_pin && !(info->flags & CKF_PROTECTED_AUTHENTICATION_PATH))
		err_add(err, "%s: the token wants a PIN: name its place (pkcs11_pin, --pin)", uri);
	else if (info->flags & CKF_USER_PIN_LOCKED)
		err_add(err, "%s: the token is locked after wrong PINs: unlock it", uri);
	else if (has_pin && (info->flags & CKF_USER_PIN_FINAL_TRY))
		err_add(err,
			"%s: the token has one try left, which is not for programs: log in with "
			"its own tool first",
			uri);
	else
		return true;
	return false;
}

static CK_RV say_refused(const struct token_use *u, CK_RV rv)
{
	err_add(u->err,
		"%s: the token refuses the PIN: correct it, and start again; it is not tried "
		"twice, since tokens lock themselves",
		u->uri);
	return rv;
}

static CK_RV try_log_in(const struct token_use *u, CK_USER_TYPE who)
{
	const char *pin = passphrase_get(PASSPHRASE_TOKENS);
	CK_TOKEN_INFO info;
	CK_RV rv;

	if (tokens_refused(u->tokens, u->key.slot))
		return say_refused(u, CKR_PIN_INCORRECT);
	rv = u->f->C_GetTokenInfo(u->key.slot, &info);
	if (rv != CKR_OK)
		return rv;
	if (!may_log_in(&info, u->uri, u->err))
		return CKR_FUNCTION_REJECTED;
	rv = u->f->C_Login(u->session, who, (CK_UTF8CHAR *)pin, pin ? strlen(pin) : 0);
	if (!token_is_refusal(rv))
		return rv;
	tokens_refuse(u->tokens, u->key.slot);
	return say_refused(u, rv);
}

CK_RV token_log_in(const struct token_use *u, CK_USER_TYPE who)
{
	CK_RV rv;

	tokens_begin_login(u->tokens);
	rv = try_log_in(u, who);
	tokens_end_login(u->tokens);
	return rv;
}

/* One that has refused our PIN is left alone, whoever else has logged in. */
static bool enter(const struct token_use *u, const CK_TOKEN_INFO *info)
{
	size_t before = u->err->count;
	CK_RV rv;

	if (!(info->flags & CKF_LOGIN_REQUIRED))
		return true;
	if (!tokens_refused(u->tokens, u->key.slot) && is_logged_in(u))
		return true;
	rv = token_log_in(u, CKU_USER);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return true;
	if (u->err->count == before)
		err_add(u->err, "%s: the token cannot be logged in to: %s", u->uri,
			p11_kit_strerror(rv));
	return false;
}

/* What @uri says of the object, and that it is a private key. Return: how many there are, to 2. */
static CK_ULONG find_objects(const struct token_use *u, P11KitUri *uri, CK_OBJECT_HANDLE *found)
{
	static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri, CKA_LABEL);
	const CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(uri, CKA_ID);
	CK_ATTRIBUTE wanted[3] = {{CKA_CLASS, &class, sizeof(class)}};
	CK_ULONG wishes = 1, count = 0;

	if (label)
		wanted[wishes++] = *label;
	if (id)
		wanted[wishes++] = *id;
	if (u->f->C_FindObjectsInit(u->session, wanted, wishes) != CKR_OK)
		return 0;
	if (u->f->C_FindObjects(u->session, found, 2, &count) != CKR_OK)
		count = 0;
	u->f->C_FindObjectsFinal(u->session);
	return count;
}

static bool find_object(struct token_use *u, P11KitUri *parsed)
{
	CK_OBJECT_HANDLE found[2] = {0};
	CK_ULONG count = find_objects(u, parsed, found);

	if (count == 0)
		err_add(u->err, "%s: the token has no such private key: correct the URI", u->uri);
	if (count > 1)
		err_add(u->err, "%s: the token has several such private keys: add id=", u->uri);
	u->key.handle = found[0];
	return count == 1 && token_describe(u);
}

bool token_find(struct token_use *u)
{
	P11KitUri *parsed = token_uri_parse(u->uri, u->err);
	CK_TOKEN_INFO info;
	bool found = false;
	CK_RV rv;

	if (!parsed || !find_token(u, parsed, &info)) {
		p11_kit_uri_free(parsed);
		return false;
	}
	rv = u->f->C_OpenSession(u->key.slot, CKF_SERIAL_SESSION, NULL, NULL, &u->session);
	if (rv != CKR_OK) {
		err_add(u->err, "%s: the token gives no session: %s", u->uri, p11_kit_strerror(rv));
	} else {
		found = enter(u, &info) && find_object(u, parsed);
		if (!found)
			u->f->C_CloseSession(u->session);
	}
	p11_kit_uri_free(parsed);
	return found;
}

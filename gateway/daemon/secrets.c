/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secrets.c - attlsd --check: passphrase, PIN and PKCS#11 module, in a process without packets */
#include "gateway/daemon/secrets.h"

#include "keyring/passphrase.h"
#include "keyring/token_local.h"

static void warn(struct err_list *err, const char *key, struct err_list *own)
{
	for (size_t i = 0; i < own->count; i++)
		err_warn(err, "[gateway] %s: %s", key, own->lines[i]);
	err_fini(own);
}

/* A descriptor may be there for the daemon alone; then encrypted keys are only not looked into. */
static void check_source(
	enum passphrase which, const char *key, const char *source, struct err_list *err)
{
	struct err_list own;

	err_init(&own);
	if (*source)
		passphrase_read(which, source, &own);
	warn(err, key, &own);
}

void secrets_check(const struct settings *s, struct err_list *err)
{
	struct err_list own;

	check_source(PASSPHRASE_KEYS, "key_passphrase", s->key_passphrase, err);
	check_source(PASSPHRASE_TOKENS, "pkcs11_pin", s->pkcs11_pin, err);
	err_init(&own);
	if (*s->pkcs11_module)
		token_local_open(s->pkcs11_module, err, &own);
	warn(err, "pkcs11_module", &own);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secrets.h - attlsd --check: passphrase, PIN and PKCS#11 module, in a process without packets */
#ifndef ATTLS_DAEMON_SECRETS_H
#define ATTLS_DAEMON_SECRETS_H

#include "rules/settings.h"

/**
 * secrets_check() - take up what opens private keys, so that what follows looks into them
 * Everything that is wrong with it is a warning, as it is when the gateway starts.
 */
void secrets_check(const struct settings *s, struct err_list *err);

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings.h - the sections of attls.ini, shared by all programs */
#ifndef ATTLS_RULES_SETTINGS_H
#define ATTLS_RULES_SETTINGS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "rules/startup.h"

#include <stddef.h>
#include <stdint.h>

enum gateway_mode { MODE_HOST, MODE_ROUTER };

struct settings {
	enum gateway_mode mode;
	char **inside;         /* router: interfaces of the plain side, NULL-terminated */
	char *outside;         /* router: interface of the wire side; "" in host mode */
	char *rules;           /* file or directory */
	char *keyring;         /* directory */
	char *ring;            /* system-wide default ring, "NAME" or "OWNER/NAME"; "" if none */
	char *control;         /* path of the control socket; files of ours stand beside it */
	unsigned workers;      /* never 0: "auto" is resolved to the processors online */
	unsigned queue_base;   /* first NFQUEUE number; each worker uses two, one more for ICMP */
	bool unmatched_reject; /* unmatched = reject */
	bool established_keep; /* established = keep; host mode only */
	bool watch;            /* reload when a rule file changes: watch = off by default */
	uint32_t mark;         /* the one mark bit: mark = 0x40000000 by default */
	size_t memory;         /* bytes all buffers may hold together: memory = 1G by default */
	size_t buffer;      /* most bytes of one of a connection's four: buffer = 6M by default */
	unsigned flows;     /* most flows at a time, over all workers: flows = 65536 by default */
	usec_t net_timeout; /* how long attlsd waits for attls-net: net_timeout = 60s by default */
	struct startup startup; /* [startup] */
	usec_t expiry_warning;  /* ahead of a certificate's notAfter, 0: none; 30d by default */
	enum log_target log;
	enum log_level log_level;
	char *user;           /* account to run as after start; "" stays */
	char *key_user;       /* account of the key process; "": as user */
	char *key_passphrase; /* of encrypted keys: a source (keyring/passphrase.h), or "" */
	char *pkcs11_module;  /* path of the module for keys in tokens, or "" */
	char *pkcs11_pin;     /* of those tokens: a source, or "" */
};

/**
 * settings_load() - read and check @path
 * @err: every problem, each naming file, section, key, and the nearest known word
 * Return: owned, with settings_free(); NULL if there was any error.
 */
struct settings *settings_load(const char *path, struct err_list *err);

void settings_free(struct settings *s);

#endif

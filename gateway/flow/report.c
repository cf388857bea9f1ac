/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c - the two log lines of a flow: when TLS is up, and how it ended */
#include "gateway/flow/report.h"

#include "base/log.h"

#include <stdio.h>

enum { WHO_TEXT = 2 * ENDPOINT_TEXT + 128 };

/* "10.0.0.5:51514 > 192.0.2.9:443 rule PAYROLL", the opener first */
static const char *who(
	const struct tuple *key, enum direction direction, const struct rule *rule, char *buf)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	bool out = direction == DIRECTION_OUTBOUND;

	endpoint_format(&key->local, local);
	endpoint_format(&key->remote, remote);
	snprintf(buf, WHO_TEXT, "%s > %s rule %s", out ? local : remote, out ? remote : local,
		rule ? rule->name : "-");
	return buf;
}

void report_open(const struct flow *f)
{
	const struct session_info *info = session_info(f->session);
	char text[WHO_TEXT];

	log_info("flow %llu %s: established %s %s%s%s%s%s", (unsigned long long)f->id,
		who(&f->key[SIDE_PLAIN], f->direction, f->rule, text), info->version, info->suite,
		*info->peer_subject ? " peer " : "", info->peer_subject,
		*info->mapped_user ? " user " : "", info->mapped_user);
}

/* Which side a reset or a silence came from. */
static const char *where(const struct flow *f)
{
	if (f->fault != FAULT_PEER_RESET && f->fault != FAULT_TIMEOUT)
		return "";
	return f->fault_side == SIDE_PLAIN ? " (plain side)" : " (wire side)";
}

void report_end(struct flow *f)
{
	const char *sentence = f->session ? session_reason(f->session) : "";
	bool tls = f->fault == FAULT_HANDSHAKE || f->fault == FAULT_TLS;
	char text[WHO_TEXT];

	if (f->reported)
		return;
	f->reported = true;
	who(&f->key[SIDE_PLAIN], f->direction, f->rule, text);
	if (f->fault == FAULT_NONE)
		log_info("flow %llu %s: closed, %llu bytes out, %llu bytes in",
			(unsigned long long)f->id, text, (unsigned long long)f->bytes[SIDE_PLAIN],
			(unsigned long long)f->bytes[SIDE_WIRE]);
	else
		log_warning("flow %llu %s: reset: %s%s%s%s, %llu bytes out, %llu bytes in",
			(unsigned long long)f->id, text, fault_name(f->fault), where(f),
			tls && *sentence ? ": " : "", tls ? sentence : "",
			(unsigned long long)f->bytes[SIDE_PLAIN],
			(unsigned long long)f->bytes[SIDE_WIRE]);
}

void report_refused(
	const struct tuple *key, enum direction direction, const struct rule *rule, const char *why)
{
	char text[WHO_TEXT];

	log_warning("%s: refused: %s", who(key, direction, rule, text), why);
}

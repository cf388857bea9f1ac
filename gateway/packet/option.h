/* SPDX-License-Identifier: GPL-3.0-or-later */
/* option.h - TCP options between bytes and struct segment (RFC 9293 3.1, 2018, 7323) */
#ifndef ATTLS_PACKET_OPTION_H
#define ATTLS_PACKET_OPTION_H

#include "gateway/packet/segment.h"

enum { OPTIONS_MAX = 40 };

/** option_decode() - fill the option fields of @seg; false when a length is malformed */
bool option_decode(struct segment *seg, struct span bytes);

/**
 * option_encode() - write what @seg->options and @seg->sack_count say
 * @buf: at least OPTIONS_MAX bytes; of the SACK blocks as many as fit
 * Return: bytes written, a multiple of 4.
 */
size_t option_encode(const struct segment *seg, uint8_t *buf);

/**
 * option_lower_mss() - lower the MSS option by its share of @overhead bytes per 64 KB
 * Return: false if there is none, or it is small already; nothing is changed.
 */
bool option_lower_mss(uint8_t *bytes, size_t len, size_t overhead);

/** option_strip() - overwrite with NOPs whatever a gateway cannot keep (SEG_OPT_STRIP) */
void option_strip(uint8_t *bytes, size_t len);

#endif

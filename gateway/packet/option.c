/* SPDX-License-Identifier: GPL-3.0-or-later */
/* option.c - TCP options between bytes and struct segment (RFC 9293 3.1, 2018, 7323) */
#include "gateway/packet/option.h"

#include "base/bytes.h"

/* IANA TCP option kinds */
enum kind {
	KIND_END = 0,
	KIND_NOP = 1,
	KIND_MSS = 2,
	KIND_WSCALE = 3,
	KIND_SACK_OK = 4,
	KIND_SACK = 5,
	KIND_TS = 8,
	KIND_MD5 = 19,
	KIND_AO = 29,
	KIND_MPTCP = 30,
	KIND_TFO = 34,
	KIND_ACCECN0 = 172,
	KIND_ACCECN1 = 174,
	KIND_EXP1 = 253,
	KIND_EXP2 = 254,
};

enum {
	WSCALE_MAX = 14, /* RFC 7323 2.3 */
	MSS_LEAST = 536, /* nothing is taken from this and less (RFC 9293 3.7.1) */
};

/* One option: @kind, and its bytes after kind and length. */
struct option {
	uint8_t kind;
	struct span data;
	size_t size; /* with kind and length */
};

/* Take the next option from @p. Return: 1 taken, 0 at the end, -1 malformed. */
static int option_next(struct span p, struct option *o)
{
	if (p.len == 0 || p.ptr[0] == KIND_END)
		return 0;
	*o = (struct option){.kind = p.ptr[0], .size = 1};
	if (o->kind == KIND_NOP)
		return 1;
	if (p.len < 2 || p.ptr[1] < 2 || p.ptr[1] > p.len)
		return -1;
	o->size = p.ptr[1];
	o->data = span_of(p.ptr + 2, o->size - 2);
	return 1;
}

static bool is_stripped(uint8_t kind)
{
	return kind == KIND_MPTCP || kind == KIND_TFO || kind == KIND_ACCECN0 ||
	       kind == KIND_ACCECN1 || kind == KIND_EXP1 || kind == KIND_EXP2;
}

static void take_sack(struct segment *seg, struct span d)
{
	for (; d.len >= 8 && seg->sack_count < SEGMENT_SACKS; d = span_skip(d, 8))
		seg->sack[seg->sack_count++] =
			(struct sack_block){load_be32(d.ptr), load_be32(d.ptr + 4)};
}

static void take_option(struct segment *seg, const struct option *o)
{
	const uint8_t *d = o->data.ptr;

	if (o->kind == KIND_MSS && o->data.len == 2) {
		seg->options |= SEG_OPT_MSS;
		seg->mss = load_be16(d);
	} else if (o->kind == KIND_WSCALE && o->data.len == 1) {
		seg->options |= SEG_OPT_WSCALE;
		seg->wscale = d[0] > WSCALE_MAX ? WSCALE_MAX : d[0];
	} else if (o->kind == KIND_SACK_OK && o->data.len == 0) {
		seg->options |= SEG_OPT_SACK_OK;
	} else if (o->kind == KIND_TS && o->data.len == 8) {
		seg->options |= SEG_OPT_TS;
		seg->ts_val = load_be32(d);
		seg->ts_ecr = load_be32(d + 4);
	} else if (o->kind == KIND_SACK) {
		take_sack(seg, o->data);
	} else if (o->kind == KIND_MD5 || o->kind == KIND_AO) {
		seg->options |= SEG_OPT_AUTH;
	} else if (is_stripped(o->kind)) {
		seg->options |= SEG_OPT_STRIP;
	}
}

bool option_decode(struct segment *seg, struct span bytes)
{
	struct option o;
	int got;

	while ((got = option_next(bytes, &o)) > 0) {
		take_option(seg, &o);
		bytes = span_skip(bytes, o.size);
	}
	return got == 0;
}

/* As many blocks as fit into @room bytes. */
static uint8_t *put_sacks(const struct segment *seg, uint8_t *p, size_t room)
{
	size_t count = seg->sack_count;
	size_t most = room < 4 ? 0 : (room - 4) / 8;

	if (count > most)
		count = most;
	if (count == 0)
		return p;
	*p++ = KIND_NOP;
	*p++ = KIND_NOP;
	*p++ = KIND_SACK;
	*p++ = (uint8_t)(2 + 8 * count);
	for (size_t i = 0; i < count; i++, p += 8) {
		store_be32(p, seg->sack[i].from);
		store_be32(p + 4, seg->sack[i].to);
	}
	return p;
}

static uint8_t *put_timestamps(const struct segment *seg, uint8_t *p)
{
	*p++ = KIND_NOP;
	*p++ = KIND_NOP;
	*p++ = KIND_TS;
	*p++ = 10;
	store_be32(p, seg->ts_val);
	store_be32(p + 4, seg->ts_ecr);
	return p + 8;
}

size_t option_encode(const struct segment *seg, uint8_t *buf)
{
	uint8_t *p = buf;

	if (seg->options & SEG_OPT_MSS) {
		*p++ = KIND_MSS;
		*p++ = 4;
		store_be16(p, seg->mss);
		p += 2;
	}
	if (seg->options & SEG_OPT_WSCALE) {
		*p++ = KIND_NOP;
		*p++ = KIND_WSCALE;
		*p++ = 3;
		*p++ = seg->wscale;
	}
	if (seg->options & SEG_OPT_SACK_OK) {
		*p++ = KIND_NOP;
		*p++ = KIND_NOP;
		*p++ = KIND_SACK_OK;
		*p++ = 2;
	}
	if (seg->options & SEG_OPT_TS)
		p = put_timestamps(seg, p);
	return (size_t)(put_sacks(seg, p, OPTIONS_MAX - (size_t)(p - buf)) - buf);
}

bool option_lower_mss(uint8_t *bytes, size_t len, size_t overhead)
{
	struct span p = span_of(bytes, len);
	struct option o;

	while (option_next(p, &o) > 0) {
		if (o.kind == KIND_MSS && o.data.len == 2) {
			size_t mss = load_be16(o.data.ptr);

			if (mss <= MSS_LEAST || overhead == 0)
				return false;
			mss -= mss * overhead / UINT16_MAX + 1;
			store_be16(bytes + (o.data.ptr - bytes), (uint16_t)mss);
			return true;
		}
		p = span_skip(p, o.size);
	}
	return false;
}

void option_strip(uint8_t *bytes, size_t len)
{
	struct span p = span_of(bytes, len);
	struct option o;

	while (option_next(p, &o) > 0) {
		if (is_stripped(o.kind))
			memset(bytes + (p.ptr - bytes), KIND_NOP, o.size);
		p = span_skip(p, o.size);
	}
}

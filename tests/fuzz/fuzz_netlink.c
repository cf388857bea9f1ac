/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_netlink.c - libFuzzer target: packets out of netlink messages, and their verdicts
 *
 * Input: a mode and a datagram (mode 0) or the attributes of a well-formed one (mode 1), several
 * with lengths in front (mode 2). queue.c is included for its static take_message(). Held: what is
 * taken lies within the datagram, and the verdicts are well-formed messages.
 */
#include "gateway/worker/queue.c" /* NOLINT(bugprone-suspicious-include) */

#include "tests/fuzz/fuzz.h"

enum { NUMBER = 100 };

/* @len bytes, and none behind them but the padding that libmnl takes for granted; owned. */
static uint8_t *room(size_t len)
{
	uint8_t *bytes = calloc(1, MNL_ALIGN(len) + !len);

	if (!bytes)
		abort();
	return bytes;
}

/* A message around @attributes; owned. */
static uint8_t *frame(struct span attributes, size_t *len)
{
	const struct nfgenmsg nfg = {.version = NFNETLINK_V0, .res_id = htons(NUMBER)};
	struct nlmsghdr nlh = {.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET};
	uint8_t *message;

	*len = sizeof(nlh) + sizeof(nfg) + attributes.len;
	nlh.nlmsg_len = (uint32_t)*len;
	message = room(*len);
	memcpy(message, &nlh, sizeof(nlh));
	memcpy(message + sizeof(nlh), &nfg, sizeof(nfg));
	if (attributes.len)
		memcpy(message + sizeof(nlh) + sizeof(nfg), attributes.ptr, attributes.len);
	return message;
}

static void check_packet(const struct queue *q, const struct packet *p, struct span message)
{
	struct segment seg;

	held(p->slot < q->number_count, "slot %u", p->slot);
	held(p->len == 0 || (p->bytes >= message.ptr &&
				    p->bytes + p->len <= message.ptr + MNL_ALIGN(message.len)),
		"the packet is not inside its message");
	segment_decode(&seg, span_of(p->bytes, p->len), p->checksum);
}

/* One datagram as queue_receive() takes it. */
static void take(struct queue *q, struct span message)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)message.ptr;
	size_t before = q->packet_count;

	if (!mnl_nlmsg_ok(nlh, (int)message.len))
		return;
	take_message(q, nlh);
	held(q->packet_count <= before + 1, "several packets");
	if (q->packet_count > before)
		check_packet(q, &q->packet[before], message);
}

/* Verdicts for all packets; one message each, in order, but for drops in batch. */
static void answer(struct queue *q)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)q->verdicts;
	int left;

	for (size_t i = 0; i < q->packet_count; i++) {
		const struct packet *p = &q->packet[i];

		if (p->id & 1)
			queue_drop(q, p);
		else
			queue_accept(q, p, p->mark, p->len < 120 ? p->len : 0);
	}
	left = (int)q->verdicts_len;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		held((nlh->nlmsg_type & 0xff) == NFQNL_MSG_VERDICT, "type %u", nlh->nlmsg_type);
	held(left == 0, "%d bytes are no message", left);
	q->verdicts_len = 0;
}

static void take_several(struct queue *q, struct span in, uint8_t *messages[QUEUE_BATCH])
{
	for (size_t i = 0; i < QUEUE_BATCH && in.len; i++) {
		struct span part = span_head(span_skip(in, 1), in.ptr[0]);
		size_t len;

		messages[i] = frame(part, &len);
		take(q, span_of(messages[i], len));
		in = span_skip(in, 1 + part.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct queue q;
	uint8_t *messages[QUEUE_BATCH] = {NULL};
	struct span in = span_of(data, size);
	uint8_t mode = feed_byte(&in);
	size_t len = in.len;

	q = (struct queue){.number = {NUMBER, NUMBER + 1, NUMBER + 2}, .number_count = 3};
	q.verdicts = calloc(1, QUEUE_VERDICTS);
	if (mode == 0 && len) {
		messages[0] = room(len);
		memcpy(messages[0], data + 1, len);
		take(&q, span_of(messages[0], len));
	} else if (mode == 1) {
		messages[0] = frame(in, &len);
		take(&q, span_of(messages[0], len));
	} else {
		take_several(&q, in, messages);
	}
	answer(&q);
	for (size_t i = 0; i < QUEUE_BATCH; i++)
		free(messages[i]);
	free(q.verdicts);
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * queue.h - packets out of the kernel: NFQUEUE, in batches, with their verdicts
 *
 * One netlink socket per worker serves several queue numbers, so the kernel's order of packets is
 * kept across them. The only user of libmnl and libnetfilter_queue for packets.
 */
#ifndef ATTLS_WORKER_QUEUE_H
#define ATTLS_WORKER_QUEUE_H

#include "base/err.h"
#include "gateway/packet/segment.h"

#include <libmnl/libmnl.h>

enum {
	QUEUE_NUMBERS = 3,         /* data, SYN, and on worker 0 ICMP */
	QUEUE_BATCH = 32,          /* packets per receive */
	QUEUE_SLOT = 65536 + 4096, /* a whole packet with its attributes */
	QUEUE_VERDICTS = 64 * 1024,
};

/* A packet that waits in the kernel for its verdict. */
struct packet {
	uint8_t *bytes; /* from the IP header; borrowed until the next receive */
	size_t len;
	uint32_t id;
	uint32_t indev; /* interface index, 0: none */
	uint32_t outdev;
	uint32_t mark;
	uint8_t hook; /* NF_INET_* of <linux/netfilter.h> */
	uint8_t slot; /* which of the numbers given to queue_open() */
	enum checksum_state checksum;
};

struct queue {
	struct mnl_socket *socket;
	uint16_t number[QUEUE_NUMBERS];
	size_t number_count;
	struct packet packet[QUEUE_BATCH]; /* the current batch */
	size_t packet_count;
	uint8_t *buffers;  /* QUEUE_BATCH slots */
	uint8_t *verdicts; /* netlink messages not yet sent */
	size_t verdicts_len;
	bool drop_due[QUEUE_NUMBERS]; /* a batch DROP up to drop_id is owed */
	uint32_t drop_id[QUEUE_NUMBERS];
};

/**
 * queue_open() - bind @count queue numbers; packets may come from then on
 * Needs CAP_NET_ADMIN, now and for every verdict.
 */
bool queue_open(struct queue *q, const uint16_t *numbers, size_t count, struct err_list *err);
void queue_close(struct queue *q);

int queue_fd(const struct queue *q);

/** queue_receive() - fetch the next batch into @q->packet without waiting. Return: its size. */
size_t queue_receive(struct queue *q);

/**
 * queue_accept() - let @p go on with @mark
 * @len: 0 as it is; otherwise the first @len bytes of @p->bytes replace it
 */
void queue_accept(struct queue *q, const struct packet *p, uint32_t mark, size_t len);

/** queue_drop() - @p ends here; collected into one batch verdict unless @p is a SYN (slot 1) */
void queue_drop(struct queue *q, const struct packet *p);

/** queue_reject() - @p ends here, by a verdict of its own: for numbers that mix fates */
void queue_reject(struct queue *q, const struct packet *p);

/** queue_flush() - send all verdicts: first what goes on, then what is dropped */
void queue_flush(struct queue *q);

#endif

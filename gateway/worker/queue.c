/* SPDX-License-Identifier: GPL-3.0-or-later */
/* queue.c - packets out of the kernel: NFQUEUE, in batches, with their verdicts */
#include "gateway/worker/queue.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	COPY_RANGE = 0xffff,
	QUEUE_LENGTH = 65535,
	RECEIVE_BUFFER = 32 * 1024 * 1024,
	REQUEST_MAX = 8192,
	ACCEPT_ROOM = 512, /* most bytes of one verdict message with a replaced SYN */
};

/* ---- opening ---- */

static bool is_packet(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == ((NFNL_SUBSYS_QUEUE << 8) | NFQNL_MSG_PACKET);
}

/* nfq_nlmsg_parse() looks at no lengths. */
static bool holds(const struct nlattr *attr, size_t len)
{
	return attr && mnl_attr_get_payload_len(attr) >= len;
}

/* A packet that came while we still ask for things: its sender will repeat it. */
static void refuse_early(struct queue *q, const struct nlmsghdr *nlh)
{
	struct nlattr *attr[NFQA_MAX + 1] = {0};
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	char buf[REQUEST_MAX];
	struct nfqnl_msg_verdict_hdr vh = {.verdict = htonl(NF_DROP)};
	struct nlmsghdr *verdict;

	if (!is_packet(nlh) || nfq_nlmsg_parse(nlh, attr) < 0 ||
		!holds(attr[NFQA_PACKET_HDR], sizeof(struct nfqnl_msg_packet_hdr)))
		return;
	vh.id = ((const struct nfqnl_msg_packet_hdr *)mnl_attr_get_payload(attr[NFQA_PACKET_HDR]))
			->packet_id;
	verdict = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT, ntohs(nfg->res_id));
	mnl_attr_put(verdict, NFQA_VERDICT_HDR, sizeof(vh), &vh);
	mnl_socket_sendto(q->socket, verdict, verdict->nlmsg_len);
}

/* A request with an acknowledgment; false with errno. Uses a receive slot: packets may precede. */
static bool request(struct queue *q, struct nlmsghdr *nlh)
{
	const struct nlmsghdr *reply = (const struct nlmsghdr *)(const void *)q->buffers;

	nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	if (mnl_socket_sendto(q->socket, nlh, nlh->nlmsg_len) < 0)
		return false;
	for (;;) {
		ssize_t got = recv(queue_fd(q), q->buffers, QUEUE_SLOT, 0);

		if (got < 0)
			return false;
		if (!mnl_nlmsg_ok(reply, (int)got))
			continue;
		if (reply->nlmsg_type == NLMSG_ERROR && reply->nlmsg_seq == 1)
			break;
		refuse_early(q, reply);
	}
	errno = -((const struct nlmsgerr *)mnl_nlmsg_get_payload(reply))->error;
	return errno == 0;
}

static struct nlmsghdr *config(char *buf, uint16_t number)
{
	return nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, number);
}

static bool bind_number(struct queue *q, uint16_t number)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *nlh = config(buf, number);

	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	if (!request(q, nlh))
		return false;
	nlh = config(buf, number);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, COPY_RANGE);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, QUEUE_LENGTH);
	if (!request(q, nlh))
		return false;
	nlh = config(buf, number);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	return request(q, nlh);
}

/* Overflow must lose single packets, never everything until the socket has run dry. */
static void prepare_socket(struct queue *q)
{
	int fd = queue_fd(q), size = RECEIVE_BUFFER, got = 0, on = 1;
	socklen_t len = sizeof(got);

	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len);
	log_warning("packet queue: SO_RCVBUFFORCE is not permitted here; the receive buffer has %d "
		    "bytes instead of %d; raise net.core.rmem_max on the host",
		got, RECEIVE_BUFFER);
}

bool queue_open(struct queue *q, const uint16_t *numbers, size_t count, struct err_list *err)
{
	*q = (struct queue){.number_count = count};
	q->buffers = malloc((size_t)QUEUE_BATCH * QUEUE_SLOT);
	q->verdicts = malloc(QUEUE_VERDICTS);
	q->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!q->buffers || !q->verdicts || !q->socket ||
		mnl_socket_bind(q->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_add(err, "packet queue: netlink socket: %s", strerror(errno));
		queue_close(q);
		return false;
	}
	prepare_socket(q);
	for (size_t i = 0; i < count; i++) {
		q->number[i] = numbers[i];
		if (bind_number(q, numbers[i]))
			continue;
		err_add(err, "packet queue: number %u cannot be bound: %s%s", numbers[i],
			strerror(errno),
			errno == EPERM ? "; another program has it (choose another queue_base), or "
					 "CAP_NET_ADMIN in this network namespace is missing"
				       : "");
		queue_close(q);
		return false;
	}
	return true;
}

void queue_close(struct queue *q)
{
	if (q->socket)
		mnl_socket_close(q->socket);
	free(q->buffers);
	free(q->verdicts);
	*q = (struct queue){0};
}

int queue_fd(const struct queue *q)
{
	return mnl_socket_get_fd(q->socket);
}

/* ---- receiving ---- */

static bool find_slot(const struct queue *q, uint16_t number, uint8_t *slot)
{
	for (size_t i = 0; i < q->number_count; i++) {
		if (q->number[i] == number) {
			*slot = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static uint32_t attr_be32(const struct nlattr *attr)
{
	return holds(attr, sizeof(uint32_t)) ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

/* Take one netlink message; others than packets (late errors of verdicts) are skipped. */
static void take_message(struct queue *q, const struct nlmsghdr *nlh)
{
	struct nlattr *attr[NFQA_MAX + 1] = {0};
	const struct nfqnl_msg_packet_hdr *ph;
	const struct nfgenmsg *nfg;
	struct packet *p = &q->packet[q->packet_count];

	if (!is_packet(nlh) || nfq_nlmsg_parse(nlh, attr) < 0 ||
		!holds(attr[NFQA_PACKET_HDR], sizeof(*ph)))
		return;
	nfg = mnl_nlmsg_get_payload(nlh);
	ph = mnl_attr_get_payload(attr[NFQA_PACKET_HDR]);
	*p = (struct packet){
		.id = ntohl(ph->packet_id),
		.hook = ph->hook,
		.indev = attr_be32(attr[NFQA_IFINDEX_INDEV]),
		.outdev = attr_be32(attr[NFQA_IFINDEX_OUTDEV]),
		.mark = attr_be32(attr[NFQA_MARK]),
		.checksum = attr_be32(attr[NFQA_SKB_INFO]) & NFQA_SKB_CSUM_NOTVERIFIED
				    ? CHECKSUM_UNVERIFIED
				    : CHECKSUM_TRUSTED,
	};
	if (!find_slot(q, ntohs(nfg->res_id), &p->slot))
		return;
	if (attr[NFQA_PAYLOAD]) {
		p->bytes = mnl_attr_get_payload(attr[NFQA_PAYLOAD]);
		p->len = mnl_attr_get_payload_len(attr[NFQA_PAYLOAD]);
	}
	q->packet_count++;
}

size_t queue_receive(struct queue *q)
{
	struct mmsghdr msgs[QUEUE_BATCH] = {0};
	struct iovec iov[QUEUE_BATCH];
	int got;

	for (size_t i = 0; i < QUEUE_BATCH; i++) {
		iov[i] = (struct iovec){q->buffers + i * QUEUE_SLOT, QUEUE_SLOT};
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	q->packet_count = 0;
	got = recvmmsg(queue_fd(q), msgs, QUEUE_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		const struct nlmsghdr *nlh = iov[i].iov_base;

		/* the kernel sends each packet in a datagram of its own */
		if (mnl_nlmsg_ok(nlh, (int)msgs[i].msg_len))
			take_message(q, nlh);
	}
	return q->packet_count;
}

/* ---- verdicts ---- */

/* Begin a message about the packet @id of @slot; attributes may follow until end_verdict(). */
static struct nlmsghdr *begin_verdict(
	struct queue *q, int type, uint8_t slot, uint32_t id, uint32_t verdict)
{
	struct nfqnl_msg_verdict_hdr vh = {.verdict = htonl(verdict), .id = htonl(id)};
	struct nlmsghdr *nlh;

	if (q->verdicts_len + ACCEPT_ROOM > QUEUE_VERDICTS)
		queue_flush(q);
	nlh = nfq_nlmsg_put((char *)q->verdicts + q->verdicts_len, type, q->number[slot]);
	mnl_attr_put(nlh, NFQA_VERDICT_HDR, sizeof(vh), &vh);
	return nlh;
}

static void end_verdict(struct queue *q, const struct nlmsghdr *nlh)
{
	q->verdicts_len += MNL_ALIGN(nlh->nlmsg_len);
}

void queue_accept(struct queue *q, const struct packet *p, uint32_t mark, size_t len)
{
	struct nlmsghdr *nlh = begin_verdict(q, NFQNL_MSG_VERDICT, p->slot, p->id, NF_ACCEPT);

	mnl_attr_put_u32(nlh, NFQA_MARK, htonl(mark));
	if (len > 0)
		mnl_attr_put(nlh, NFQA_PAYLOAD, len, p->bytes);
	end_verdict(q, nlh);
}

void queue_reject(struct queue *q, const struct packet *p)
{
	end_verdict(q, begin_verdict(q, NFQNL_MSG_VERDICT, p->slot, p->id, NF_DROP));
}

void queue_drop(struct queue *q, const struct packet *p)
{
	if (p->slot != 0) {
		queue_reject(q, p);
		return;
	}
	q->drop_due[p->slot] = true;
	q->drop_id[p->slot] = p->id;
}

void queue_flush(struct queue *q)
{
	for (size_t i = 0; i < QUEUE_NUMBERS; i++) {
		if (!q->drop_due[i])
			continue;
		q->drop_due[i] = false;
		end_verdict(q, begin_verdict(q, NFQNL_MSG_VERDICT_BATCH, (uint8_t)i, q->drop_id[i],
				       NF_DROP));
	}
	if (q->verdicts_len == 0)
		return;
	if (mnl_socket_sendto(q->socket, q->verdicts, q->verdicts_len) < 0)
		log_warning("packet queue: verdicts not taken: %s", strerror(errno));
	q->verdicts_len = 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inject.c - packets into the kernel: two TUN devices, GSO super-segments */
#include "gateway/worker/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TCP_CHECKSUM_OFFSET = 16 };

static const char *const device[SIDES] = {
	[SIDE_PLAIN] = INJECT_DEVICE_PLAIN,
	[SIDE_WIRE] = INJECT_DEVICE_WIRE,
};

static int attach(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	memcpy(ifr.ifr_name, name, strlen(name));
	if (ioctl(fd, TUNSETIFF, &ifr) == 0 && ioctl(fd, TUNSETPERSIST, 1) == 0)
		return fd;
	close(fd);
	return -1;
}

bool inject_open(struct inject *i, struct err_list *err)
{
	i->fd[SIDE_PLAIN] = i->fd[SIDE_WIRE] = -1;
	return inject_reopen(i, err);
}

static bool reopen_side(struct inject *i, enum side side, struct err_list *err)
{
	int fd = attach(device[side]);

	if (fd < 0) {
		err_add(err, "%s: cannot attach: %s%s", device[side], strerror(errno),
			errno == EBUSY ? "; another attlsd runs in this network namespace"
			: errno == ENOENT
				? "; /dev/net/tun is missing, load tun or pass the device in"
				: "");
		return false;
	}
	/* a worker may be writing: the number stays, what is behind it changes */
	if (i->fd[side] < 0) {
		i->fd[side] = fd;
		return true;
	}
	if (dup3(fd, i->fd[side], O_CLOEXEC) < 0) {
		err_add(err, "%s: cannot attach again: %s", device[side], strerror(errno));
		close(fd);
		return false;
	}
	close(fd);
	return true;
}

/* Whether the device behind @fd still exists. */
static bool attached(int fd)
{
	struct ifreq ifr;

	return fd >= 0 && ioctl(fd, TUNGETIFF, &ifr) == 0;
}

bool inject_reopen(struct inject *i, struct err_list *err)
{
	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		if (!attached(i->fd[side]) && !reopen_side(i, side, err))
			return false;
	}
	return true;
}

void inject_close(struct inject *i)
{
	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		if (i->fd[side] >= 0)
			close(i->fd[side]);
		i->fd[side] = -1;
	}
}

static struct virtio_net_hdr link_header(const struct segment *seg, size_t l3_len, size_t header)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_NONE,
		.csum_start = (uint16_t)l3_len,
		.csum_offset = TCP_CHECKSUM_OFFSET,
	};

	/* the kernel refuses a super-segment that one segment can hold */
	if (seg->gso_size == 0 || segment_payload_len(seg) <= seg->gso_size)
		return h;
	h.gso_type =
		seg->src.addr.family == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	if (seg->flags & SEG_CWR)
		h.gso_type |= VIRTIO_NET_HDR_GSO_ECN; /* on the first of them only */
	h.gso_size = seg->gso_size;
	h.hdr_len = (uint16_t)header;
	return h;
}

static struct iovec iovec_of(struct span s)
{
	union {
		const void *in;
		void *out;
	} p = {.in = s.ptr}; /* writev() does not write to it */

	return (struct iovec){p.out, s.len};
}

bool inject_send(const struct inject *i, enum side side, const struct segment *seg)
{
	uint8_t buf[SEGMENT_HEADER_MAX];
	size_t l3_len, len = segment_encode(seg, buf, &l3_len);
	struct virtio_net_hdr h = link_header(seg, l3_len, len);
	const struct iovec iov[] = {
		{&h, sizeof(h)},
		{buf, len},
		iovec_of(seg->payload[0]),
		iovec_of(seg->payload[1]),
	};

	return writev(i->fd[side], iov, 4) >= 0;
}

# SPDX-License-Identifier: GPL-3.0-or-later
# nfqueue.py - a reader of NFQUEUEs in place of the daemon, to see what the rules send where
import contextlib
import fcntl
import os
import socket
import struct
import threading
from collections import namedtuple

from .netns import _in_thread

MARK = 0x40000000
DROP, ACCEPT = 0, 1
ACK, SYN, FIN, RST, PSH = 0x10, 0x02, 0x01, 0x04, 0x08

_SUBSYSTEM = 3 << 8
_PACKET, _VERDICT, _CONFIG = (_SUBSYSTEM | n for n in (0, 1, 2))
_CFG_CMD, _CFG_PARAMS = 1, 2
_HDR, _VERDICT_HDR, _MARK, _PAYLOAD = 1, 2, 3, 10

Packet = namedtuple("Packet", "queue protocol source destination flags payload ttl mark raw")


def parse(raw, queue=0, mark=0):
    """The addresses, ports, flags and payload of an IP packet."""
    if raw[0] >> 4 == 4:
        at, protocol, ttl = (raw[0] & 15) * 4, raw[9], raw[8]
        source, destination = (socket.inet_ntoa(raw[i:i + 4]) for i in (12, 16))
    else:
        at, protocol, ttl = 40, raw[6], raw[7]
        source, destination = (socket.inet_ntop(socket.AF_INET6, raw[i:i + 16]) for i in (8, 24))
    ports, flags, payload = (0, 0), 0, raw[at:]
    if protocol == socket.IPPROTO_TCP:
        ports = struct.unpack_from("!HH", raw, at)
        flags = raw[at + 13]
        payload = raw[at + (raw[at + 12] >> 4) * 4:]
    return Packet(queue, protocol, (source, ports[0]), (destination, ports[1]), flags, payload,
                  ttl, mark, raw)


def _attribute(number, data):
    return struct.pack("=HH", 4 + len(data), number) + data + b"\0" * (-len(data) % 4)


def _message(kind, queue, *attributes):
    body = struct.pack("!BBH", 0, 0, queue) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 1, 0, 0) + body


def _messages(data):
    """(kind, queue, {attribute: bytes}) of each netlink message."""
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        attributes, at = {}, 20
        while at + 4 <= length:
            size, number = struct.unpack_from("=HH", data, at)
            attributes[number & 0x3fff] = data[at + 4:at + size]
            at += max(4, (size + 3) & ~3)
        yield kind, struct.unpack_from("!H", data, 18)[0], attributes
        data = data[(length + 3) & ~3:]


def pass_all(_packet):
    """What the daemon does with a flow that it lets pass."""
    return ACCEPT, MARK


def steal(packet):
    """What the daemon does with a TLS flow: only the handshake passes."""
    return (DROP, 0) if packet.payload else (ACCEPT, MARK)


class Queues:
    """Reads @count queues from @base in @ns, notes every packet, answers as @decide says."""

    def __init__(self, ns, decide=pass_all, base=100, count=16):
        self.decide = decide
        self.packets = []

        def create():
            ns.enter()
            return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.socket = _in_thread(create)
        self.socket.bind((0, 0))
        self.socket.settimeout(0.1)
        for queue in range(base, base + count):
            self._send(_CONFIG, queue, _attribute(_CFG_CMD, struct.pack("!BxH", 1, 0)))
            self._send(_CONFIG, queue, _attribute(_CFG_PARAMS, struct.pack("!IB", 0xffff, 2)))
        self.ended = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _send(self, *parts):
        self.socket.send(_message(*parts))

    def _run(self):
        while not self.ended:
            with contextlib.suppress(TimeoutError, OSError):
                self._take(self.socket.recv(1 << 17))

    def _take(self, data):
        for kind, queue, attributes in _messages(data):
            if kind != _PACKET:
                continue
            mark = struct.unpack("!I", attributes.get(_MARK, b"\0" * 4))[0]
            packet = parse(attributes[_PAYLOAD], queue, mark)
            self.packets.append(packet)
            verdict, bits = self.decide(packet)
            header = struct.pack("!I", verdict) + attributes[_HDR][:4]
            self._send(_VERDICT, queue, _attribute(_VERDICT_HDR, header),
                       _attribute(_MARK, struct.pack("!I", mark | bits)))

    def close(self):
        self.ended = True
        self.thread.join()
        self.socket.close()


class Tun:
    """One of the gateway's devices, to write packets into."""

    def __init__(self, ns, name):
        def attach():
            ns.enter()
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            flags = 0x0001 | 0x1000 | 0x4000  # IFF_TUN, IFF_NO_PI, IFF_VNET_HDR
            fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name.encode(), flags))
            return fd
        self.fd = _in_thread(attach)

    def write(self, packet):
        os.write(self.fd, bytes(10) + packet)

    def close(self):
        os.close(self.fd)


def _checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp(source, destination, seq, ack, flags, payload=b"", ttl=64):
    """A TCP packet with right checksums; @source and @destination are (address, port)."""
    v6 = ":" in source[0]
    family = socket.AF_INET6 if v6 else socket.AF_INET
    addresses = b"".join(socket.inet_pton(family, a[0]) for a in (source, destination))
    body = struct.pack("!HHIIBBHHH", source[1], destination[1], seq, ack, 5 << 4, flags, 65535, 0,
                       0) + payload
    pseudo = addresses + struct.pack("!II" if v6 else "!HH", *((len(body), 6) if v6 else
                                                              (6, len(body))))
    body = body[:16] + struct.pack("!H", _checksum(pseudo + body)) + body[18:]
    if v6:
        return struct.pack("!IHBB", 6 << 28, len(body), 6, ttl) + addresses + body
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0x4000, ttl, 6, 0) + addresses
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + body


class Sniffer:
    """IP packets that arrive on an interface, seen below the packet filter."""

    def __init__(self, ns, interface):
        def create():
            ns.enter()
            s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            s.bind((interface, 0))
            return s
        self.socket = _in_thread(create)
        self.socket.setblocking(False)

    def packets(self):
        """Those that came since the last call."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                raw = self.socket.recv(1 << 16)
                if len(raw) >= 40 and raw[0] >> 4 in (4, 6):
                    found.append(parse(raw))
        return found

    def close(self):
        self.socket.close()

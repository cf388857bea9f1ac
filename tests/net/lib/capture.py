# SPDX-License-Identifier: GPL-3.0-or-later
# capture.py - what passed an interface, and how often a canary is in it
import os
import re
import secrets
import signal
import struct

from .process import Process
from .wait import wait_for

END = b"END-OF-CAPTURE-"


class Capture:
    """
    tcpdump on one interface of a namespace, from the moment the constructor returns.

    @everything: other protocols too; without it just TCP
    """

    def __init__(self, ns, interface, path, everything=False):
        self.ns, self.interface, self.path = ns, interface, str(path)
        self.process = Process(
            ns.command("tcpdump", "-i", interface, "-n", "-U", "-s", "0", "-B", "65536",
                       "--immediate-mode", "-Z", "root", "-w", self.path,
                       *([] if everything else ["tcp"])),
            self.path + ".log")
        self.process.wait_output(r"listening on ")

    def stop(self):
        """
        End; a capture that lost packets proves nothing, so that is an error.

        tcpdump may be behind: a last packet of our own is waited for, all others come before it.
        """
        if self.process.alive():
            mark = END + secrets.token_hex(8).encode()
            before = os.path.getsize(self.path)
            self.ns.inject(self.interface, _packet(mark))
            wait_for(lambda: self._written(mark, before), "end of the capture", 30)
            self.process.signal(signal.SIGINT)
            self.process.wait(20)
        dropped = re.search(r"(\d+) packets? dropped by kernel", self.process.output())
        assert dropped and dropped.group(1) == "0", self.process.output()
        return self.path

    def _written(self, mark, start):
        with open(self.path, "rb") as f:
            f.seek(start)
            return mark in f.read()

    def count(self, canary):
        """Stop, and count @canary in all that was captured."""
        return canary_count(self.stop(), canary)

    def packets(self):
        return list(tcp_packets(self.stop()))


def canary_count(path, canary):
    """
    How often @canary is in the TCP streams of a capture, or in its raw bytes.

    The larger of both: the streams find a canary split over packets, the raw bytes one in a
    packet that fits no stream.
    """
    streams = {}
    for flow, seq, _flags, payload in tcp_packets(path):
        if payload:
            streams.setdefault(flow, []).append((seq, payload))
    in_streams = sum(stream.count(canary) for segments in streams.values()
                     for stream in _join(segments))
    with open(path, "rb") as f:
        return max(in_streams, f.read().count(canary))


def _join(segments):
    """The contiguous pieces of a stream from its segments in any order, with repetitions."""
    base = segments[0][0]
    ordered = sorted(((s - base + (1 << 31)) % (1 << 32), p) for s, p in segments)
    piece, start = bytearray(), None
    for position, payload in ordered:
        if start is None or position > start + len(piece):
            if piece:
                yield bytes(piece)
            piece, start = bytearray(), position
        piece += payload[start + len(piece) - position:]
    yield bytes(piece)


def tcp_packets(path):
    """Yield (flow, sequence number, flags, payload) of each TCP packet of a pcap file."""
    with open(path, "rb") as f:
        magic, link = struct.unpack("<I16xI", f.read(24))
        assert magic in (0xA1B2C3D4, 0xA1B23C4D), f"{path}: not a pcap file"
        size = os.fstat(f.fileno()).st_size
        while f.tell() < size:
            (length,) = struct.unpack("<8xI4x", f.read(16))
            parsed = _parse(link, f.read(length))
            if parsed:
                yield parsed


def _parse(link, frame):
    """Ethernet (1) and raw IP (12, 101) frames."""
    ip = frame[14:] if link == 1 else frame
    if not ip:
        return None
    if ip[0] >> 4 == 4:
        header, protocol, addresses = (ip[0] & 15) * 4, ip[9], ip[12:20]
        total = struct.unpack(">H", ip[2:4])[0] or len(ip)
    else:
        header, protocol, addresses = 40, ip[6], ip[8:40]
        total = 40 + (struct.unpack(">H", ip[4:6])[0] or len(ip) - 40)
    tcp = ip[header:total]
    if protocol != 6 or len(tcp) < 20:
        return None
    sequence = struct.unpack(">I", tcp[4:8])[0]
    payload = tcp[(tcp[12] >> 4) * 4:]
    return None if payload.startswith(END) else (addresses + tcp[0:4], sequence, tcp[13], payload)


def _packet(payload):
    """A TCP packet that belongs to nothing, from and to the discard port of 192.0.2.0/24."""
    tcp = struct.pack(">HHIIBBHHH", 9, 9, 0, 0, 0x50, 0x10, 0, 0, 0)
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0,
                       bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))) + tcp + payload

# SPDX-License-Identifier: GPL-3.0-or-later
# test_ecn.py - marks of routers (RFC 3168): agreed on end to end, answered by the gateways
import pytest

from lib import traffic
from lib.gateway import SANITIZED

PORT = 9120
SIZE = (4 if SANITIZED else 32) << 20
DATA = ("-p", "tcp", "!", "--tcp-flags", "SYN", "SYN")
ECE, CWR = (("-m", "ecn", f"--ecn-tcp-{bit}") for bit in ("ece", "cwr"))
ECT0, CE = (("-m", "ecn", "--ecn-ip-ect", str(codepoint)) for codepoint in (2, 3))


class Marker:
    """A router that marks each @every-th packet that may be marked, and counts."""

    def __init__(self, world, every):
        self.node, self.tool = world.wire, "iptables" if world.family == 4 else "ip6tables"
        self._add("capable", *ECT0)
        self._add("mark", *ECT0, "-m", "statistic", "--mode", "nth", "--every", str(every),
                  "--packet", "0", target=("TOS", "--set-tos", "3/3"))
        for name, match in (("marked", CE), ("echoed", ECE), ("reduced", CWR)):
            self._add(name, *match)

    def _add(self, name, *match, target=()):
        jump = ("-j", *target) if target else ()
        self.node.run(self.tool, "-t", "mangle", "-A", "FORWARD", *DATA, *match,
                      "-m", "comment", "--comment", name, *jump)

    def count(self, name):
        """Packets that matched the rule called @name."""
        listing = self.node.run(self.tool, "-t", "mangle", "-nvxL", "FORWARD")
        (line,) = (text for text in listing.splitlines() if f"/* {name} */" in text)
        return int(line.split()[0])


def send(world):
    server = world.serve(traffic.sink, PORT)
    world.both(PORT)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, SIZE, 50)
    assert traffic.receive_all(s) == b""
    assert server.results == [(SIZE, sent)]


@pytest.mark.sanitized
def test_marks_are_echoed_and_answered(world):
    world.client.sysctl("net.ipv4.tcp_ecn", 1)
    marker = Marker(world, 20)
    send(world)
    assert marker.count("marked") > 0
    assert marker.count("echoed") > 0
    assert marker.count("reduced") > 0


def test_nothing_is_capable_unless_both_ends_are(world4):
    world4.client.sysctl("net.ipv4.tcp_ecn", 1)
    world4.server.sysctl("net.ipv4.tcp_ecn", 0)
    marker = Marker(world4, 20)
    send(world4)
    assert marker.count("capable") == 0

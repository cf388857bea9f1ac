# SPDX-License-Identifier: GPL-3.0-or-later
# packetdrill.py - a kernel's TCP, or the gateway before it, as packetdrill's scripts see it
import os
import re
import shutil
import tempfile

from . import rules
from .gateway import ROOT, Gateway
from .netns import Namespace

PORT = 8080  # packetdrill's own for both kinds of opening
ADDRESSES = {
    4: ("--ip_version=ipv4", "--local_ip=192.168.0.1", "--gateway_ip=192.168.0.1",
        "--netmask_ip=255.255.0.0", "--remote_ip=192.0.2.1", "-D", "CMSG_LEVEL_IP=SOL_IP",
        "-D", "CMSG_TYPE_RECVERR=IP_RECVERR"),
    6: ("--ip_version=ipv6", "--mtu=1520", "--local_ip=fd3d:0a0b:17d6::1",
        "--gateway_ip=fd3d:0a0b:17d6:8888::1", "--remote_ip=fd3d:fa7b:d17d::1",
        "-D", "CMSG_LEVEL_IP=SOL_IPV6", "-D", "CMSG_TYPE_RECVERR=IPV6_RECVERR"),
}
# What a script expects to take so long may take this much longer, on machines with other work
TOLERANCE = ("--tolerance_usecs=100000", "--send_omit_free")
IDENTITY = "tests/attlsd-identity"
OWN = os.path.join(ROOT, "tests", "packetdrill")

# Of the scripts that come with packetdrill (gtests/net/tcp); docs/tcp.md has the others' reasons
PUBLIC = (
    "blocking/blocking-accept.pkt",
    "blocking/blocking-connect.pkt",
    "blocking/blocking-read.pkt",
    "close/close-local-close-then-remote-fin.pkt",
    "close/close-on-syn-sent.pkt",
    "close/close-remote-fin-then-close.pkt",
    "ecn/ecn-uses-ect0.pkt",
    "fast_recovery/prr-ss-30pkt-lost-1_4-11_16.pkt",
    "fast_retransmit/fr-4pkt-fack-last-mss.pkt",
    "fast_retransmit/fr-4pkt-sack.pkt",
    "fast_retransmit/fr-4pkt.pkt",
    "inq/client.pkt",
    "inq/server.pkt",
    "ioctl/ioctl-siocinq-fin.pkt",
    "limited_transmit/limited-transmit-sack.pkt",
    "md5/md5-only-on-client-ack.pkt",
    "mss/mss-getsockopt-tcp_maxseg-server.pkt",
    "mss/mss-setsockopt-tcp_maxseg-client.pkt",
    "mss/mss-setsockopt-tcp_maxseg-server.pkt",
    "sendfile/sendfile-simple.pkt",
    "shutdown/shutdown-rd-close.pkt",
    "shutdown/shutdown-rd-wr-close.pkt",
    "shutdown/shutdown-rdwr-close.pkt",
    "shutdown/shutdown-rdwr-send-queue-ack-close.pkt",
    "shutdown/shutdown-rdwr-write-queue-close.pkt",
    "shutdown/shutdown-wr-close.pkt",
    "slow_start/slow-start-ack-per-2pkt-send-5pkt.pkt",
    "syscall_bad_arg/sendmsg-empty-iov.pkt",
    "tcp_info/tcp-info-last_data_recv.pkt",
    "ts_recent/fin_tsval.pkt",
    "ts_recent/invalid_ack.pkt",
)
# The same without their questions for tcp_info, which the kernel answers for another connection
WITHOUT_CODE = (
    "cubic/cubic-hystart-delay-min-rtt-jumps-downward.pkt",
    "cubic/cubic-hystart-delay-rtt-jumps-upward.pkt",
    "cubic/cubic-rack-reo-timeout-retrans-failed-incoming-data.pkt",
    "cwnd_moderation/cwnd-moderation-disorder-no-moderation.pkt",
    "cwnd_moderation/cwnd-moderation-ecn-enter-cwr-no-moderation-700.pkt",
    "fast_recovery/prr-ss-10pkt-lost-1.pkt",
    "sack/sack-shift-sacked-2-6-8-3-9-nofack.pkt",
    "sack/sack-shift-sacked-7-3-4-8-9-fack.pkt",
    "sack/sack-shift-sacked-7-5-6-8-9-fack.pkt",
    "slow_start/slow-start-ack-per-1pkt.pkt",
    "slow_start/slow-start-ack-per-2pkt.pkt",
    "slow_start/slow-start-ack-per-2pkt-send-6pkt.pkt",
    "slow_start/slow-start-ack-per-4pkt.pkt",
    "slow_start/slow-start-app-limited.pkt",
    "slow_start/slow-start-app-limited-9-packets-out.pkt",
)


def installed():
    """The path of packetdrill, or None."""
    return shutil.which("packetdrill")


def public_scripts():
    """The folder of packetdrill's own TCP scripts: set, or beside the program; else None."""
    beside = os.path.join(os.path.dirname(os.path.realpath(installed() or "/")), "..", "tcp")
    path = os.environ.get("PACKETDRILL_SCRIPTS", beside)
    return path if os.path.isdir(path) else None


class IdentityGateway(Gateway):
    """A gateway whose daemon passes bytes on as they are."""

    def command(self, name, *argv):
        return super().command(IDENTITY if name == "attlsd" else name, *argv)


class Bench:
    """
    A namespace in which packetdrill opens sockets and plays their remote.

    @pki: for a gateway between the two, which plays the sockets' part on the wire; None: no gateway
    """

    def __init__(self, directory, pki=None):
        self.ns = Namespace("drill")
        self.directory = str(directory)
        self.gateway = None
        # the kernel's default may pace; what scripts expect is a congestion window
        self.ns.sysctl("net.ipv4.tcp_congestion_control", "reno")
        if pki:
            self._begin_gateway(pki)

    def _begin_gateway(self, pki):
        text = rules.client(PORT, reference_id="any") + rules.server(PORT)
        self.gateway = IdentityGateway(self.ns, os.path.join(self.directory, "gateway"), text,
                                       workers=1)
        self.gateway.add_ca(rules.CLIENT_RING, pki.ca)
        self.gateway.add_cert(rules.SERVER_RING, pki.server)
        self.gateway.begin()

    def play(self, script, family=4, timeout=120):
        """Run one script where its own helper files are; return the CompletedProcess."""
        return self.ns.result(installed(), *ADDRESSES[family], *TOLERANCE,
                              os.path.basename(script), timeout=timeout,
                              cwd=os.path.dirname(os.path.abspath(script)))

    def close(self):
        try:
            if self.gateway:
                self.gateway.finish()
        finally:
            self.ns.delete()


def without_code(script):
    """A copy of a script without its %{ }% blocks, which ask the kernel's socket for tcp_info."""
    with open(script) as f:
        text = re.sub(r"^[^\n%]*%\{.*?\}%", "", f.read(), flags=re.DOTALL | re.MULTILINE)
    copy = tempfile.NamedTemporaryFile("w", dir=os.path.dirname(script), suffix=".pkt")
    copy.write(text)
    copy.flush()
    return copy

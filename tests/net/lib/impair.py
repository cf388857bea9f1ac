# SPDX-License-Identifier: GPL-3.0-or-later
# impair.py - an impaired path in the middle of a chain, by the program tests/impair
import json
import os
import signal

from .gateway import program
from .process import Process
from .topology import LEFT, RIGHT
from .wait import wait_for

DEVICES = {LEFT: "impleft", RIGHT: "impright"}
TUN_QUEUE = 20000  # packets; none may be lost that the impairment does not want lost


class Impairment:
    """
    Everything that @node forwards goes through the impairment program from now on.

    @node is an inner node of a chain. What comes in at either interface is routed into a TUN
    device, and comes back from the other one. start() and stop() may alternate; while it is
    stopped nothing passes.
    """

    def __init__(self, node, directory):
        self.node = node
        self.log = os.path.join(str(directory), f"impair-{node.role}.log")
        self.process = None
        node.sysctl("net.ipv4.conf.all.rp_filter", 0)
        node.sysctl("net.ipv4.conf.default.rp_filter", 0)
        for table, (interface, device) in enumerate(DEVICES.items(), 70):
            node.sysctl(f"net.ipv4.conf.{interface}.rp_filter", 0)
            node.run("ip", "tuntap", "add", device, "mode", "tun")
            node.run("ip", "link", "set", device, "txqueuelen", TUN_QUEUE, "up")
            for family in ("-4", "-6"):
                node.run("ip", family, "route", "add", "default", "dev", device, "table", table)
                node.run("ip", family, "rule", "add", "iif", interface, "lookup", table)

    def start(self, up="", down=None, seed=1, canary=None):
        """
        Impair by the words of tests/impair/lane.h ("delay=10ms,loss=1%"), @down as @up if None.

        @up is for what comes from the left. The same @seed does the same to the n-th packet.
        """
        before = len(self._output())
        self.process = Process(self.node.command(
            program("tests/impair"), "--seed", seed, "--up", up,
            "--down", up if down is None else down,
            *(["--canary", canary.decode()] if canary else []), *DEVICES.values()), self.log)
        wait_for(lambda: "impair: ready" in self._output()[before:] or not self.process.alive(),
                 "impairment")
        assert self.process.alive(), self._output()
        self.dropped = self._dropped()
        return self

    def _dropped(self):
        """What the devices' own queues had no room for, or nobody to read it."""
        links = json.loads(self.node.run("ip", "-j", "-s", "link", "show", "type", "tun"))
        return sum(link["stats64"]["tx"]["dropped"] for link in links)

    def _output(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def stop(self):
        """End; return the counters. A packet lost that was not to be lost is an error."""
        dropped = self._dropped() - self.dropped
        self.process.signal(signal.SIGTERM)
        status = self.process.wait()
        assert status == 0, self._output()
        counters = json.loads(self._output().splitlines()[-1])
        assert not any(lane["overflow"] for lane in counters.values()), counters
        assert dropped == 0, f"{dropped} packets were lost before they were impaired"
        return counters

    def close(self):
        if self.process and self.process.alive():
            self.process.kill()

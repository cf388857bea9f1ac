# SPDX-License-Identifier: GPL-3.0-or-later
# topology.py - chains of namespaces joined by veth pairs, with addresses and routes
import subprocess

from .netns import Namespace, sh

LEFT, RIGHT = "left0", "right0"


class Chain:
    """
    Namespaces in a row: node i reaches node i+1 over its interface right0, and back over left0.

    Links count from 1; link i carries 10.77.i.0/24 and fd00:77:i::/64; its left end is .1, its
    right end .2.
    The inner nodes forward; the ends have default routes inwards.
    """

    def __init__(self, *roles, unprivileged=()):
        self.nodes = []
        self.holders = []
        try:
            for role in roles:
                self._add(role, role in unprivileged)
            self._join()
        except BaseException:
            self.delete()
            raise

    def _add(self, role, unprivileged):
        node = self._create_unprivileged(role) if unprivileged else Namespace(role)
        self.nodes.append(node)
        setattr(self, role, node)

    def _create_unprivileged(self, role):
        """A namespace owned by a user namespace of its own, as in a rootless container."""
        holder = subprocess.Popen(["unshare", "--user", "--map-root-user", "--net",
                                   "sh", "-c", "echo up; exec sleep infinity"],
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.holders.append(holder)
        assert holder.stdout.readline() == b"up\n"
        node = Namespace(role, owner_pid=holder.pid)
        node.holder = holder.pid
        return node

    def _join(self):
        for i in range(len(self.nodes) - 1):
            a, b = self.nodes[i], self.nodes[i + 1]
            sh("ip", "link", "add", RIGHT, "netns", a.name, "type", "veth",
               "peer", "name", LEFT, "netns", b.name)
            a.run("ip", "link", "set", RIGHT, "up")
            b.run("ip", "link", "set", LEFT, "up")
            self._address(a, RIGHT, i + 1, 1)
            self._address(b, LEFT, i + 1, 2)
        for i, node in enumerate(self.nodes):
            self._route(i, node)

    @staticmethod
    def _address(node, interface, link, host):
        node.run("ip", "addr", "add", f"10.77.{link}.{host}/24", "dev", interface)
        node.run("ip", "addr", "add", f"fd00:77:{link}::{host}/64", "dev", interface, "nodad")

    def _route(self, i, node):
        last = len(self.nodes) - 1
        if 0 < i < last:
            node.sysctl("net.ipv4.ip_forward", 1)
            node.sysctl("net.ipv6.conf.all.forwarding", 1)
        if i < last:
            self._default(node, i + 1, 2)
        else:
            self._default(node, i, 1)
        for link in range(1, i) if i < last else ():
            node.run("ip", "route", "add", f"10.77.{link}.0/24", "via", f"10.77.{i}.1")
            node.run("ip", "route", "add", f"fd00:77:{link}::/64", "via", f"fd00:77:{i}::1")

    @staticmethod
    def _default(node, link, host):
        node.run("ip", "route", "add", "default", "via", f"10.77.{link}.{host}")
        node.run("ip", "route", "add", "default", "via", f"fd00:77:{link}::{host}")

    def address(self, node, family):
        """The address of an end node (an inner node: the one towards the left)."""
        i = self.nodes.index(node)
        link, host = (1, 1) if i == 0 else (i, 2)
        return f"10.77.{link}.{host}" if family == 4 else f"fd00:77:{link}::{host}"

    def offloads_off(self):
        """Real segments on every link, so that a lost packet is one segment."""
        for i, node in enumerate(self.nodes):
            for interface in ([LEFT] if i else []) + ([RIGHT] if i + 1 < len(self.nodes) else []):
                node.run("ethtool", "-K", interface, "tso", "off", "gso", "off", "gro", "off")

    def delete(self):
        for node in self.nodes:
            node.delete()
        for holder in self.holders:
            holder.kill()
            holder.wait()


def lose(node, probability=0.01):
    """Drop each packet that enters @node, an inner node, with that probability."""
    for tool in ("iptables", "ip6tables"):
        proto = "icmpv6" if tool == "ip6tables" else "icmp"
        node.run(tool, "-t", "raw", "-A", "PREROUTING", "!", "-p", proto, "-m", "statistic",
                 "--mode", "random", "--probability", probability, "-j", "DROP")


def unreachable(chain, family):
    """An address beside the last node that nobody has: the router before it sends ICMP errors."""
    router, link = chain.nodes[-2], len(chain.nodes) - 1
    for ip in ("ipv4", "ipv6"):
        router.sysctl(f"net.{ip}.neigh.{RIGHT}.retrans_time_ms", 100)
    return f"10.77.{link}.99" if family == 4 else f"fd00:77:{link}::99"

# SPDX-License-Identifier: GPL-3.0-or-later
# unmatched.py - what costs connections that no rule can take: worlds with one cost each
"""
Each function prepares both ends of a World. The chains are those in which the gateway has rules,
as far as packets of a host pass them.
"""
from systems import Gateways

CHAINS = (("raw", "PREROUTING", "-i"), ("raw", "OUTPUT", "-o"), ("mangle", "INPUT", "-i"),
          ("mangle", "POSTROUTING", "-o"), ("filter", "INPUT", "-i"), ("filter", "OUTPUT", "-o"))
MANY = 10000


def ends(world):
    return (world.client, world.server)


def bare(world):
    """Nothing at all."""


def one_rule(world):
    """One rule that matches nothing in each chain: what no packet filter can do without."""
    for ns in ends(world):
        for table, chain, option in CHAINS:
            ns.run("iptables", "-t", table, "-A", chain, option, "none0", "-j", "DROP")


def tracking(world):
    """Connection tracking, which any rule with -m conntrack switches on."""
    for ns in ends(world):
        ns.run("iptables", "-t", "raw", "-N", "TRACKED")
        ns.run("iptables", "-t", "raw", "-A", "TRACKED", "-m", "conntrack", "--ctstate", "DNAT")


def gateways(world, more_rules=""):
    both = Gateways(world, 2)
    both.protect(9100)
    both.begin(more_rules)


def with_nat(world):
    """Where there is a chain for NAT, the rules follow it, and connections are tracked."""
    for ns in ends(world):
        ns.run("iptables", "-t", "nat", "-A", "OUTPUT", "-o", "none0", "-j", "RETURN")
    gateways(world)


def many(world):
    """As many addresses in one rule as a long list has."""
    addresses = ", ".join(f"10.{i >> 7}.{i & 127}.{2 * (i % 100) + 1}" for i in range(MANY))
    gateways(world, f"[rule many]\npriority = 5\ndirection = outbound\nremote_port = 443\n"
                    f"remote_addr = {addresses}\naction = no-tls\n[action no-tls]\ntls = reject\n")


SHARES = {"without gateways": bare, "one rule a hook": one_rule, "connection tracking": tracking,
          "attls": gateways, "attls, with NAT": with_nat, f"attls, {MANY} addresses": many}

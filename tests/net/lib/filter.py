# SPDX-License-Identifier: GPL-3.0-or-later
# filter.py - the packet filter, devices and settings of a namespace, to be compared
import re


def filter_rules(ns):
    """All rules and policies of both families, without counters and empty tables."""
    text = ns.run("iptables-save") + ns.run("ip6tables-save")
    return [re.sub(r"\[\d+:\d+\]", "", line) for line in text.splitlines()
            if not re.match(r"#|\*|COMMIT|:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) ACCEPT",
                            line)]


def settings(ns):
    """Sysctls of the network, without those that count or change by themselves."""
    text = ns.run("sysctl", "-a", "-e", "--pattern", r"^net\.(ipv4|ipv6)\.")
    return [line for line in text.splitlines()
            if not re.search(r"stable_secret|random|nf_conntrack|fib_sync_mem|tcp_fastopen_key",
                             line)]


def snapshot(ns):
    return {"rules": filter_rules(ns), "sysctl": settings(ns),
            "links": ns.run("ip", "-br", "link"), "addresses": ns.run("ip", "-br", "addr"),
            "routes": ns.run("ip", "route", "show", "table", "all")
            + ns.run("ip", "-6", "route", "show", "table", "all"),
            "policies": ns.run("ip", "rule") + ns.run("ip", "-6", "rule")}

# SPDX-License-Identifier: GPL-3.0-or-later
# life.py - how long a gateway with many rules takes to begin, and to change its rules
import time

from lib import rules

COUNTS = (10, 1000, 10000)
TIMEOUT = 300


def rule_text(count, generation):
    """@count rules of one address each; every generation has others."""
    text = "".join(
        rules.rule(f"r{i}", "many", direction="outbound", remote_port=443, priority=i + 1,
                   remote_addr=f"10.{generation}.{i >> 8}.{i & 255}") for i in range(count))
    return text + rules.action("many", tls="on", role="client", reference_id="server.test",
                               ring=f"root/{rules.CLIENT_RING}")


def seconds(function, *args):
    began = time.monotonic()
    function(*args)
    return time.monotonic() - began


def measure(world, count):
    """Rules up, daemon ready, a reload that changes nothing, one that changes every rule."""
    gateway = world.gateway("client", rule_text(count, 1), log_level="warning")
    gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    figures = {"up s": seconds(gateway.net, "up", TIMEOUT), "start s": seconds(gateway.start),
               "same reload s": seconds(gateway.run, "attlsctl", "reload")}
    gateway.write_rules(rule_text(count, 2))
    figures["other reload s"] = seconds(gateway.run, "attlsctl", "reload")
    figures["down s"] = seconds(gateway.net, "down", TIMEOUT)
    return figures

# SPDX-License-Identifier: GPL-3.0-or-later
# test_attls_net.py - attls-net up, down and show: what they change, refuse, and give back
import json
import os
import re
import socket
import threading

import pytest

from lib.container import sidecar
from lib.gateway import Gateway
from lib.netns import Namespace, _in_thread
from lib.topology import Chain

RULES = """
[rule out]
priority = 10
direction = outbound
remote_addr = {remote}
remote_port = 443
action = a
[rule in]
priority = 9
direction = inbound
local_port = 8443
action = a
[action a]
tls = on
role = client
ring = r
reference_id = any
"""
V4 = RULES.format(remote="10.9.0.2")
BOTH = RULES.format(remote="10.9.0.2, fd09::2")
V4_ONLY = re.sub(r"(local_port)", r"remote_addr = 0.0.0.0/0\n\1", V4)


@pytest.fixture
def make(tmp_path):
    """Gateways in fresh namespaces, gone after the test."""
    spaces = []

    def create(text=BOTH, wrapper=None, ns=None, **settings):
        if ns is None:
            ns = Namespace(f"n{len(spaces)}")
            spaces.append(ns)
        directory = tmp_path / f"g{len(spaces)}"
        directory.mkdir()
        return Gateway(ns, directory, text, wrapper=wrapper and (lambda *a: wrapper(ns, *a)),
                       **settings)
    yield create
    for ns in spaces:
        ns.delete()


def rules(ns):
    """All rules, policies and chains of both families without counters and empty tables."""
    text = ns.run("iptables-save") + ns.run("ip6tables-save")
    return [re.sub(r" \[\d+:\d+\]", "", line) for line in text.splitlines()
            if not re.match(r"#|\*|COMMIT|:[A-Z]+ ACCEPT", line)]


def sysctls(ns):
    text = ns.run("sysctl", "-a", "-e", "--pattern", r"^net\.")
    return sorted(line for line in text.splitlines()
                  if not re.search(r"stable_secret|random|conntrack_count|fastopen_key|fib_sync",
                                   line))


def ip(ns, *words):
    """What ip says; it complains of namespaces of other tests that end while it asks for names."""
    return ns.run("ip", *words).replace("Error: Peer netns reference is invalid.\n", "")


def snapshot(ns):
    """Duplicate address detection ends when it ends, so what it says of itself is left out."""
    return {"rules": rules(ns), "links": ip(ns, "-d", "link"),
            "addresses": ip(ns, "addr").replace(" tentative", ""), "sysctl": sysctls(ns),
            "routes": ns.run("ip", "route", "show", "table", "all")
            + ns.run("ip", "-6", "route", "show", "table", "all")}


def differences(before, after):
    return {k: sorted(set(after[k]) ^ set(before[k])) if isinstance(after[k], list) else
            (before[k], after[k]) for k in after if before[k] != after[k]}


def interfaces(ns, *names):
    for name in names:
        ns.run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "-p")
        ns.run("ip", "link", "set", name, "up")
    if names:
        ns.run("ip", "addr", "add", "10.5.0.1/24", "dev", names[0])
        ns.run("ip", "addr", "add", "fd05::1/64", "dev", names[0], "nodad")


ROUTER = {"mode": "router", "inside": "in0", "outside": "out0"}


@pytest.mark.parametrize("settings", [{}, ROUTER], ids=["host", "router"])
def test_up_twice_is_up_once_and_down_leaves_nothing(make, settings):
    gateway = make(**settings)
    ns = gateway.ns
    interfaces(ns, "in0", "out0")
    ns.run("iptables", "-A", "INPUT", "-p", "udp", "--dport", "9", "-j", "DROP")
    ns.run("ip6tables", "-P", "FORWARD", "DROP")
    before = snapshot(ns)
    assert gateway.result("attls-net", "show").returncode == 3
    said = gateway.net("up")
    mode = settings.get("mode", "host")
    assert re.fullmatch(rf"attls-net: up: \d+ rules for 4 candidates \({mode} mode, 2 workers\)\n",
                        said)
    once = snapshot(ns)
    assert gateway.net("up") == said
    assert differences(once, snapshot(ns)) == {}
    shown = gateway.net("show")
    assert "state       up" in shown and "10.9.0.2" in shown
    assert "removed" in gateway.net("down")
    assert differences(before, snapshot(ns)) == {}
    assert not os.path.exists(gateway.directory + "/net.state")
    assert "was not up" in gateway.net("down")
    assert gateway.result("attls-net", "show").returncode == 3


def test_rules_written_are_rules_installed(make):
    """The number that up tells is the number of rules in our chains."""
    gateway = make()
    told = int(re.search(r"up: (\d+) rules", gateway.net("up")).group(1))
    assert told == len([r for r in rules(gateway.ns) if r.startswith("-A ATTLS-")])


def test_state_file_tells_the_daemon_how_many_workers(make):
    gateway = make(workers=3)
    gateway.net("up")
    with open(gateway.directory + "/net.state") as f:
        state = dict(line.strip().split("=", 1) for line in f)
    assert (state["workers"], state["mode"], state["queue_base"]) == ("3", "host", "100")


def test_worker_count_stays_while_up(make):
    gateway = make(workers=3)
    gateway.net("up")
    gateway.write_ini(workers=2)
    again = gateway.result("attls-net", "up")
    assert again.returncode == 0 and "3 workers" in again.stdout
    assert "workers = 2" in again.stderr
    gateway.net("down")
    assert "2 workers" in gateway.net("up")


def test_missing_and_misplaced_jumps_are_put_right(make):
    gateway = make()
    ns = gateway.ns
    gateway.net("up")
    good = rules(ns)
    ns.run("iptables", "-t", "mangle", "-F")
    ns.run("ip6tables", "-I", "INPUT", "1", "-p", "udp", "-j", "DROP")
    damaged = gateway.result("attls-net", "show")
    assert damaged.returncode == 4 and "damaged" in damaged.stdout
    gateway.net("up")
    assert gateway.result("attls-net", "show").returncode == 0
    ns.run("ip6tables", "-D", "INPUT", "-p", "udp", "-j", "DROP")
    assert rules(ns) == good


def test_doubled_jump_becomes_one(make):
    gateway = make()
    gateway.net("up")
    good = rules(gateway.ns)
    gateway.ns.run("iptables", "-t", "raw", "-A", "OUTPUT", "!", "-o", "lo", "-p",
                   "tcp", "-j", "ATTLS-PLAIN")
    gateway.net("up")
    assert rules(gateway.ns) == good


def test_candidates_of_one_family_leave_the_other_alone(make):
    gateway = make(V4_ONLY)
    gateway.net("up")
    assert "ATTLS" not in gateway.ns.run("ip6tables-save")
    gateway.write_rules(BOTH)
    gateway.net("up")
    assert "ATTLS" in gateway.ns.run("ip6tables-save")
    gateway.write_rules(V4_ONLY)
    gateway.net("up")
    assert "ATTLS" not in gateway.ns.run("ip6tables-save")


def test_change_of_mode_leaves_no_chain_of_the_other(make):
    gateway = make()
    interfaces(gateway.ns, "in0", "out0")
    gateway.net("up")
    gateway.write_ini(**ROUTER)
    gateway.net("up")
    router = rules(gateway.ns)
    assert not [r for r in router if r.startswith("-A OUTPUT -p tcp")]
    gateway.net("down")
    gateway.net("up")
    assert rules(gateway.ns) == router


def test_docker_user_chain_lets_injected_packets_pass(make):
    gateway = make()
    ns = gateway.ns
    ns.run("iptables", "-N", "DOCKER-USER")
    ns.run("iptables", "-A", "FORWARD", "-j", "DOCKER-USER")
    gateway.net("up")
    assert "-A DOCKER-USER -i attlsw -j ATTLS-FORWARD" in rules(ns)
    gateway.net("down")
    assert "-A FORWARD -j DOCKER-USER" in rules(ns)
    assert not [r for r in rules(ns) if "ATTLS" in r]


# Options

def test_dry_run_prints_and_changes_nothing(make):
    gateway = make()
    before = snapshot(gateway.ns)
    text = gateway.run("attls-net", "up", "--dry-run")
    assert text.count("COMMIT") == 6 and "10.9.0.2" in text and "fd09::2" in text
    assert differences(before, snapshot(gateway.ns)) == {}
    gateway.net("up")
    up = snapshot(gateway.ns)
    assert "-X ATTLS-GUARD" in gateway.run("attls-net", "down", "--dry-run")
    assert differences(up, snapshot(gateway.ns)) == {}


def test_if_up_does_nothing_when_down(make):
    gateway = make()
    before = snapshot(gateway.ns)
    gateway.run("attls-net", "up", "--if-up")
    assert differences(before, snapshot(gateway.ns)) == {}
    gateway.net("up")
    gateway.write_rules(BOTH.replace("443", "444"))
    gateway.run("attls-net", "up", "--if-up")
    assert [r for r in rules(gateway.ns) if "--dport 444" in r]


def test_keep_adds_candidates(make):
    gateway = make()
    gateway.net("up")
    old = gateway.directory + "/old"
    shown = gateway.net("show")
    lines = [line for line in shown.splitlines() if line.startswith(("outbound", "inbound"))]
    with open(old, "w") as f:
        f.write("\n".join(lines) + "\n")
    gateway.write_rules(V4.replace("10.9.0.2", "10.9.0.3"))
    gateway.run("attls-net", "up", "--keep", old)
    text = "\n".join(rules(gateway.ns))
    assert "10.9.0.2" in text and "10.9.0.3" in text and "fd09::2" in text
    gateway.net("up")
    assert "10.9.0.2" not in "\n".join(rules(gateway.ns))


@pytest.mark.parametrize("argv", [[], ["sideways"], ["up", "down"], ["up", "--nonsense"]])
def test_usage(make, argv):
    done = make().result("attls-net", *argv)
    assert done.returncode == 2 and "usage" in done.stderr


# Refusals

def test_bad_rules_change_nothing(make):
    gateway = make()
    gateway.net("up")
    up = snapshot(gateway.ns)
    gateway.write_rules(BOTH.replace("remote_port = 443", "remote_port = 443443"))
    done = gateway.result("attls-net", "up")
    assert done.returncode == 1 and "remote_port" in done.stderr
    assert differences(up, snapshot(gateway.ns)) == {}
    gateway.net("down")


def test_device_of_another_kind_is_not_touched(make):
    gateway = make()
    gateway.ns.run("ip", "link", "add", "attlsw", "type", "veth", "peer", "name",
                   "peer0")
    before = snapshot(gateway.ns)
    done = gateway.result("attls-net", "up")
    assert done.returncode == 1 and "attlsw" in done.stderr
    assert differences(before, snapshot(gateway.ns)) == {}


def test_missing_inside_interface(make):
    done = make(**ROUTER).result("attls-net", "up")
    assert done.returncode == 1 and "in0" in done.stderr


def read_only_sys(ns, *argv):
    """Run with /proc/sys as containers see it."""
    return ns.command("unshare", "-m", "sh", "-c",
                      "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && "
                      'exec "$@"', "sh", *argv)


def test_ipv4_with_read_only_proc_sys(make):
    gateway = make(V4_ONLY, wrapper=read_only_sys)
    ns = gateway.ns
    before = snapshot(ns)
    gateway.net("up")
    for name, value in (("forwarding", "1"), ("accept_local", "1"), ("rp_filter", "2")):
        assert ns.sysctl(f"net.ipv4.conf.attlsw.{name}") == value
    assert ns.sysctl("net.ipv4.conf.attlsp.rp_filter") == "2"
    gateway.net("down")
    assert differences(before, snapshot(ns)) == {}


def test_ipv6_with_read_only_proc_sys_is_refused_with_the_sysctl_named(make):
    gateway = make(wrapper=read_only_sys)
    before = snapshot(gateway.ns)
    done = gateway.result("attls-net", "up")
    assert done.returncode == 1 and "net.ipv6.conf.all.forwarding=1" in done.stderr
    assert differences(before, snapshot(gateway.ns)) == {}
    gateway.ns.sysctl("net.ipv6.conf.all.forwarding", 1)
    gateway.net("up")


def test_any_address_with_read_only_proc_sys_and_no_ipv6_address_warns(make):
    gateway = make(re.sub("remote_addr.*\n", "", BOTH), wrapper=read_only_sys)
    done = gateway.result("attls-net", "up")
    assert done.returncode == 0 and "net.ipv6.conf.all.forwarding=1" in done.stderr
    assert "ATTLS" in gateway.ns.run("ip6tables-save")
    gateway.net("down")
    interfaces(gateway.ns, "d0")
    assert gateway.result("attls-net", "up").returncode == 1


def without_force_forwarding(ns, *argv):
    """As on kernels before 6.17: that one setting cannot be written."""
    path = "/proc/sys/net/ipv6/conf/all/force_forwarding"
    return ns.command("unshare", "-m", "sh", "-c",
                      f"if [ -e {path} ]; then mount --bind {path} {path} && "
                      f"mount -o remount,bind,ro {path}; fi && exec \"$@\"", "sh", *argv)


def test_older_kernels_forward_and_keep_router_advertisements(make):
    gateway = make(wrapper=without_force_forwarding)
    ns = gateway.ns
    interfaces(ns, "eth0.7", "eth1")
    ns.run("ip", "link", "add", "eth2", "type", "veth", "peer", "name", "eth2-p")

    def conf(interface, leaf, value=None):
        """sysctl's own names have no way to write an interface with a dot."""
        def access():
            ns.enter()
            with open(f"/proc/sys/net/ipv6/conf/{interface}/{leaf}", "w" if value else "r") as f:
                return f.write(value) if value else f.read().strip()
        return _in_thread(access)
    conf("eth1", "accept_ra", "0")
    conf("eth2", "forwarding", "1")
    before = snapshot(ns)
    gateway.net("up")
    assert ns.sysctl("net.ipv6.conf.all.forwarding") == "1"
    assert [conf(i, "accept_ra") for i in ("eth0.7", "eth1", "eth2")] == ["2", "0", "2"]
    gateway.net("up")
    gateway.net("down")
    assert differences(before, snapshot(ns)) == {}


@pytest.mark.parametrize("rootless", [False, True])
def test_container_that_shares_the_network_namespace(tmp_path, rootless):
    """Read-only root and /proc/sys; rootless: the namespace belongs to a user namespace."""
    chain = Chain("app", "peer", unprivileged=("app",) if rootless else ())
    try:
        gateway = Gateway(chain.app, tmp_path, V4_ONLY, wrapper=sidecar(chain.app, tmp_path))
        before = snapshot(chain.app)
        gateway.net("up")
        once = snapshot(chain.app)
        gateway.net("up")
        assert differences(once, snapshot(chain.app)) == {}
        assert chain.app.sysctl("net.ipv4.conf.attlsw.accept_local") == "1"
        gateway.net("down")
        assert differences(before, snapshot(chain.app)) == {}
    finally:
        chain.delete()


# The daemon on the control socket

class Daemon:
    """Answers each request line with @answer, and notes the commands."""

    def __init__(self, path, answer):
        self.commands = []
        self.answer = answer
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen()
        self.path = path
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            with s, s.makefile("rw") as f:
                for line in f:
                    self.commands.append(json.loads(line)["command"])
                    f.write(json.dumps(self.answer) + "\n")
                    f.flush()

    def die(self):
        """As by SIGKILL: the socket stays in the file system."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def control(gateway):
    return os.path.join(gateway.directory, "control.sock")


def test_down_has_the_daemon_reset_its_flows(make):
    gateway = make()
    daemon = Daemon(control(gateway), {"ok": True})
    gateway.net("up")
    gateway.net("down")
    gateway.net("up")
    assert daemon.commands == ["resume", "quiesce", "resume"]
    gateway.run("attls-net", "up", "--if-up")  # as the daemon itself calls it, while it waits
    assert daemon.commands == ["resume", "quiesce", "resume"]
    gateway.net("up")  # a daemon that has stopped by itself is told to go on
    assert daemon.commands == ["resume", "quiesce", "resume", "resume"]


def test_down_stays_up_if_the_daemon_refuses(make):
    gateway = make()
    gateway.net("up")
    Daemon(control(gateway), {"ok": False, "errors": ["because"]})
    done = gateway.result("attls-net", "down")
    assert done.returncode == 1 and "because" in done.stderr
    assert gateway.result("attls-net", "show").returncode == 0


def test_down_after_a_killed_daemon_needs_force(make):
    gateway = make()
    before = snapshot(gateway.ns)
    Daemon(control(gateway), {"ok": True}).die()
    gateway.net("up")
    done = gateway.result("attls-net", "down")
    assert done.returncode == 1 and "--force" in done.stderr
    assert gateway.result("attls-net", "show").returncode == 0
    gateway.run("attls-net", "down", "--force")
    assert differences(before, snapshot(gateway.ns)) == {}


def test_down_works_with_rules_that_do_not_load(make):
    gateway = make()
    gateway.net("up")
    gateway.write_rules("nonsense")
    gateway.net("down")


# Side by side, and many

def test_two_namespaces_do_not_see_each_other(make):
    a, b = make(), make(workers=1)
    a.net("up")
    alone = snapshot(a.ns)
    b.net("up")
    assert differences(alone, snapshot(a.ns)) == {}
    a.net("down")
    assert b.result("attls-net", "show").returncode == 0
    b.net("down")


@pytest.mark.limit(240)
def test_ten_thousand_candidates(make):
    """Twice up, show and down take seconds, where a command for each would take minutes."""
    head, rest = V4_ONLY.split("[rule in]")
    many = "".join(head.replace("rule out", f"rule o{i}").replace(
        "10.9.0.2", ", ".join(f"10.{i}.{j}.1" for j in range(100, 200)))
                   for i in range(100))
    gateway = make(many + "[rule in]" + rest)
    assert "10001 candidates" in gateway.net("up", 120)
    assert "10001 candidates" in gateway.net("up", 120)
    gateway.net("show", 120)
    gateway.net("down", 120)
    assert not [r for r in rules(gateway.ns) if "ATTLS" in r]


def test_user_of_the_devices(make):
    gateway = make(user="nobody")
    gateway.net("up")
    assert "user nobody" in gateway.ns.run("ip", "-d", "link", "show", "attlsw")

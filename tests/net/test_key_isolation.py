# SPDX-License-Identifier: GPL-3.0-or-later
# test_key_isolation.py - private keys are in a process of their own, and nowhere else
import os
import re
import signal
import ssl
import subprocess

import pytest

from lib import traffic
from lib.tlspeer import tls_connect
from lib.wait import wait_for
from lib.world import canary

PORT = 9900
CHUNK = 1 << 22


# Processes of a gateway

def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def named(pids, name):
    return [pid for pid in pids if status(pid)["Name"] == name]


def keeper(gateway):
    (pid,) = named(children(gateway.daemon.pid), "attlsd-keeper")
    return pid


def key_process(gateway):
    """The present one, once it is there."""
    return wait_for(lambda: named(children(keeper(gateway)), "attls-key"), "a key process")[0]


def packet_processes(gateway):
    return [gateway.daemon.pid, *children(gateway.daemon.pid)]


# What a key looks like in memory

def numbers(path):
    """The secret numbers of a key file: what OpenSSL calls private or prime."""
    text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    found = re.findall(r"^(?:priv|privateExponent|prime1|prime2):\n((?:\s+[0-9a-f:]+\n)+)", text,
                       re.MULTILINE)
    return [bytes.fromhex(re.sub(r"[^0-9a-f]", "", n)).lstrip(b"\0") for n in found]


def appearances(path):
    """As bytes in either order (a big number is kept by words, the lowest first), and as text."""
    with open(path, "rb") as f:
        lines = [line for line in f.read().splitlines() if len(line) == 64]
    secrets = numbers(path)
    assert secrets and lines
    return [*secrets, *(n[::-1] for n in secrets), *lines[-1:]]


def regions(pid):
    with open(f"/proc/{pid}/maps") as f:
        for line in f:
            fields = line.split()
            if fields[1].startswith("r") and not fields[-1].startswith("[v"):
                yield [int(n, 16) for n in fields[0].split("-")]


def holds(pid, patterns):
    """Whether the memory of @pid has any of @patterns."""
    overlap = max(map(len, patterns))
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end in regions(pid):
            for at in range(start, end, CHUNK):
                try:
                    data = os.pread(memory.fileno(), min(CHUNK + overlap, end - at), at)
                except OSError:
                    continue  # guard pages
                if any(pattern in data for pattern in patterns):
                    return True
    return False


def open_files(pid):
    folder = f"/proc/{pid}/fd"
    return [os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)]


def echoes(s):
    word = canary()
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word


def connect(world):
    return world.closing(tls_connect(world.client, world.server_address, PORT, world.pki.ca))


@pytest.mark.parametrize("bits", [None, 2048], ids=["P-256", "RSA"])
def test_only_the_key_process_holds_the_key(world4, bits):
    world = world4
    world.serve(traffic.echo, PORT)
    cert = world.pki.ca.issue("key", "server.test", "DNS:server.test", bits=bits)
    gateway = world.server_gateway(PORT, cert=cert)
    for _ in range(5):
        echoes(connect(world))
    gateway.ctl("reload")
    echoes(connect(world))
    patterns = appearances(cert.key)
    assert holds(key_process(gateway), patterns), "the search does not find what is there"
    for pid in packet_processes(gateway):
        assert not holds(pid, patterns), status(pid)["Name"]
        assert not [name for name in open_files(pid) if name.endswith(".key")]


def replace_key(world, gateway, generation):
    cert = world.pki.ca.issue(f"renewed{generation}", "server.test", "DNS:server.test")
    gateway.keyring("add", "--id", "root", "--label", "srv", "--cert", cert.pem, "--key", cert.key,
                    "--trust", "--replace")
    gateway.wait_log(f"keyring generation {generation} in force")
    return cert


def test_key_that_nobody_needs_is_forgotten(world4):
    world4.serve(traffic.echo, PORT)
    first = world4.pki.server
    gateway = world4.server_gateway(PORT)
    assert holds(key_process(gateway), appearances(first.key))
    second = replace_key(world4, gateway, 2)
    wait_for(lambda: not holds(key_process(gateway), appearances(first.key)), "no first key")
    old = connect(world4)
    replace_key(world4, gateway, 3)
    echoes(connect(world4))
    echoes(old)  # of the second generation
    assert holds(key_process(gateway), appearances(second.key))


def test_key_process_is_shut_in(world4):
    world4.serve(traffic.echo, PORT)
    gateway = world4.server_gateway(PORT)
    pid = key_process(gateway)
    facts = status(pid)
    assert facts["Seccomp"].strip() == "2" and facts["NoNewPrivs"].strip() == "1"
    reads_files = 1 << 2  # CAP_DAC_READ_SEARCH
    assert int(facts["CapPrm"], 16) & ~reads_files == 0
    with open(f"/proc/{pid}/limits") as f:
        assert re.search(r"^Max core file size +0 +0 ", f.read(), re.MULTILINE)
    names = open_files(pid)
    assert not [n for n in names if not n.startswith("socket:") and names.index(n) > 2], names


def threads(pid):
    return [int(task) for task in os.listdir(f"/proc/{pid}/task")]


def test_each_worker_has_a_channel_of_its_own(world4):
    """And the main thread; a thread at the other end serves each."""
    gateway = world4.server_gateway(PORT, settings={"workers": 3})
    pid = key_process(gateway)
    assert len(threads(pid)) == 4
    assert len([name for name in open_files(pid) if name.startswith("socket:")]) == 4


def test_key_process_lets_workers_go_first(world4):
    gateway = world4.server_gateway(PORT)
    key, packets = threads(key_process(gateway)), threads(gateway.daemon.pid)
    niceness = {task: os.getpriority(os.PRIO_PROCESS, task) for task in key + packets}
    assert len(key) > 1
    assert {os.sched_getscheduler(task) for task in key} == {os.SCHED_BATCH}
    assert {os.sched_getscheduler(task) for task in packets} == {os.SCHED_OTHER}
    assert min(niceness[task] for task in key) > max(niceness[task] for task in packets)


def test_only_the_owner_thread_may_read_other_processes(world4):
    """What reads sockets' owners in /proc could read the key process's memory, too."""
    gateway = world4.server_gateway(PORT)
    pid, trace = gateway.daemon.pid, 1 << 19  # CAP_SYS_PTRACE
    wait_for(lambda: len([task for task in threads(pid)
                          if int(status(task)["CapPrm"], 16) & trace]) == 1, "one such thread")
    assert not int(status(pid)["CapPrm"], 16) & trace


@pytest.mark.sanitized
def test_key_process_ends_and_comes_back(world4):
    world4.serve(traffic.echo, PORT)
    gateway = world4.server_gateway(PORT)
    old = connect(world4)
    echoes(old)
    pid = key_process(gateway)

    os.kill(pid, signal.SIGSTOP)  # a handshake that waits for it
    task = traffic.Task(lambda: connect(world4))
    wait_for(lambda: [f for f in gateway.flows() if f["state"] == "handshake"], "a handshake")
    echoes(old)  # what needs no key goes on
    os.kill(pid, signal.SIGKILL)
    echoes(task.join())  # its successor is asked
    gateway.wait_log("the key process was ended by signal 9")
    assert key_process(gateway) != pid
    echoes(connect(world4))
    echoes(old)


def expect_failure(world, s):
    context = ssl.create_default_context(cafile=world.pki.ca.pem)
    with pytest.raises((OSError, ssl.SSLError)):
        context.wrap_socket(s, server_hostname="server.test")


def test_without_a_key_process_nothing_new_passes(world4):
    word = canary()
    world4.serve(lambda s, _peer: s.sendall(word), PORT)
    gateway = world4.server_gateway(PORT)
    capture = world4.capture()
    pid = key_process(gateway)
    os.kill(keeper(gateway), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    expect_failure(world4, world4.client.connect(world4.server_address, PORT))
    gateway.wait_log("the key process has ended")
    assert capture.count(word) == 0


def test_key_process_has_an_account_of_its_own(world4):
    nobody, daemon = 65534, 1
    world4.serve(traffic.echo, PORT)
    gateway = world4.server_gateway(PORT, begin=False,
                                    settings={"user": "nobody", "key_user": "daemon"})
    gateway.give_keyring(daemon)
    gateway.begin()
    echoes(connect(world4))
    gateway.ctl("reload")
    echoes(connect(world4))
    assert status(key_process(gateway))["Uid"].split() == [str(daemon)] * 4
    # what cannot be dumped or debugged by its own account belongs to root
    assert os.stat(f"/proc/{key_process(gateway)}/mem").st_uid == 0
    assert status(gateway.daemon.pid)["Uid"].split() == [str(nobody)] * 4


def test_key_that_cannot_be_used_is_said_at_the_start(world4):
    gateway = world4.server_gateway(PORT, begin=False)
    other = world4.pki.client.key
    with open(other) as f, open(f"{gateway.keyring_dir}/certs/root/srv.key", "w") as key:
        key.write(f.read())
    gateway.up()
    done = gateway.result("attlsd")
    assert done.returncode == 1
    assert "srv.key: this private key does not belong to the certificate" in done.stderr


def test_account_that_does_not_exist_is_said_at_the_start(world4):
    gateway = world4.server_gateway(PORT, begin=False, settings={"key_user": "no-such-user"})
    gateway.up()
    done = gateway.result("attlsd")
    assert done.returncode == 1
    assert "there is no account no-such-user" in done.stderr

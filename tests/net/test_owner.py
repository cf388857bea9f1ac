# SPDX-License-Identifier: GPL-3.0-or-later
# test_owner.py - whose a connection is: real processes, users and control groups
import os
import pwd
import shutil
import subprocess

import pytest

from lib import rules, traffic
from lib.cgroup import cgroup
from lib.process import Process
from lib.syscalls import stopped
from lib.tlspeer import tls_connect, tls_server
from lib.wait import wait_for
from lib.world import canary

PORT = 9650
ACTOR = os.path.join(os.path.dirname(__file__), "lib", "actor.py")
NOBODY = pwd.getpwnam("nobody").pw_uid
CONTAINER = "0123456789abcdef" * 4


def command(world, address, word, *steps, python="/usr/bin/python3"):
    return [python, ACTOR, address, str(PORT), word, *steps]


def act(world, word, *steps, prefix=(), python="/usr/bin/python3"):
    """Run an actor in the client's namespace to its end; what it printed."""
    argv = [*prefix, *command(world, world.server_address, word, *steps, python=python)]
    done = subprocess.run(world.client.entered(*argv), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, cwd="/",
                          env={"PATH": os.environ["PATH"], "PYTHONHOME": "/usr"})
    return done.stdout.strip()


def protected(world, condition, *steps, on_unknown="reject", **how):
    """Whether what the actor does is taken by a rule with @condition, seen on the wire."""
    word = canary().decode()
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    gateway = world.gateway("client", rules.client(
        PORT, conditions={"on_unknown": on_unknown, **condition}), **how.pop("settings", {}))
    gateway.wrapper = world.client.entered
    gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    gateway.begin()
    capture = world.capture()
    answer = act(world, word, *steps, **how)
    clear = capture.count(word.encode()) > 0
    assert clear != (answer == word), gateway.log()[-2000:]
    return not clear


@pytest.mark.sanitized
@pytest.mark.parametrize("jobname, expected", [
    ("payroll", True), ("pay*", True), ("other, payroll", True), ("paycheck", False)])
def test_process_name(world4, jobname, expected):
    assert protected(world4, {"jobname": jobname}, "name=payroll", "connect") == expected


@pytest.mark.parametrize("jobname, expected", [("mainjob", True), ("threadjob", False)])
def test_a_thread_is_its_process(world4, jobname, expected):
    assert protected(world4, {"jobname": jobname}, "name=mainjob", "thread") == expected


@pytest.mark.parametrize("jobname, expected", [("child", True), ("parent", False)])
def test_short_lived_child_is_itself(world4, jobname, expected):
    assert protected(world4, {"jobname": jobname}, "name=parent", "child", "/",
                     "name=child") == expected


@pytest.mark.parametrize("jobname, expected", [("parent", True), ("child", False)])
def test_of_several_holders_the_first_counts(world4, jobname, expected):
    assert protected(world4, {"jobname": jobname}, "name=parent", "inherited", "/",
                     "name=child") == expected


@pytest.mark.parametrize("expected", [True, False])
def test_program(world4, expected):
    """exe: is the path of the program that runs, which no program chooses for itself."""
    copy = os.path.join(world4.path("bin"), "payd")
    shutil.copy("/usr/bin/python3", copy)
    assert protected(world4, {"jobname": f"exe:{copy}"}, "name=payd", "connect",
                     python=copy if expected else "/usr/bin/python3") == expected


@pytest.mark.parametrize("jobname, expected", [
    ("unit:payroll.service", True), ("unit:pay*", True), ("unit:other.service", False),
    ("cgroup:*/payroll.service", True), ("cgroup:/payroll.service", False)])
def test_unit_and_cgroup(world4, jobname, expected):
    with cgroup("payroll.service") as group:
        assert protected(world4, {"jobname": jobname}, f"cgroup={group.directory}",
                         "connect") == expected


def test_unit_outside_of_any_group(world4):
    """In the root group nobody can say whose manager puts units there: unknown, so refused."""
    word = canary().decode()
    world4.serve(traffic.echo, PORT)
    gateway = world4.client_gateway(PORT, conditions={"jobname": "unit:a.service"}, begin=False)
    gateway.wrapper = world4.client.entered
    gateway.begin()
    assert act(world4, word, "connect") == ""
    gateway.wait_log("owner, which is not known")


@pytest.mark.parametrize("jobname, expected", [
    (f"container:{CONTAINER}", True), (f"container:{CONTAINER[:12]}", True),
    ("container:ffff56789abc", False)])
def test_container_id(world4, jobname, expected):
    with cgroup(f"docker-{CONTAINER}.scope") as group:
        assert protected(world4, {"jobname": jobname}, f"cgroup={group.directory}",
                         "connect") == expected


@pytest.mark.parametrize("jobname, expected", [("container:web", True), ("container:db", False)])
def test_container_name(world4, jobname, expected):
    with cgroup("machine-web.scope") as group:
        assert protected(world4, {"jobname": jobname}, f"cgroup={group.directory}",
                         "connect") == expected


@pytest.mark.parametrize("jobname, expected", [("inside", True), ("outside", False)])
def test_process_of_another_pid_namespace(world4, jobname, expected):
    with cgroup(f"docker-{CONTAINER}.scope") as group:
        assert protected(world4, {"jobname": jobname}, f"cgroup={group.directory}",
                         "name=inside", "connect",
                         prefix=("unshare", "--pid", "--fork", "--mount-proc")) == expected


@pytest.mark.parametrize("jobname, expected", [
    ("unit:maker.service", True), ("unit:user.service", False), ("user", True),
    ("maker", False)])
def test_socket_handed_to_another_process(world4, jobname, expected):
    """Group and unit are those where the socket was made; the process is who has it now."""
    with cgroup("maker.service") as maker, cgroup("user.service") as user:
        assert protected(world4, {"jobname": jobname}, f"cgroup={maker.directory}",
                         "name=maker", "passed", "/", f"cgroup={user.directory}",
                         "name=user") == expected


def test_process_that_moved_is_found(world4):
    with cgroup("old.service") as old, cgroup("new.service") as new:
        assert protected(world4, {"jobname": "mover"}, f"cgroup={old.directory}", "name=mover",
                         "moved", "/", f"cgroup={new.directory}")


@pytest.mark.parametrize("userid, jobname, expected", [
    ("nobody", "payroll", True), ("root", "payroll", False), ("nobody", "other", False)])
def test_user_and_job_both_count(world4, userid, jobname, expected):
    assert protected(world4, {"userid": userid, "jobname": jobname}, "name=payroll",
                     f"uid={NOBODY}", "connect") == expected


@pytest.mark.parametrize("userid, expected", [("nobody", True), ("root", False)])
def test_setuid_program_is_its_files_owner(world4, userid, expected):
    """The effective user counts, whoever has started the program."""
    program = os.path.join(world4.path("bin"), "setuidd")
    shutil.copy("/usr/bin/python3", program)
    os.chown(program, NOBODY, -1)
    os.chmod(program, 0o4755)
    assert protected(world4, {"userid": userid}, "connect", python=program) == expected


@pytest.mark.parametrize("on_unknown, expected", [("match", True), ("no-match", False)])
def test_unknown_is_what_the_rule_says(world4, on_unknown, expected):
    """Without CAP_SYS_PTRACE nobody can tell which program another user's connection is of."""
    word = canary().decode()
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    gateway = world4.gateway("client", rules.client(
        PORT, conditions={"jobname": "payroll", "on_unknown": on_unknown}))
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    plain = world4.client.entered
    gateway.up()
    gateway.wrapper = lambda *argv: plain("setpriv", "--bounding-set=-sys_ptrace", *argv)
    gateway.start()
    gateway.wrapper = plain
    capture = world4.capture()
    act(world4, word, "name=payroll", f"uid={NOBODY}", "connect")
    gateway.wait_log("CAP_SYS_PTRACE")
    assert (capture.count(word.encode()) == 0) == expected


# Inbound: who listens

def start_actor(world, ready, *steps):
    """An actor in the server's namespace that runs until it is killed and has said @ready."""
    process = Process(world.server.entered(*command(world, world.server_address, "-", *steps)),
                      os.path.join(world.directory, "actor.log"))
    process.wait_output(ready)
    return process


def listener(world, *steps):
    return start_actor(world, "listening", *steps)


def serve(world, condition, *steps):
    """Whether the actor's listener, asked by a TLS client, is served by a rule with @condition."""
    gateway = world.server_gateway(PORT, conditions={"on_unknown": "reject", **condition},
                                   begin=False)
    gateway.wrapper = world.server.entered
    gateway.begin()
    actor = listener(world, *steps)
    try:
        s = world.client.connect(world.server_address, PORT)
        s.settimeout(20)
        s.sendall(b"\x16clear")  # answered in clear by the actor, refused by TLS
        answer = s.recv(100)
        s.close()
    except ConnectionError:
        answer = b""
    assert actor.alive() or actor.wait() == 0, actor.output()
    actor.kill()
    assert gateway.daemon.alive()
    return answer == b""


@pytest.mark.parametrize("jobname, expected", [("payd", True), ("other", False)])
def test_listener(world, jobname, expected):
    assert serve(world, {"jobname": jobname}, "name=payd", "listen") == expected


@pytest.mark.parametrize("jobname, expected", [("master", True), ("worker", False)])
def test_forked_server_is_its_master(world4, jobname, expected):
    assert serve(world4, {"jobname": jobname}, "name=master", "serve_in_child", "/",
                 "name=worker") == expected


@pytest.mark.parametrize("condition, expected", [
    ({"userid": "root"}, True), ({"userid": "nobody"}, False),
    ({"jobname": "unit:svc.socket"}, True), ({"jobname": "unit:svc.service"}, False)])
def test_socket_activation_counts_as_who_made_the_socket(world4, condition, expected):
    with cgroup("svc.socket") as maker, cgroup("svc.service") as user:
        assert serve(world4, condition, f"cgroup={maker.directory}", "serve_in_child", "/",
                     f"cgroup={user.directory}", f"uid={NOBODY}") == expected


@pytest.mark.parametrize("userid, expected", [("nobody", True), ("root", False)])
def test_listener_bound_to_a_device(world, userid, expected):
    assert serve(world, {"userid": userid}, "uid=0", f"uid={NOBODY}",
                 "listen_on_device") == expected


def test_tls_reaches_the_listener_of_a_job(world4):
    """And it is shown whose it is."""
    gateway = world4.server_gateway(PORT, conditions={"jobname": "payd"})
    actor = listener(world4, "name=payd", "listen")
    tls = tls_connect(world4.client, world4.server_address, PORT, world4.pki.ca)
    tls.sendall(b"hello")
    assert tls.recv(5) == b"hello"
    row, = wait_for(gateway.flows, "a flow")
    assert (row["process"], row["user"]) == ("payd", "root")
    assert row["exe"].startswith("/usr/bin/python3")
    tls.close()
    actor.kill()


def test_many_at_once(world4):
    """Two dozen connections of as many processes, every second the job's, on a crowded system."""
    world4.stack.callback(start_actor(world4, "crowded", "crowd").kill)
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    gateway = world4.client_gateway(PORT, conditions={"jobname": "payroll"})
    word = canary().decode()
    tasks = [traffic.Task(act, world4, word + str(i), f"name={'payroll' if i % 2 else 'other'}",
                          "connect") for i in range(24)]
    answers = [t.join(80) for t in tasks]
    assert [bool(a) for a in answers] == [bool(i % 2) for i in range(24)]
    assert gateway.ctl_json("stats")["counters"]["owner_timeouts"] == 0


def owner_thread(pid):
    """The one thread of the daemon that may look at other users' processes, and at any file."""
    wanted = f"CapEff:\t{1 << 19 | 1 << 2:016x}\n"
    threads = os.listdir(f"/proc/{pid}/task")

    def has(thread):
        with open(f"/proc/{pid}/task/{thread}/status") as f:
            return wanted in f.read()
    thread, = filter(has, threads)
    return int(thread)


def test_owner_that_is_not_found_in_time(world4):
    """The SYN waits; when it is looked for, the process has ended."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    gateway = world4.client_gateway(PORT, conditions={"jobname": "payroll"})
    word = canary().decode()
    with stopped(owner_thread(gateway.daemon.pid)):
        assert act(world4, word, "name=payroll", "connect") == ""
        assert gateway.ctl_json("stats")["counters"]["owner_timeouts"] == 1
    assert act(world4, word, "name=payroll", "connect") == word
    assert gateway.log().count("owner, which is not known") == 1
    assert gateway.ctl_json("stats")["counters"]["owner_timeouts"] == 1


def test_syn_that_waits_and_is_sent_again_is_one(world4):
    gateway = world4.server_gateway(PORT, conditions={"jobname": "payd"})
    actor = listener(world4, "name=payd", "listen")
    with stopped(owner_thread(gateway.daemon.pid)), pytest.raises(ConnectionRefusedError):
        world4.client.connect(world4.server_address, PORT)
    with tls_connect(world4.client, world4.server_address, PORT, world4.pki.ca) as tls:
        tls.sendall(b"hello")
        assert tls.recv(5) == b"hello"
    assert gateway.ctl_json("stats")["counters"]["opened"] == 1
    actor.kill()

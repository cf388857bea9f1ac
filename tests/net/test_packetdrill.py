# SPDX-License-Identifier: GPL-3.0-or-later
# test_packetdrill.py - the wire leg as packetdrill sees it, with a daemon that passes bytes on
import os
import subprocess

import pytest

from lib import packetdrill
from lib.gateway import ROOT, SANITIZED, program

OWN = sorted(f for f in os.listdir(packetdrill.OWN) if f.endswith(".pkt"))


def symbols(name):
    """The functions that a program wants from libraries."""
    return subprocess.run(["nm", "-D", "--undefined-only", program(name)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


@pytest.fixture(scope="module")
def identity():
    """The daemon that passes bytes on, built on demand."""
    subprocess.run(["make", "-s", "-C", ROOT, "identity", f"SAN={int(SANITIZED)}"], check=True,
                   stdout=subprocess.DEVNULL)


@pytest.fixture
def play(tmp_path, pki, identity):
    """Play a script against a kernel's socket, or against the gateway before one."""
    if not packetdrill.installed():
        pytest.skip("packetdrill is not installed (or not on PATH)")

    def run(path, through):
        bench = packetdrill.Bench(tmp_path / through, pki if through == "gateway" else None)
        try:
            done = bench.play(path)
        finally:
            bench.close()
        assert done.returncode == 0, done.stdout + done.stderr
    return run


def test_only_the_test_daemon_lacks_tls(identity):
    """What is shipped encrypts; what passes bytes on is another program that is not installed."""
    assert "SSL_write_ex" in symbols("attlsd")
    assert "SSL_write_ex" not in symbols(packetdrill.IDENTITY)
    with open(os.path.join(ROOT, "scripts", "install-files")) as f:
        assert "identity" not in f.read()


@pytest.mark.parametrize("through", ["kernel", "gateway"])
@pytest.mark.parametrize("script", OWN)
def test_kernel_and_gateway_answer_alike(play, script, through):
    """The same numbers, blocks, resets and retransmissions, whoever plays the wire's end."""
    play(os.path.join(packetdrill.OWN, script), through)


@pytest.fixture
def public():
    """Where the scripts are that come with packetdrill."""
    directory = packetdrill.public_scripts()
    if not directory:
        pytest.skip("packetdrill's scripts are not there: set PACKETDRILL_SCRIPTS to its tcp/")
    return directory


@pytest.mark.parametrize("script", packetdrill.PUBLIC)
def test_public_script(play, public, script):
    """Those that ask nothing that only the kernel of the socket can know."""
    play(os.path.join(public, script), "gateway")


@pytest.mark.parametrize("script", packetdrill.WITHOUT_CODE)
def test_public_script_without_its_code(play, public, script):
    """Their packets and times, without what they ask tcp_info of a socket on the plain side."""
    with packetdrill.without_code(os.path.join(public, script)) as copy:
        play(copy.name, "gateway")

# SPDX-License-Identifier: GPL-3.0-or-later
# test_keyring_crash.py - killed at any system call, a change leaves a whole directory
import os
import re
import shutil
import subprocess

import pytest

from lib.keyring import Keyring, openssl
from lib.syscalls import run_until

SRV = ("--id", "root", "--label", "srv")
# what a change that did not come to its end may leave behind, besides what was there
HARMLESS = ("is the same certificate as", "has no certificate", "names a key in a token")


@pytest.fixture
def filled(tmp_path):
    return Keyring(tmp_path / "keyring").fill()


def new_pair(tmp_path):
    cert, key = tmp_path / "new.pem", tmp_path / "new.key"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=new", "-keyout", key, "-out", cert, "-days", "9")
    return cert, key


def snapshot(keys):
    """Every file and what is in it, without temporary ones: they have no name that counts."""
    found = {}
    for folder, _, files in os.walk(keys.path):
        for name in files:
            if not name.startswith("."):
                with open(os.path.join(folder, name), "rb") as f:
                    found[os.path.relpath(f.name, keys.path)] = f.read()
    return found


def check_whole(keys, at):
    """What is there can be read, nothing points to nothing, and every key is its certificate's."""
    done = keys.run("list", "--label", "srv", "--json")
    for line in done.stderr.splitlines():
        assert any(word in line for word in HARMLESS) or "there is no certificate" in line, \
            (at, line)
    for cert in keys.json("list"):
        if cert["private_key"] and "key_uri" not in cert:
            owner = "--certauth" if cert["owner"] == "CERTAUTH" else f"--id={cert['owner']}"
            keys.do("genreq", owner, "--label", cert["label"])
    ring, = keys.json("listring", "r")
    assert [c for c in ring["connections"] if c["owner"] == "CERTAUTH"], at
    for filtered in keys.json("listmap"):
        assert filtered["user"] == "alice", at


def kill_everywhere(keys, tmp_path, *argv):
    """
    Run the change once for each system call that it makes under the lock, killed there, and look
    at each state that is left; then let it go on to its end. Return: how many states differed.
    """
    before, command = str(tmp_path / "before"), keys.command(*argv)
    shutil.copytree(keys.path, before)
    total, locked, status = run_until(command, mark=".lock")
    assert status == 0
    states, last = set(), None
    for stop in range(locked, total):  # nothing is changed without the lock
        shutil.rmtree(keys.path)
        shutil.copytree(before, keys.path)
        assert run_until(command, stop)[2] is None
        state = snapshot(keys)
        if state != last:
            check_whole(keys, stop)
            states.add(tuple(sorted(state.items())))
            # the same command, or, where it was done already, its refusal
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0 or "there is no" in done.stderr \
                or "has no certificate" in done.stderr \
                or "there already" in done.stderr, (stop, done.stderr)
            check_whole(keys, stop)
        last = state
    assert total - locked > 20
    return len(states)


@pytest.mark.limit(300)
def test_replacing_certificate_and_key(filled, tmp_path):
    """Four states: as before, two keys beside the old, beside the new certificate, the new."""
    cert, key = new_pair(tmp_path)
    assert kill_everywhere(filled, tmp_path, "add", *SRV, "--cert", cert, "--key", key,
                           "--replace") == 4


@pytest.mark.limit(300)
def test_new_certificate(filled, tmp_path):
    cert, key = new_pair(tmp_path)
    assert kill_everywhere(filled, tmp_path, "add", "--id", "root", "--label", "x", "--cert", cert,
                           "--key", key) == 4


@pytest.mark.limit(300)
def test_change_of_label(filled, tmp_path):
    assert kill_everywhere(filled, tmp_path, "alter", *SRV, "--newlabel", "new") >= 6


@pytest.mark.limit(300)
def test_deletion(filled, tmp_path):
    assert kill_everywhere(filled, tmp_path, "delete", *SRV) >= 4


@pytest.mark.limit(300)
def test_rollover(filled, tmp_path):
    filled.do("rekey", *SRV, "--newlabel", "new")
    assert kill_everywhere(filled, tmp_path, "rollover", *SRV, "--newlabel", "new",
                           "--force") == 3


@pytest.mark.limit(300)
def test_connection(filled, tmp_path):
    assert kill_everywhere(filled, tmp_path, "connect", "--id", "root", "--ring", "r", "--label",
                           "ca", "--owner", "CERTAUTH", "--usage", "site") == 2


# The other verbs that change the directory: what is there before, the change, the states it has.
ED25519 = ("--keytype", "ed25519")
MAP = ("map", "--id", "alice", "--label", "m", "--sdnfilter", "O=Example")
CHANGES = {
    "gencert": ([], ["gencert", "--id", "root", "--label", "x", "--subject", "CN=x", *ED25519], 4),
    "gencert-signed": ([], ["gencert", "--id", "root", "--label", "x", "--subject", "CN=x",
                            "--signwith", "CERTAUTH/ca", *ED25519], 4),
    "rekey": ([], ["rekey", *SRV, "--newlabel", "new"], 4),
    "alter": ([], ["alter", *SRV, "--notrust"], 2),
    "alter-ca": ([], ["alter", "--certauth", "--label", "ca", "--newlabel", "new"], 5),
    "addring": ([], ["addring", "--id", "other", "new"], 2),
    "delring": ([["addring", "--id", "root", "x"]], ["delring", "--id", "root", "x"], 2),
    "remove": ([], ["remove", "--id", "root", "--ring", "r", "--label", "srv"], 2),
    "map": ([], list(MAP), 2),
    "altmap": ([MAP], ["altmap", "--label", "m", "--notrust"], 2),
    "altmap-label": ([MAP], ["altmap", "--label", "m", "--newlabel", "n"], 2),
    "delmap": ([MAP], ["delmap", "--label", "m"], 2),
}


@pytest.mark.limit(300)
@pytest.mark.parametrize("name", CHANGES)
def test_every_change(filled, tmp_path, name):
    before, change, states = CHANGES[name]
    for command in before:
        filled.do(*command)
    assert kill_everywhere(filled, tmp_path, *change) >= states


@pytest.mark.limit(300)
def test_package(filled, tmp_path):
    """A certificate, its key and its CA's certificate, which goes to CERTAUTH."""
    password, package = tmp_path / "password", tmp_path / "p12"
    password.write_text("secret\n")
    filled.do("export", *SRV, "--format", "pkcs12", "--password-file", password, "--out", package)
    filled.do("delete", *SRV)
    assert kill_everywhere(filled, tmp_path, "add", *SRV, "--cert", package, "--password-file",
                           password) >= 4


@pytest.mark.limit(300)
def test_signed_request(filled, tmp_path):
    """What a CA made of a request takes the place of the certificate; the key stays."""
    request, signed = tmp_path / "csr", tmp_path / "signed"
    filled.do("genreq", *SRV, "--out", request)
    filled.do("gencert", "--id", "ca", "--label", "x", "--request", request, "--signwith",
              "CERTAUTH/ca")
    filled.do("export", "--id", "ca", "--label", "x", "--out", signed)
    filled.do("delete", "--id", "ca", "--label", "x")
    assert kill_everywhere(filled, tmp_path, "add", *SRV, "--cert", signed) == 2


URI = "pkcs11:token=a;object=b"


def into_token(keys):
    """The key of srv is in a token now, or so it is said: nobody looks."""
    keys.do("add", *SRV, "--cert", keys.file("certs/root/srv.pem"), "--key", URI)


def uris(keys):
    return [cert.get("key_uri") for cert in keys.json("list", "--id", "root")]


@pytest.mark.limit(300)
def test_key_that_moves_into_a_token(filled, tmp_path):
    """Three states: the file, both, of which the token counts, the token."""
    pem = filled.file("certs/root/srv.pem")
    assert kill_everywhere(filled, tmp_path, "add", *SRV, "--cert", pem, "--key", URI) == 3
    assert uris(filled) == [URI]


@pytest.mark.limit(300)
def test_key_that_moves_into_a_file(filled, tmp_path):
    pair = [tmp_path / "srv.pem", tmp_path / "srv.key"]
    for path in pair:
        shutil.copy(filled.file(f"certs/root/{path.name}"), path)
    into_token(filled)
    assert kill_everywhere(filled, tmp_path, "add", *SRV, "--cert", pair[0], "--key",
                           pair[1]) == 3
    assert uris(filled) == [None]


@pytest.mark.limit(300)
def test_change_of_label_with_a_token(filled, tmp_path):
    into_token(filled)
    assert kill_everywhere(filled, tmp_path, "alter", *SRV, "--newlabel", "new") >= 5
    assert uris(filled) == [URI]


# Kills do not show what a loss of power leaves: that takes what is on disk in time.

DURABLE = {**{name: change[:2] for name, change in CHANGES.items()},
           "add": ([], ["add", *SRV, "--cert", "PEM", "--key", "KEY"]),
           "delete": ([], ["delete", *SRV])}


def traced(argv):
    """The system calls by which @argv changes files, as (name, arguments)."""
    done = subprocess.run(["strace", "-y", "-qq", "-e",
                           "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat",
                           *argv], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert done.returncode == 0, done.stderr
    return re.findall(r"^(\w+)\((.*)\) += 0", done.stderr, re.MULTILINE)


def folder_of(arguments):
    return re.search(r"<([^>]*)>", arguments).group(1)


@pytest.mark.parametrize("name", DURABLE)
def test_every_change_is_on_disk_before_the_next(filled, name):
    """A file is synced before it gets its name, and its folder after that and after removals."""
    before, change = DURABLE[name]
    for command in before:
        filled.do(*command)
    names = {"PEM": filled.file("certs/root/srv.pem"), "KEY": filled.file("certs/root/srv.key")}
    calls = traced(filled.command(*[names.get(word, word) for word in change]))
    changes = 0
    for at, (call, arguments) in enumerate(calls):
        if "rename" in call:
            changes += 1
            assert calls[at - 1][0] == "fsync" and "/.new>" in calls[at - 1][1], calls
            assert calls[at + 1] == ("fsync", calls[at + 1][1]), calls
            assert folder_of(calls[at + 1][1]) == folder_of(arguments), calls
        if call == "unlinkat" and '".new"' not in arguments:
            changes += 1
            later = [folder_of(rest) for name, rest in calls[at:] if name == "fsync"]
            assert folder_of(arguments) in later, calls
    assert changes


def test_writers_wait_for_each_other(filled):
    """Twenty at a time: none loses what another wrote."""
    running = [subprocess.Popen(filled.command("addring", "--id", "u", f"r{i}"))
               for i in range(10)]
    running += [subprocess.Popen(filled.command(
        "gencert", "--id", "u", "--label", f"c{i}", "--subject", "CN=x", "--keytype", "ed25519"))
        for i in range(10)]
    assert [p.wait(60) for p in running] == [0] * 20
    assert len(filled.json("listring", "--id", "u")) == 10
    assert len(filled.json("list", "--id", "u")) == 10

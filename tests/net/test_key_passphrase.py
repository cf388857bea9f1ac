# SPDX-License-Identifier: GPL-3.0-or-later
# test_key_passphrase.py - encrypted private keys: where their passphrase comes from, and where not
import os
import secrets
import ssl

import pytest

from lib import traffic
from lib.keyring import Keyring, openssl
from lib.tlspeer import tls_connect
from lib.world import canary
from test_key_isolation import appearances, holds, key_process, packet_processes

PORT = 9910
FD = 9


def write(path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


class Secret:
    """A passphrase in a file, and the ways in which a gateway gets it."""

    def __init__(self, world):
        self.word = secrets.token_hex(16)
        self.folder = world.path("credentials")
        self.path = write(os.path.join(self.folder, "keys"), self.word + "\n")

    def give(self, gateway, source):
        """Start the programs of @gateway so that @source is there. Return: the setting."""
        ns = gateway.ns
        if source == "fd":
            line = f'exec "$@" {FD}<"{self.path}"'
            gateway.wrapper = lambda *argv: ns.command("sh", "-c", line, "sh", *argv)
            return f"fd:{FD}"
        if source == "credential":
            folder = f"CREDENTIALS_DIRECTORY={self.folder}"
            gateway.wrapper = lambda *argv: ns.command("env", folder, *argv)
            return "credential:keys"
        return f"file:{self.path}"


def encrypt(gateway, word, label="srv", traditional=False):
    """The stored key of @label, encrypted where it lies."""
    path = f"{gateway.keyring_dir}/certs/root/{label}.key"
    form = ["-traditional"] if traditional else []
    text = openssl("pkey", "-in", path, "-aes256", *form, "-passout", f"pass:{word}")
    write(path + ".new", text)
    os.rename(path + ".new", path)
    return text


def encrypted_gateway(world, source, traditional=False):
    world.serve(traffic.echo, PORT)
    secret = Secret(world)
    gateway = world.server_gateway(PORT, begin=False)
    gateway.write_ini(key_passphrase=secret.give(gateway, source))
    text = encrypt(gateway, secret.word, traditional=traditional)
    assert "ENCRYPTED" in text
    return secret, gateway


def echoes(world):
    word = canary()
    s = world.closing(tls_connect(world.client, world.server_address, PORT, world.pki.ca))
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word


def fails(world):
    context = ssl.create_default_context(cafile=world.pki.ca.pem)
    with pytest.raises((OSError, ssl.SSLError)):
        context.wrap_socket(world.connect(PORT), server_hostname="server.test")


@pytest.mark.sanitized
@pytest.mark.parametrize("source, traditional",
                         [("fd", False), ("credential", False), ("file", False), ("file", True)])
def test_handshake_with_an_encrypted_key(world4, source, traditional):
    _, gateway = encrypted_gateway(world4, source, traditional)
    gateway.begin()
    echoes(world4)


@pytest.mark.parametrize("source", ["fd", "credential", "file"])
def test_passphrase_is_in_no_process_of_packets(world4, source):
    secret, gateway = encrypted_gateway(world4, source)
    gateway.begin()
    echoes(world4)
    patterns = [secret.word.encode(), *appearances(world4.pki.server.key)]
    assert holds(key_process(gateway), patterns[:1])
    assert holds(key_process(gateway), patterns[1:])
    (keeper,) = [pid for pid in packet_processes(gateway) if is_keeper(pid)]
    for pid in packet_processes(gateway):
        assert not holds(pid, patterns[1:] if pid == keeper else patterns), pid
        assert not os.path.exists(f"/proc/{pid}/fd/{FD}") or \
            secret.path != os.readlink(f"/proc/{pid}/fd/{FD}")


def is_keeper(pid):
    with open(f"/proc/{pid}/comm") as f:
        return f.read().strip() == "attlsd-keeper"


@pytest.mark.parametrize("source", ["fd", "file"])
def test_successor_has_the_passphrase(world4, source):
    secret, gateway = encrypted_gateway(world4, source)
    gateway.begin()
    os.unlink(secret.path)
    pid = key_process(gateway)
    os.kill(pid, 9)
    gateway.wait_log("the key process was ended by signal 9")
    echoes(world4)
    assert key_process(gateway) != pid


@pytest.mark.parametrize("setting, says", [
    ("fd:77", "fd:77: the passphrase cannot be read: this descriptor is not open"),
    ("file:/nonexistent", "/nonexistent: the passphrase cannot be read: No such file"),
    ("credential:keys", "credential:keys: .*systemd has handed over no credentials"),
    (None, "is encrypted, and there is no passphrase: set .gateway. key_passphrase")])
def test_without_the_passphrase(world4, setting, says):
    _, gateway = encrypted_gateway(world4, "file")
    gateway.write_ini(**({"key_passphrase": setting} if setting else {}))
    gateway.begin()
    gateway.wait_log(says)
    gateway.wait_log(r"srv\.key: the private key is encrypted, and there is no passphrase")
    fails(world4)


@pytest.mark.parametrize("word, mode, says", [
    ("wrong\n", 0o600, r"srv\.key: the private key is encrypted, and not with the passphrase"),
    ("\n", 0o600, "the passphrase is empty"),
    ("x" * 1024, 0o600, "the passphrase has more than 1023 bytes"),
    ("wrong\n", 0o604, r"passphrase with loose permissions \(mode 0604\): chmod 600")])
def test_wrong_passphrase(world4, word, mode, says):
    secret, gateway = encrypted_gateway(world4, "file")
    write(secret.path, word, mode)
    gateway.begin()
    gateway.wait_log(says)
    fails(world4)


def test_encrypted_key_that_comes_while_the_gateway_runs(world4):
    secret, gateway = encrypted_gateway(world4, "file")
    gateway.begin()
    cert = world4.pki.ca.issue("renewed", "server.test", "DNS:server.test")
    gateway.keyring("--passphrase", f"file:{secret.path}", "add", "--id", "root", "--label", "srv",
                    "--cert", cert.pem, "--key", cert.key, "--trust", "--replace")
    gateway.wait_log("keyring generation 2 in force")
    with open(f"{gateway.keyring_dir}/certs/root/srv.key") as f:
        assert f.readline() == "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    echoes(world4)
    assert holds(key_process(gateway), appearances(cert.key))


def test_check_opens_encrypted_keys(world4):
    secret, gateway = encrypted_gateway(world4, "file")
    done = gateway.result("attlsd", "--check")
    assert done.returncode == 0 and not done.stderr, done.stderr
    write(secret.path, "wrong\n")
    done = gateway.result("attlsd", "--check")
    assert done.returncode == 0
    assert "is encrypted, and this passphrase does not open it" in done.stderr


# attls-keyring

def first_line(keys, name):
    with open(keys.file(name)) as f:
        return f.readline()


@pytest.mark.sanitized
def test_tool_keeps_keys_encrypted(tmp_path):
    word = write(tmp_path / "word", "of the test\n")
    keys, with_word = Keyring(tmp_path / "keyring"), ["--passphrase", f"file:{word}"]
    keys.do(*with_word, "gencert", "--certauth", "--label", "ca", "--subject", "CN=CA",
            "--keytype", "nistecc")
    assert "ENCRYPTED" in first_line(keys, "certs/CERTAUTH/ca.key")
    web = ["gencert", "--id", "root", "--label", "web", "--subject", "CN=web", "--keytype",
           "nistecc", "--signwith", "CERTAUTH/ca"]
    assert keys.run(*web).returncode == 1
    keys.do(*with_word, *web)
    keys.refused("genreq", "--id", "root", "--label", "web", says="no passphrase is given")
    keys.do(*with_word, "genreq", "--id", "root", "--label", "web", "--out", tmp_path / "req")
    keys.refused("alter", "--id", "root", "--label", "web", "--newlabel", "w", says="encrypted")
    assert "ENCRYPTED" in first_line(keys, "certs/root/web.key")
    keys.do(*with_word, "alter", "--id", "root", "--label", "web", "--newlabel", "w")
    assert "ENCRYPTED" in first_line(keys, "certs/root/w.key")


@pytest.mark.parametrize("source, code, says", [
    ("secret", 2, "--passphrase: is none of fd:N (from 3), credential:NAME, file:PATH"),
    ("fd:88", 1, "fd:88: the passphrase cannot be read: this descriptor is not open"),
    ("file:/nonexistent", 1, "/nonexistent: the passphrase cannot be read")])
def test_tool_says_what_is_wrong_with_a_source(tmp_path, source, code, says):
    Keyring(tmp_path / "keyring").refused("--passphrase", source, "list", code=code, says=says)

# SPDX-License-Identifier: GPL-3.0-or-later
# test_key_pkcs11.py - private keys in PKCS#11 tokens: real handshakes, and what can be wrong
import os
import re
import signal
import ssl
import subprocess

import pytest

from lib import rules, traffic
from lib.askers import Asked
from lib.gateway import program
from lib.keyring import Keyring, openssl, sh
from lib.tlspeer import tls_connect, tls_server
from lib.token import LABEL, MODULE, SPY, Tokens, shim
from lib.wait import wait_for
from lib.world import canary
from test_key_isolation import (appearances, children, holds, key_process, open_files,
                                packet_processes, status)

PORT = 9920
EC_KEY = "EC:prime256v1"


@pytest.fixture
def tokens(tmp_path, monkeypatch):
    """A token that all programs of this test find."""
    found = Tokens(tmp_path / "hsm")
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


# Gateways

def add(gateway, uri, cert, *options, label="srv"):
    gateway.keyring(*options, "add", "--id", "root", "--label", label, "--cert", cert.pem,
                    "--key", uri)


def with_ring(gateway):
    gateway.add_ring(rules.SERVER_RING)
    gateway.keyring("connect", "--id", "root", "--ring", rules.SERVER_RING, "--label", "srv",
                    "--default")


def bare_gateway(world, tokens, settings=None, handler=traffic.echo, **keys):
    world.serve(handler, PORT)
    settings = tokens.settings() if settings is None else settings
    return world.gateway("server", rules.server(PORT, **keys), **settings)


def imported(world, tokens, settings=None, begin=True, uri=None, **keys):
    """A gateway that serves with a key that the test knows; a copy of it is in the token."""
    gateway = bare_gateway(world, tokens, settings, **keys)
    there = tokens.bring(world.pki.server)
    add(gateway, uri or there, world.pki.server)
    with_ring(gateway)
    return gateway.begin() if begin else gateway


def issued(world, tokens, kind, *options, **keys):
    """A gateway whose key never was outside the token."""
    gateway = bare_gateway(world, tokens, **keys)
    gateway.keyring("add", "--certauth", "--label", "ca", "--cert", world.pki.ca.pem,
                    "--key", world.pki.ca.cert.key)
    gateway.keyring(*tokens.tool(), "gencert", "--id", "root", "--label", "srv", "--subject",
                    "CN=server.test", "--altname", "DNS:server.test", "--signwith", "CERTAUTH/ca",
                    "--key", tokens.make(kind, "srv", "01", *options))
    with_ring(gateway)
    return gateway.begin()


def connect(world):
    return world.closing(tls_connect(world.client, world.server_address, PORT, world.pki.ca))


def echoes(world, s=None):
    word = canary()
    s = s or connect(world)
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word


def fails(world):
    context = ssl.create_default_context(cafile=world.pki.ca.pem)
    with pytest.raises((OSError, ssl.SSLError)):
        context.wrap_socket(world.connect(PORT), server_hostname="server.test")


# Handshakes

SIGNATURES = [
    ("rsa:2048", "TLSv1.3", [], "RSA-PSS"),
    ("rsa:2048", "TLSv1.3", ["-sigalgs", "RSA-PSS+SHA512"], "RSA-PSS"),
    ("rsa:3072", "TLSv1.2", ["-sigalgs", "RSA+SHA256"], "RSA"),
    ("rsa:2048", "TLSv1.2", ["-sigalgs", "RSA+SHA512"], "RSA"),
    (EC_KEY, "TLSv1.3", [], "ECDSA"),
    (EC_KEY, "TLSv1.2", ["-sigalgs", "ECDSA+SHA512"], "ECDSA"),  # longer than the curve's order
    ("EC:secp384r1", "TLSv1.3", [], "ECDSA"),
    ("EC:secp521r1", "TLSv1.2", ["-sigalgs", "ECDSA+SHA512"], "ECDSA"),
    ("EC:edwards25519", "TLSv1.3", [], "ed25519"),
    ("EC:edwards25519", "TLSv1.2", [], "ed25519"),
]


@pytest.mark.parametrize("kind, version, options, says", SIGNATURES)
def test_server_signs_with_a_key_in_a_token(world4, tokens, kind, version, options, says):
    issued(world4, tokens, kind)
    asked = Asked(world4, "asked", "openssl", PORT, version, None, *options)
    assert asked.served
    assert f"Peer signature type: {says}\n" in asked.client.output()


RSA_SUITES = {"versions": "TLSv1.2", "ciphers": "TLS_RSA_WITH_AES_128_GCM_SHA256"}


def test_rsa_key_exchange_decrypts_in_the_token(world4, tokens):
    issued(world4, tokens, "rsa:2048", **RSA_SUITES)
    asked = Asked(world4, "asked", "openssl", PORT, "TLSv1.2", None, "-cipher", "AES128-GCM-SHA256")
    assert asked.served
    assert "Cipher is AES128-GCM-SHA256" in asked.client.output()


@pytest.mark.sanitized
def test_client_presents_a_certificate_whose_key_is_in_a_token(world4, tokens):
    world = world4
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             lambda s, _peer: s.sendall(str(s.getpeercert()["subject"]).encode()),
                             ca=world.pki.ca))
    gateway = world.client_gateway(PORT, begin=False, settings=tokens.settings())
    add(gateway, tokens.bring(world.pki.client, "cli"), world.pki.client, label="cli")
    gateway.keyring("connect", "--id", "root", "--ring", rules.CLIENT_RING, "--label", "cli",
                    "--default")
    gateway.begin()
    assert b"client.test" in traffic.receive_all(world.connect(PORT))


@pytest.mark.sanitized
def test_many_handshakes_at_a_time(world4, tokens):
    imported(world4, tokens)
    tasks = [traffic.Task(lambda: echoes(world4)) for _ in range(20)]
    for task in tasks:
        task.join()


def test_key_that_wants_the_pin_each_time(world4, tokens):
    issued(world4, tokens, EC_KEY, "--always-auth")
    echoes(world4)
    echoes(world4)


# Who has what

def maps(pid, name):
    with open(f"/proc/{pid}/maps") as f:
        return name in f.read()


def test_packets_are_far_from_token_and_pin(world4, tokens):
    gateway = imported(world4, tokens)
    for _ in range(5):
        echoes(world4)
    gateway.ctl("reload")
    echoes(world4)
    pin, key = [tokens.pin.encode()], appearances(world4.pki.server.key)
    assert holds(key_process(gateway), pin) and maps(key_process(gateway), "softhsm")
    for pid in packet_processes(gateway):
        name = status(pid)["Name"]
        assert not holds(pid, key if name == "attlsd-keeper" else key + pin), name
        assert not maps(pid, "softhsm"), name
        assert not [file for file in open_files(pid) if tokens.directory in file], name


def test_key_process_with_a_module_is_shut_in_all_the_same(world4, tokens):
    gateway = imported(world4, tokens)
    facts = status(key_process(gateway))
    assert facts["Seccomp"].strip() == "2" and facts["NoNewPrivs"].strip() == "1"
    assert int(facts["CapPrm"], 16) & ~(1 << 2) == 0  # CAP_DAC_READ_SEARCH


def test_key_process_without_a_module_loads_none(world4, tokens):
    gateway = imported(world4, tokens, settings={})
    gateway.wait_log("there is no PKCS#11 module: name one")
    assert not maps(key_process(gateway), "softhsm")
    fails(world4)


@pytest.mark.sanitized
def test_successor_logs_in_again(world4, tokens):
    gateway = imported(world4, tokens)
    os.unlink(tokens.pin_file)
    pid = key_process(gateway)
    os.kill(pid, signal.SIGKILL)
    gateway.wait_log("the key process was ended by signal 9")
    echoes(world4)
    assert key_process(gateway) != pid


def test_account_of_its_own(world4, tokens):
    gateway = imported(world4, tokens, begin=False,
                       settings={**tokens.settings(), "user": "nobody", "key_user": "daemon"})
    gateway.give_keyring(1)
    for folder, _, files in os.walk(tokens.directory):
        os.chown(folder, 1, 1)
        for name in files:
            os.chown(os.path.join(folder, name), 1, 1)
    gateway.begin()
    echoes(world4)


# A module that is slow, and one that loses its sessions

def test_slow_token_holds_up_no_other_connection(world4, tokens, monkeypatch):
    monkeypatch.setenv("SHIM_DELAY", "3")
    gateway = imported(world4, tokens, settings=tokens.settings(shim(tokens.directory)),
                       handshake_timeout="20s")
    old = connect(world4)
    echoes(world4, old)
    task = traffic.Task(lambda: connect(world4))
    wait_for(lambda: [f for f in gateway.flows() if f["state"] == "handshake"], "a handshake")
    for _ in range(5):
        echoes(world4, old)
    assert [f for f in gateway.flows() if f["state"] == "handshake"]
    echoes(world4, task.join())


@pytest.mark.parametrize("when", ["1", "2", "3"])
def test_sessions_that_end_are_begun_anew(world4, tokens, monkeypatch, when):
    monkeypatch.setenv("SHIM_LOSE", when)
    imported(world4, tokens, settings=tokens.settings(shim(tokens.directory)))
    for _ in range(4):
        echoes(world4)


# What can be wrong

def without_pin(tokens):
    return {"pkcs11_module": MODULE}


def with_module(path):
    return lambda tokens: {**tokens.settings(), "pkcs11_module": path}


WRONG = [
    (without_pin, None, "the token wants a PIN: name its place"),
    (with_module("/nonexistent.so"), None, r"\[gateway\] pkcs11_module: /nonexistent.so: "
     r"the PKCS#11 module is not there"),
    (with_module("/lib/x86_64-linux-gnu/libc.so.6"), None, "is no PKCS#11 module"),
    (Tokens.settings, "pkcs11:token=elsewhere;object=srv", "there is no such token: plug it in"),
    (Tokens.settings, f"pkcs11:token={LABEL.replace(' ', '%20')};object=other",
     "the token has no such private key"),
]


@pytest.mark.sanitized
@pytest.mark.parametrize("settings, uri, says", WRONG)
def test_handshake_fails_with_a_reason(world4, tokens, settings, uri, says):
    word = canary()
    gateway = imported(world4, tokens, settings(tokens), uri=uri,
                       handler=lambda s, _peer: s.sendall(word))
    capture = world4.capture()
    gateway.wait_log(says)
    before = len(re.findall(r"pkcs11:token=", gateway.log()))
    fails(world4)
    wait_for(lambda: len(re.findall(r"pkcs11:token=", gateway.log())) > before,
             "the reason once more, of the connection")
    assert capture.count(word) == 0


def test_two_keys_or_tokens_of_one_name_are_not_chosen_from(world4, tokens):
    uri = tokens.make(EC_KEY, "twin", "07")
    tokens.make(EC_KEY, "twin", "08")
    tokens.init("double")
    tokens.init("double")
    gateway = imported(world4, tokens, uri=uri)
    gateway.wait_log("the token has several such private keys: add id=")
    add(gateway, tokens.uri("srv", label="double"), world4.pki.server)
    gateway.wait_log("2 tokens have this name: add serial=")


def test_wrong_pin_is_not_tried_twice(world4, tokens, monkeypatch):
    output = tokens.directory + "/spy.log"
    monkeypatch.setenv("PKCS11SPY", MODULE)
    monkeypatch.setenv("PKCS11SPY_OUTPUT", output)
    wrong = tokens.write_pin("wrong-" + tokens.pin, "wrong")
    gateway = imported(world4, tokens, {"pkcs11_module": SPY, "pkcs11_pin": f"file:{wrong}"})
    gateway.wait_log("the token refuses the PIN: correct it, and start again")
    for _ in range(3):
        fails(world4)
    gateway.ctl("reload")
    with open(output) as f:
        assert len(re.findall(r": C_Login\n", f.read())) == 1
    assert "wrong-" + tokens.pin not in gateway.log()


@pytest.mark.parametrize("flags, says", [
    ("20000", "the token has one try left, which is not for programs"),  # CKF_USER_PIN_FINAL_TRY
    ("40000", "the token is locked after wrong PINs: unlock it")])       # CKF_USER_PIN_LOCKED
def test_last_try_is_not_ours(world4, tokens, monkeypatch, flags, says):
    monkeypatch.setenv("SHIM_FLAGS", flags)
    gateway = imported(world4, tokens, tokens.settings(shim(tokens.directory)))
    gateway.wait_log(says)
    fails(world4)


@pytest.mark.parametrize("how, place, says", [
    ("SHIM_END", "C_Initialize", "with this module the key process has ended before it was ready"),
    ("SHIM_HANG", "C_Initialize", "with this module the key process has ended before it was ready"),
    ("SHIM_END", "C_Login", "with this module key processes end again and again")])
def test_bad_module_ends_no_gateway(world4, tokens, monkeypatch, how, place, says):
    monkeypatch.setenv(how, place)
    gateway = imported(world4, tokens, tokens.settings(shim(tokens.directory)))
    gateway.wait_log(says)
    assert gateway.log().count("the key process was ended by signal") <= 3
    fails(world4)
    gateway.wait_log("has ended the key process, and is not used any more")
    assert not maps(key_process(gateway), "shim")
    gateway.ctl("reload")


def test_key_of_another_certificate_is_refused(world4, tokens):
    gateway = bare_gateway(world4, tokens)
    add(gateway, tokens.bring(world4.pki.client), world4.pki.server)
    with_ring(gateway)
    gateway.up()
    done = gateway.result("attlsd")
    assert done.returncode == 1
    assert f"the private key at {tokens.uri('srv')} does not belong to this certificate" \
        in done.stderr


def test_other_keys_go_on_without_the_token(world4, tokens):
    gateway = imported(world4, tokens, without_pin(tokens), begin=False, label="file")
    gateway.add_cert(rules.SERVER_RING, world4.pki.wrong_host, "file", new_ring=False)
    gateway.begin()
    gateway.wait_log("the token wants a PIN")
    with pytest.raises(ssl.SSLCertVerificationError, match="elsewhere.test|Hostname mismatch"):
        connect(world4)


# While the gateway runs

def test_key_moves_into_a_token_and_back(world4, tokens):
    world4.serve(traffic.echo, PORT)
    cert = world4.pki.server
    gateway = world4.server_gateway(PORT, settings=tokens.settings())
    old = connect(world4)
    uri = tokens.bring(cert)
    add(gateway, uri, cert, *tokens.tool())
    gateway.wait_log("keyring generation 2 in force")
    assert not os.path.exists(f"{gateway.keyring_dir}/certs/root/srv.key")
    wait_for(lambda: not holds(key_process(gateway), appearances(cert.key)[-1:]), "no file's key")
    echoes(world4)
    gateway.keyring("add", "--id", "root", "--label", "srv", "--cert", cert.pem, "--key", cert.key)
    gateway.wait_log("keyring generation 3 in force")
    with open(f"{gateway.keyring_dir}/certs/root/srv.meta") as f:
        assert "pkcs11" not in f.read()
    echoes(world4)
    echoes(world4, old)


def test_request_renewal_keeps_the_token(world4, tokens):
    """GENREQ, a CA elsewhere, ADD: the key stays where it is, and the ring has the new one."""
    gateway = issued(world4, tokens, EC_KEY)
    request = gateway.keyring(*tokens.tool(), "genreq", "--id", "root", "--label", "srv")
    pem = world4.path("signed") + "/srv.pem"
    openssl("x509", "-req", "-CA", world4.pki.ca.pem, "-CAkey", world4.pki.ca.cert.key, "-out", pem,
            "-copy_extensions", "copy", "-days", "9", input=request)
    gateway.keyring("add", "--id", "root", "--cert", pem)
    gateway.wait_log("keyring generation 2 in force")
    s = connect(world4)
    echoes(world4, s)
    assert ssl.DER_cert_to_PEM_cert(s.getpeercert(True)).split() == open(pem).read().split()


# attlsd --check

def test_check_looks_into_the_token(world4, tokens):
    gateway = imported(world4, tokens, begin=False)
    done = gateway.result("attlsd", "--check")
    assert done.returncode == 0 and not done.stderr, done.stderr
    tokens.write_pin("wrong")
    done = gateway.result("attlsd", "--check")
    assert done.returncode == 0 and "the token refuses the PIN" in done.stderr
    gateway.write_ini(**{**tokens.settings(), "pkcs11_module": "libsofthsm2.so"})
    done = gateway.result("attlsd", "--check")
    assert done.returncode == 1 and "is no path from / on" in done.stderr


# attls-keyring

@pytest.fixture
def keys(tmp_path, tokens):
    return Keyring(tmp_path / "keyring")


def gencert(keys, tokens, uri, *options, label="web"):
    keys.do(*tokens.tool(), "gencert", "--id", "root", "--label", label, "--subject",
            f"CN={label}", "--key", uri, *options)


@pytest.mark.parametrize("kind", ["rsa:2048", EC_KEY, "EC:edwards25519"])
def test_ca_in_a_token_signs(tmp_path, keys, tokens, kind):
    uri = tokens.make(kind, "ca")
    keys.do(*tokens.tool(), "gencert", "--certauth", "--label", "ca", "--subject", "CN=CA",
            "--key", uri)
    keys.refused("gencert", "--id", "root", "--label", "web", "--subject", "CN=web",
                 "--signwith", "CERTAUTH/ca",
                 says="the private key of CERTAUTH/ca is in a token: name the module and the PIN")
    keys.do(*tokens.tool(), "gencert", "--id", "root", "--label", "web", "--subject", "CN=web",
            "--signwith", "CERTAUTH/ca")
    ca, web = keys.file("certs/CERTAUTH/ca.pem"), keys.file("certs/root/web.pem")
    openssl("verify", "-CAfile", ca, web)
    subprocess.run(["certtool", "--verify", "--load-ca-certificate", ca, "--infile", web],
                   check=True, stdout=subprocess.PIPE)
    assert sorted(os.listdir(keys.file("certs/CERTAUTH"))) == ["ca.meta", "ca.pem"]


def test_list_shows_where_the_key_is(keys, tokens):
    uri = tokens.make(EC_KEY)
    gencert(keys, tokens, uri)
    keys.do("addring", "--id", "root", "r")
    keys.do("connect", "--id", "root", "--ring", "r", "--label", "web", "--default")
    assert re.search(r"^root +web +TRUST +token ", keys.do("list"), re.MULTILINE)
    assert f"Key in token       {uri}\n" in keys.do("list", "--id", "root", "--label", "web")
    (entry,) = keys.json("list")
    assert entry["private_key"] is True and entry["key_uri"] == uri
    assert re.search(r"TRUST +token$", keys.do("listring"), re.MULTILINE)


def test_key_stays_with_its_certificate(keys, tokens):
    uri = tokens.make(EC_KEY)
    gencert(keys, tokens, uri)
    keys.do("alter", "--id", "root", "--label", "web", "--notrust")
    keys.do("alter", "--id", "root", "--label", "web", "--newlabel", "site")
    (entry,) = keys.json("list")
    assert (entry["label"], entry["trust"], entry["key_uri"]) == ("site", "NOTRUST", uri)
    done = keys.run("delete", "--id", "root", "--label", "site")
    assert done.returncode == 0 and f"the private key stays in its token: {uri}" in done.stderr
    assert keys.json("list") == []
    gencert(keys, tokens, uri)  # so it does


def test_rekey_and_rollover_from_token_to_token(keys, tokens):
    first, second = tokens.make(EC_KEY, "first", "01"), tokens.make("rsa:2048", "second", "02")
    gencert(keys, tokens, first)
    keys.do("addring", "--id", "root", "r")
    keys.do("connect", "--id", "root", "--ring", "r", "--label", "web", "--default")
    rekey = ["rekey", "--id", "root", "--label", "web", "--newlabel", "next"]
    keys.refused(*tokens.tool(), *rekey, says="is in a token: make a new one there, and give it")
    keys.do(*tokens.tool(), *rekey, "--key", second)
    keys.do("rollover", "--id", "root", "--label", "web", "--newlabel", "next")
    by_label = {entry["label"]: entry for entry in keys.json("list")}
    assert by_label["next"]["key_uri"] == second and by_label["next"]["rings"] == ["root/r"]
    assert not by_label["web"]["private_key"] and by_label["web"]["rings"] == []


def test_add_looks_for_the_key(world4, keys, tokens):
    cert, other = world4.pki.server, world4.pki.client
    uri = tokens.bring(cert)
    web = ["add", "--id", "root", "--label", "web"]
    keys.refused(*tokens.tool(), *web, "--cert", other.pem, "--key", uri,
                 says="does not belong to this certificate")
    keys.refused(*tokens.tool(), *web, "--cert", cert.pem, "--key", tokens.uri("none"),
                 says="nothing is stored")
    assert keys.json("list") == []
    done = keys.run(*web, "--cert", cert.pem, "--key", uri)
    assert done.returncode == 0 and "this key was not looked for" in done.stderr
    done = keys.run(*tokens.tool(), *web, "--cert", cert.pem, "--key", uri)
    assert done.returncode == 0 and not done.stderr
    keys.refused(*web, "--replace", "--cert", other.pem, "--key", other.key,
                 says="one of the two is in a token: store this one under another label")


REFUSED_URIS = [
    ("pkcs11:token=a;object=b?pin-value=4711", "carries a PIN (pin-value): take it out"),
    ("pkcs11:token=a;object=b?pin-source=file:/pin", "names the place of a PIN (pin-source)"),
    ("pkcs11:token=a;object=b?module-path=/m.so", "names a module: take it out"),
    ("pkcs11:object=b", "names no token: add token= or serial="),
    ("pkcs11:token=a", "names no key: add object= or id="),
    ("pkcs11:token=a;object=b;type=cert", "is about no private key"),
    ("pkcs11:token=a;object=%zz", "cannot be read"),
    ("pkcs11:token=a;object=b c", "cannot be read"),
    ("pkcs11:token=a;objekt=b", "has an attribute that RFC 7512 does not know"),
    ("pkcs11:token=a;object=b;pin=4711", "has an attribute that RFC 7512 does not know"),
    ("pkcs11:token=a;object=b?pin=4711", "has one of ? # &"),
]


@pytest.mark.parametrize("uri, says", REFUSED_URIS)
def test_uri_that_is_refused(world4, keys, uri, says):
    done = keys.refused("add", "--id", "root", "--label", "web", "--cert", world4.pki.server.pem,
                        "--key", uri, says=says)
    assert "4711" not in done.stderr
    folder = keys.file("certs/root")
    os.makedirs(folder)
    with open(world4.pki.server.pem) as f, open(folder + "/web.pem", "w") as pem:
        pem.write(f.read())
    with open(folder + "/web.meta", "w") as f:
        f.write(f'[certificate]\nkey = "{uri}"\n')
    done = keys.run("list")
    assert f"web.meta:2: [certificate] key: " in done.stderr and says in done.stderr
    assert "4711" not in done.stderr


def test_key_that_stays_does_not_leave(tmp_path, keys, tokens):
    gencert(keys, tokens, tokens.make(EC_KEY))
    word = tmp_path / "word"
    word.write_text("secret\n")
    keys.refused(*tokens.tool(), "export", "--id", "root", "--label", "web", "--format", "pkcs12",
                 "--password-file", word, says="is in a token, and stays there")
    assert "BEGIN CERTIFICATE" in keys.do("export", "--id", "root", "--label", "web")


def test_gencert_takes_a_token_or_a_kind(keys, tokens):
    uri = tokens.make(EC_KEY)
    gen = ["gencert", "--id", "root", "--label", "web", "--subject", "CN=web"]
    keys.refused(*tokens.tool(), *gen, "--key", uri, "--keytype", "rsa",
                 says="the key is made already")
    keys.refused(*gen, "--key", uri, says="name the module and the PIN")
    keys.refused(*gen, "--key", "web.key", says="--key is for one that a token has")
    keys.refused(*gen, "--pin", "secret", code=2, says="--pin: is none of fd:N")
    keys.refused("--pkcs11-module", "/nonexistent", *gen, says="the PKCS#11 module is not there")


def test_racdcert_uses_the_token_too(tmp_path, keys, tokens):
    gencert(keys, tokens, tokens.make(EC_KEY))
    commands = "".join(f"RACDCERT ID(root) GENREQ(LABEL('web')) DSN({name})\n" for name in "AB")
    argv = [program("attls-racdcert"), "-k", keys.path, "-d", str(tmp_path)]
    done = sh(*argv, input=commands)
    assert done.returncode == 1 and "is in a token: name the module and the PIN" in done.stderr
    with open(tokens.pin_file) as pin:  # of which there is one, for both commands
        done = sh(*argv, "--pkcs11-module", MODULE, "--pin", f"fd:{pin.fileno()}",
                  input=commands, pass_fds=[pin.fileno()])
    assert (done.returncode, done.stderr) == (0, "")
    for name in "AB":
        openssl("req", "-in", tmp_path / name, "-verify", "-noout")


def test_both_a_file_and_a_token_are_said(keys, tokens):
    gencert(keys, tokens, tokens.make(EC_KEY))
    with open(keys.file("certs/root/web.key"), "w") as f:
        f.write("")
    os.chmod(keys.file("certs/root/web.key"), 0o600)
    done = keys.run("list")
    assert "web.key: not used, since" in done.stderr

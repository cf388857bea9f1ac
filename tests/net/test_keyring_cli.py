# SPDX-License-Identifier: GPL-3.0-or-later
# test_keyring_cli.py - attls-keyring as its users see it: verbs, files, sentences, exit codes
import os
import stat
import subprocess

import pytest

from lib.gateway import program
from lib.keyring import Keyring, openssl, sh

pytestmark = pytest.mark.sanitized


@pytest.fixture
def keys(tmp_path):
    return Keyring(tmp_path / "keyring")


@pytest.fixture
def filled(keys):
    return keys.fill()


def export(keys, path, *which):
    return keys.export(path, *which)


def make_pair(tmp_path, name="x"):
    """A self-signed certificate and its key, by openssl."""
    cert, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", cert, "-days", "9")
    return cert, key


# gencert

@pytest.mark.parametrize("keytype, size, says", [
    ("rsa", None, "Public-Key: (2048 bit)"), ("rsa", "3072", "Public-Key: (3072 bit)"),
    ("nistecc", None, "NIST CURVE: P-256"), ("nistecc", "384", "NIST CURVE: P-384"),
    ("ed25519", None, "ED25519 Public-Key")])
def test_gencert_signed(keys, tmp_path, keytype, size, says):
    keys.do("gencert", "--certauth", "--label", "ca", "--subject", "CN=CA", "--keytype", keytype)
    keys.do("gencert", "--id", "alice", "--label", "web", "--subject", "CN=web,O=Ex\\, Inc.",
            "--altname", "DNS:web.example,IP:2001:db8::1,EMAIL:a@b.example,URI:https://b/",
            "--keytype", keytype, "--signwith", "ca", *(["--size", size] if size else []))
    ca = export(keys, tmp_path / "ca.pem", "--certauth", "--label", "ca")
    web = export(keys, tmp_path / "web.pem", "--id", "alice", "--label", "web")
    assert "OK" in openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca, web)
    text = openssl("x509", "-in", web, "-noout", "-text")
    for part in (says, "CA:FALSE", "Digital Signature", "DNS:web.example", "email:a@b.example",
                 "IP Address:2001:DB8:0:0:0:0:0:1", "URI:https://b/", 'O = "Ex, Inc."'):
        assert part in text
    text = openssl("x509", "-in", ca, "-noout", "-text")
    assert "CA:TRUE" in text and "Certificate Sign, CRL Sign" in text


def test_gencert_intermediate(keys, tmp_path):
    keys.do("gencert", "--certauth", "--label", "root", "--subject", "CN=Root", "--days", "99")
    keys.do("gencert", "--certauth", "--label", "mid", "--subject", "CN=Mid", "--signwith", "root")
    keys.do("gencert", "--site", "--label", "s", "--subject", "CN=s", "--signwith", "mid")
    root = export(keys, tmp_path / "root.pem", "--certauth", "--label", "root")
    mid = export(keys, tmp_path / "mid.pem", "--certauth", "--label", "mid")
    site = export(keys, tmp_path / "s.pem", "--site", "--label", "s")
    openssl("verify", "-x509_strict", "-CAfile", root, "-untrusted", mid, site)


def test_gencert_dates(keys):
    keys.do("gencert", "--id", "a", "--label", "old", "--subject", "CN=old", "--keytype",
            "ed25519", "--notbefore", "2020-01-01", "--notafter", "2020-12-31")
    keys.do("gencert", "--id", "a", "--label", "one", "--subject", "CN=one", "--keytype",
            "ed25519", "--notbefore", "2030-01-01T12:00:00Z", "--days", "1")
    old, one = keys.json("list", "--id", "a")
    assert (old["not_before"], old["not_after"]) == ("2020-01-01T00:00:00Z",
                                                     "2020-12-31T23:59:59Z")
    assert (one["not_before"], one["not_after"]) == ("2030-01-01T12:00:00Z",
                                                     "2030-01-02T11:59:59Z")


@pytest.mark.parametrize("keytype, words, bits", [
    ("rsa", "handshake", "Digital Signature, Key Encipherment"),
    ("nistecc", "handshake", "Digital Signature"),
    ("rsa", "dataencrypt", "Data Encipherment"),
    ("rsa", "DOCSIGN", "Non Repudiation"),
    ("nistecc", "keyagree", "Key Agreement"),
    ("rsa", "certsign", "Certificate Sign, CRL Sign"),
    ("nistecc", "handshake,keyagree", "Digital Signature, Key Agreement")])
def test_gencert_keyusage(keys, tmp_path, keytype, words, bits):
    keys.do("gencert", "--id", "a", "--label", "x", "--subject", "CN=x", "--keytype", keytype,
            "--keyusage", words)
    path = export(keys, tmp_path / "x.pem", "--id", "a", "--label", "x")
    text = openssl("x509", "-in", path, "-noout", "-ext", "keyUsage,basicConstraints")
    assert f"X509v3 Key Usage: critical\n    {bits}\n" in text
    assert f"CA:{'TRUE' if words == 'certsign' else 'FALSE'}" in text


@pytest.mark.parametrize("argv, says", [
    (["--keytype", "dsa"], "no key of type dsa"),
    (["--keytype", "rsa", "--size", "1023"], "no key of type rsa and size 1023"),
    (["--size", "big"], "--size big"),
    (["--altname", "db.example"], "altname: \"db.example\" is none of"),
    (["--notafter", "31.12.2030"], "--notafter 31.12.2030"),
    (["--notbefore", "2030-01-01", "--notafter", "2029-01-01"], "end before it begins"),
    (["--days", "9", "--notafter", "2030-01-01"], "not both"),
    (["--days", "0"], "--days 0"),
    (["--keyusage", "everything"], "keyusage: \"everything\""),
    (["--signwith", "nobody"], "--signwith nobody"),
    (["--hightrust"], "--hightrust is for --certauth"),
    (["--subject", "db.example"], "--subject is given twice"),
])
def test_gencert_refusals(keys, argv, says):
    code = 2 if "twice" in says else 1
    keys.refused("gencert", "--id", "a", "--label", "x", "--subject", "CN=x", *argv, code=code,
                 says=says)
    assert not os.path.exists(keys.file("certs/a/x.pem"))


def test_gencert_signer_must_be_ca(filled):
    filled.refused("gencert", "--id", "root", "--label", "x", "--subject", "CN=x", "--signwith",
                   "root/srv", says="the signer is not a CA")
    filled.refused("gencert", "--id", "root", "--label", "srv", "--subject", "CN=x",
                   says="root/srv is there already")


# files

def test_files_and_modes(filled):
    for name, mode in (("certs/root/srv.key", 0o600), ("certs/root/srv.pem", 0o644),
                       ("certs/root/srv.meta", 0o644), ("rings/root/r.ring", 0o644)):
        assert stat.S_IMODE(os.stat(filled.file(name)).st_mode) == mode
    left = [f for _, _, names in os.walk(filled.path) for f in names if f.startswith(".new")]
    assert left == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_files_belong_to_the_directory_owner(keys):
    os.mkdir(keys.path, 0o755)
    os.chown(keys.path, 4711, 4712)
    keys.do("gencert", "--certauth", "--label", "ca", "--subject", "CN=CA")
    keys.do("addring", "--id", "alice", "r")
    for folder, folders, names in os.walk(keys.path):
        for name in folders + names:
            st = os.stat(os.path.join(folder, name))
            assert (st.st_uid, st.st_gid) == (4711, 4712), name


def test_names_are_encoded(keys):
    label = "a/b 50% .\"x\""
    keys.do("gencert", "--id", ".dot", "--label", label, "--subject", "CN=x", "--keytype",
            "ed25519")
    assert os.listdir(keys.file("certs")) == ["%2Edot"]
    assert "a%2Fb 50%25 .%22x%22.key" in os.listdir(keys.file("certs/%2Edot"))
    keys.do("addring", "--id", ".dot", "../../etc/r;#")
    keys.do("connect", "--id", ".dot", "--ring", "../../etc/r;#", "--label", label)
    ring, = keys.json("listring")
    assert ring["ring"] == "../../etc/r;#" and ring["connections"][0]["label"] == label


def test_loose_key_is_named(filled):
    os.chmod(filled.file("certs/root/srv.key"), 0o644)
    done = filled.run("list")
    assert "srv.key: private key with loose permissions (mode 0644): chmod 600" in done.stderr


# add

def test_add_and_renew(keys, tmp_path):
    cert, key = make_pair(tmp_path)
    assert keys.do("add", "--id", "root", "--label", "srv", "--cert", cert, "--key",
                   key) == "root/srv\n"
    one, = keys.json("list")
    assert one["private_key"] and one["trust"] == "TRUST"
    renewed = tmp_path / "renewed.pem"
    openssl("req", "-x509", "-key", key, "-subj", "/CN=renewed", "-out", renewed, "-days", "99")
    keys.do("add", "--id", "root", "--label", "srv", "--cert", renewed, "--notrust")
    one, = keys.json("list")
    assert one["subject"] == "CN=renewed" and one["private_key"] and one["trust"] == "NOTRUST"


def test_add_refusals(keys, tmp_path):
    cert, key = make_pair(tmp_path)
    other, other_key = make_pair(tmp_path, "y")
    keys.refused("add", "--id", "root", "--label", "a", "--cert", cert, "--key", other_key,
                 says="the private key belongs to no certificate in the file")
    keys.refused("add", "--id", "root", "--label", "a", "--cert", tmp_path / "none",
                 says="none: cannot be read: No such file")
    keys.refused("add", "--id", "root", "--label", "a", "--cert", key,
                 says="holds no certificate")
    (tmp_path / "junk").write_text("junk")
    keys.refused("add", "--id", "root", "--label", "a", "--cert", tmp_path / "junk",
                 says="is no certificate or key in PEM, DER, PKCS#7 or PKCS#12")
    keys.do("add", "--id", "root", "--label", "a", "--cert", cert, "--key", key)
    keys.refused("add", "--site", "--label", "b", "--cert", cert,
                 says="is stored already, as root/a")
    keys.refused("add", "--id", "root", "--label", "a", "--cert", other,
                 says="root/a is there already, with another key")
    assert len(keys.json("list")) == 1


def test_add_bundle(filled, tmp_path):
    """The key's certificate gets the label, the chain goes to CERTAUTH under numbers."""
    chain = openssl("x509", "-in", export(filled, tmp_path / "ca.pem", "--certauth", "--label",
                                          "ca"))
    leaf = openssl("x509", "-in", export(filled, tmp_path / "s.pem", "--id", "root", "--label",
                                         "srv"))
    with open(filled.file("certs/root/srv.key")) as f:
        (tmp_path / "bundle.pem").write_text(chain + leaf + f.read())
    fresh = Keyring(tmp_path / "fresh")
    out = fresh.do("add", "--id", "bob", "--label", "web", "--cert", tmp_path / "bundle.pem")
    assert out == "bob/web\nCERTAUTH/LABEL00000001\n"
    web, ca = fresh.json("list")
    assert web["subject"] == "CN=db.example" and web["private_key"]
    assert ca["ca"] and not ca["private_key"]


def test_add_der_and_pkcs12(keys, tmp_path):
    cert, key = make_pair(tmp_path)
    openssl("x509", "-in", cert, "-outform", "DER", "-out", tmp_path / "x.der")
    keys.do("add", "--certauth", "--label", "der", "--cert", tmp_path / "x.der", "--hightrust")
    keys.do("delete", "--certauth", "--label", "der")
    openssl("pkcs12", "-export", "-in", cert, "-inkey", key, "-out", tmp_path / "x.p12",
            "-passout", "pass:secret")
    keys.refused("add", "--id", "root", "--cert", tmp_path / "x.p12", says="without a password")
    (tmp_path / "wrong").write_text("wrong\n")
    keys.refused("add", "--id", "root", "--cert", tmp_path / "x.p12", "--password-file",
                 tmp_path / "wrong", says="with this password")
    (tmp_path / "password").write_text("secret\n")
    out = keys.do("add", "--id", "root", "--cert", tmp_path / "x.p12", "--password-file",
                  tmp_path / "password")
    assert out == "root/LABEL00000001\n"
    assert keys.json("list")[0]["private_key"]


def test_encrypted_key_never_asks(keys, tmp_path):
    cert, key = make_pair(tmp_path)
    openssl("ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", tmp_path / "enc.key")
    keys.refused("add", "--id", "root", "--label", "a", "--cert", cert, "--key",
                 tmp_path / "enc.key", says="without a password")
    (tmp_path / "password").write_text("secret\n")
    keys.do("add", "--id", "root", "--label", "a", "--cert", cert, "--key", tmp_path / "enc.key",
            "--password-file", tmp_path / "password")


# rings

def test_ring_life(filled):
    ring, = filled.json("listring")
    assert (ring["owner"], ring["ring"]) == ("root", "r")
    ca, srv = ring["connections"]
    assert (ca["owner"], ca["usage"], ca["default"]) == ("CERTAUTH", "CERTAUTH", False)
    assert (srv["owner"], srv["usage"], srv["default"]) == ("root", "PERSONAL", True)
    filled.do("gencert", "--id", "root", "--label", "two", "--subject", "CN=two")
    filled.do("connect", "--id", "ROOT", "--ring", "R", "--label", "two", "--default")
    filled.do("connect", "--id", "root", "--ring", "r", "--label", "srv", "--usage", "site")
    _, srv, two = filled.json("listring")[0]["connections"]
    assert (srv["usage"], srv["default"], two["default"]) == ("SITE", False, True)
    filled.do("remove", "--id", "root", "--ring", "r", "--label", "srv")
    filled.do("delete", "--certauth", "--label", "ca")
    assert [c["label"] for c in filled.json("listring")[0]["connections"]] == ["two"]
    assert "srv" in filled.do("list")
    filled.do("delring", "--id", "root", "r")
    assert filled.json("listring") == []


@pytest.mark.parametrize("argv, says", [
    (["addring", "--id", "root", "R"], "ring root/R is there already"),
    (["delring", "--id", "root", "x"], "there is no ring root/x"),
    (["connect", "--id", "root", "--ring", "x", "--label", "srv"], "there is no ring root/x"),
    (["connect", "--id", "root", "--ring", "r", "--label", "SRV"],
     "there is no certificate root/SRV"),
    (["connect", "--id", "root", "--ring", "r", "--label", "srv", "--usage", "friend"],
     "--usage friend"),
    (["remove", "--id", "root", "--ring", "r", "--label", "x"], "has no certificate root/x"),
    (["delete", "--id", "root", "--label", "x"], "there is no certificate root/x"),
    (["export", "--id", "root", "--label", "x"], "there is no certificate root/x"),
    (["listring", "x"], "there is no ring x"),
    (["list", "--label", "x"], "there is no certificate with label x"),
])
def test_refusals(filled, argv, says):
    filled.refused(*argv, says=says)


@pytest.mark.parametrize("argv, says", [
    ([], "a verb is missing"),
    (["gencrt"], "did you mean gencert?"),
    (["list", "--labl", "x"], "--labl is no option"),
    (["list", "--ring", "x"], "list does not take --ring"),
    (["list", "x"], "one word too many"),
    (["gencert", "--label", "x", "--subject", "CN=x"], "needs --id USER, --certauth or --site"),
    (["gencert", "--id", "a", "--site", "--label", "x", "--subject", "CN=x"], "give one of"),
    (["gencert", "--id", "Site", "--label", "x", "--subject", "CN=x"], "is no user"),
    (["add", "--id", "a", "--label", "x"], "add needs --cert"),
    (["add", "--id", "a", "--cert", "x", "--trust", "--notrust"], "give one of"),
    (["addring", "--id", "a"], "addring needs the name"),
    (["delete", "--id", "a/b", "--label", "x"], "is no owner's name"),
    (["list", "--label"], "--label needs a value"),
])
def test_wrong_use(keys, argv, says):
    keys.refused(*argv, code=2, says=says)
    assert not os.path.exists(keys.path)


def test_repair(filled):
    """What is broken is said, stays repairable, and is not rewritten by mistake."""
    os.unlink(filled.file("certs/CERTAUTH/ca.pem"))
    done = filled.run("listring")
    assert done.returncode == 0 and "there is no certificate CERTAUTH/ca" in done.stderr
    filled.do("remove", "--id", "root", "--ring", "r", "--owner", "certauth", "--label", "ca")
    with open(filled.file("certs/root/srv.pem"), "w") as f:
        f.write("junk")
    filled.do("delete", "--id", "root", "--label", "srv")
    assert filled.run("list").stderr.count("warning") == 2  # ca.key and ca.meta are left alone
    with open(filled.file("rings/root/r.ring"), "a") as f:
        f.write("[conection 9]\n")
    filled.do("gencert", "--id", "root", "--label", "new", "--subject", "CN=new")
    filled.refused("connect", "--id", "root", "--ring", "r", "--label", "new",
                   says="[conection 9]: unknown section")


# looking

def test_lists(filled):
    table = filled.do("list").splitlines()
    assert table[0].split() == ["OWNER", "LABEL", "STATUS", "KEY", "VALID", "TO", "SUBJECT"]
    assert table[1].startswith("CERTAUTH  ca ") and table[2].startswith("root      srv ")
    assert len(filled.do("list", "--site").splitlines()) == 1
    one = filled.do("list", "--id", "ROOT", "--label", "srv")
    assert "Alternative names  DNS:db.example,IP:192.0.2.1" in one and "root/r" in one
    table = filled.do("listring", "r").splitlines()
    assert table[1].split() == ["root", "r", "CERTAUTH", "ca", "CERTAUTH", "NO", "TRUST", "yes"]


def test_private_keys_are_never_shown(filled):
    with open(filled.file("certs/root/srv.key")) as f:
        secret = f.read().splitlines()[1]
    for argv in (["list", "--json"], ["list", "--label", "srv"], ["listring", "--json"],
                 ["export", "--id", "root", "--label", "srv"],
                 ["checkcert", filled.file("certs/root/srv.pem")]):
        done = filled.run(*argv)
        assert secret not in done.stdout + done.stderr
        assert "PRIVATE" not in done.stdout


def test_export_formats(filled, tmp_path):
    pem = filled.do("export", "--id", "root", "--label", "srv")
    assert pem.startswith("-----BEGIN CERTIFICATE-----")
    der = export(filled, tmp_path / "x.der", "--id", "root", "--label", "srv", "--format", "der")
    assert openssl("x509", "-inform", "DER", "-in", der) == pem
    filled.refused("export", "--id", "root", "--label", "srv", "--format", "xml",
                   says="--format xml")
    filled.refused("export", "--id", "root", "--label", "srv", "--out", "/nonexistent/x",
                   says="/nonexistent/x: cannot be written")


def test_checkcert(filled, tmp_path):
    srv = export(filled, tmp_path / "srv.pem", "--id", "root", "--label", "srv")
    one, = filled.json("checkcert", srv)
    assert one["stored_as"] == "root/srv" and one["chain"] == "complete" and not one["expired"]
    cert, _ = make_pair(tmp_path)
    one, = filled.json("checkcert", cert)
    assert one["stored_as"] is None and "self-signed" in one["chain"]
    assert "Chain" in filled.do("checkcert", cert)
    filled.refused("checkcert", tmp_path / "none", says="cannot be read")


def test_parallel_writers(filled):
    """Writers wait for each other: no change is lost."""
    argv = [program("attls-keyring"), "-k", filled.path, "gencert", "--id", "root", "--subject",
            "CN=x", "--keytype", "ed25519", "--label"]
    for process in [subprocess.Popen(argv + [f"p{n}"]) for n in range(8)]:
        assert process.wait(60) == 0
    argv = [program("attls-keyring"), "-k", filled.path, "connect", "--id", "root", "--ring",
            "r", "--label"]
    for process in [subprocess.Popen(argv + [f"p{n}"]) for n in range(8)]:
        assert process.wait(60) == 0
    assert len(filled.json("listring")[0]["connections"]) == 10


def test_help_and_version(keys):
    assert keys.do("--help").startswith("usage: attls-keyring")
    assert keys.do("--version").startswith("attls-keyring ")
    keys.refused("list", says="keyring directory cannot be read")

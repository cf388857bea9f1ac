# SPDX-License-Identifier: GPL-3.0-or-later
# test_keyring_verbs.py - a certificate's life: requested, renewed, rekeyed, retired, packed, mapped
import json
import os
import stat

import pytest

from lib.keyring import Keyring, openssl, sh

pytestmark = pytest.mark.sanitized

SRV = ("--id", "root", "--label", "srv")


@pytest.fixture
def filled(tmp_path):
    return Keyring(tmp_path / "keyring").fill()


def certtool(*argv, **options):
    done = sh("certtool", *argv, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def key_fits(keys, *which):
    """Whether the key of a certificate is here and its own: a request can be signed with it."""
    return keys.run("genreq", *which).returncode == 0


# Keys

@pytest.mark.parametrize("keytype, size, curve", [
    ("bpecc", None, "brainpoolP256r1"), ("bpecc", "384", "brainpoolP384r1"),
    ("bpecc", "512", "brainpoolP512r1")])
def test_brainpool(filled, tmp_path, keytype, size, curve):
    filled.do("gencert", "--id", "a", "--label", "b", "--subject", "CN=b", "--keytype", keytype,
              *(["--size", size] if size else []))
    path = filled.export(tmp_path / "b.pem", "--id", "a", "--label", "b")
    assert curve in openssl("x509", "-in", path, "-noout", "-text")


def test_short_rsa_is_a_warning(filled):
    done = filled.run("gencert", "--id", "a", "--label", "b", "--subject", "CN=b", "--size", "1024")
    assert done.returncode == 0 and "1024 bits is weak" in done.stderr
    filled.refused("gencert", "--id", "a", "--label", "c", "--subject", "CN=c", "--size", "1000",
                   says="no key of type rsa")


# Requests

def sign_elsewhere(tmp_path, request):
    """What another CA makes of @request, for its key."""
    ca, key, out = tmp_path / "o.pem", tmp_path / "o.key", tmp_path / "signed.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other CA", "-keyout",
            key, "-out", ca, "-days", "9")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", key, "-CAcreateserial", "-days",
            "9", "-copy_extensions", "copyall", "-out", out)
    return out


def test_request_and_what_a_ca_makes_of_it(filled, tmp_path):
    """genreq, a foreign CA, add: key, status and rings stay."""
    request = tmp_path / "srv.req"
    filled.do("genreq", *SRV, "--out", request)
    text = openssl("req", "-in", request, "-verify", "-noout", "-text")
    assert "DNS:db.example" in text and "CN = db.example" in text and "Digital Signature" in text
    assert "DNSname: db.example" in certtool("--crq-info", "--infile", request)
    rings, signed = filled.connections(), sign_elsewhere(tmp_path, request)
    with open(filled.file("certs/root/srv.key")) as f:
        key = f.read()
    # without a label it goes where its key is
    assert filled.do("add", "--id", "root", "--cert", signed) == "root/srv\n"
    one, = filled.json("list", *SRV)
    assert one["issuer"] == "CN=Other CA" and one["private_key"] is True
    assert filled.connections() == rings
    with open(filled.file("certs/root/srv.key")) as f:
        assert f.read() == key
    assert key_fits(filled, *SRV)


def test_signed_request_under_another_label_is_refused(filled, tmp_path):
    request = tmp_path / "srv.req"
    filled.do("genreq", *SRV, "--out", request)
    filled.refused("add", "--id", "root", "--label", "new", "--cert",
                   sign_elsewhere(tmp_path, request), says="is stored as root/srv")


def test_request_needs_the_key(filled, tmp_path):
    path = filled.export(tmp_path / "ca.pem", "--certauth", "--label", "ca")
    other = Keyring(tmp_path / "other")
    other.do("add", "--certauth", "--label", "ca", "--cert", path)
    other.refused("genreq", "--certauth", "--label", "ca", says="no private key here")


def test_gencert_signs_a_request(filled, tmp_path):
    request, key = tmp_path / "x.req", tmp_path / "x.key"
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/O=E/CN=x", "-addext", "subjectAltName=DNS:x.example", "-keyout", key,
            "-out", request)
    filled.do("gencert", "--id", "bob", "--label", "x", "--request", request, "--signwith", "ca")
    one, = filled.json("list", "--id", "bob", "--label", "x")
    assert one["subject"] == "CN=x,O=E" and one["altnames"] == "DNS:x.example"
    assert one["private_key"] is False
    ca = filled.export(tmp_path / "ca.pem", "--certauth", "--label", "ca")
    openssl("verify", "-x509_strict", "-CAfile", ca,
            filled.export(tmp_path / "x.pem", "--id", "bob", "--label", "x"))
    filled.refused("gencert", "--id", "bob", "--label", "y", "--request", request,
                   says="signed by a CA")
    filled.refused("gencert", *SRV, "--request", request, "--signwith", "ca",
                   says="the request is for another key")
    request.write_text(request.read_text()[:-80])
    filled.refused("gencert", "--id", "bob", "--label", "z", "--request", request, "--signwith",
                   "ca", says="is no certificate request")


# alter

@pytest.mark.parametrize("label", ["new", "a b/c 50%", ".x;#=\\'", "M\u00fcller"])
def test_alter_newlabel(filled, label):
    before, = filled.json("list", *SRV)
    filled.do("alter", *SRV, "--newlabel", label)
    after, = filled.json("list", "--id", "root")
    assert after == {**before, "label": label}
    assert filled.connections()[label] == ("PERSONAL", True)
    assert key_fits(filled, "--id", "root", "--label", label)
    filled.refused("list", *SRV, says="no certificate")


def test_alter_status(filled):
    filled.do("alter", *SRV, "--notrust")
    assert filled.json("list", *SRV)[0]["trust"] == "NOTRUST"
    filled.do("alter", "--certauth", "--label", "ca", "--hightrust")
    assert filled.json("list", "--certauth")[0]["trust"] == "HIGHTRUST"
    filled.refused("alter", *SRV, "--hightrust", says="--hightrust is for --certauth")
    filled.refused("alter", *SRV, says="needs a status or --newlabel")
    filled.refused("alter", "--id", "root", "--label", "none", "--trust", says="no certificate")
    filled.do("gencert", "--id", "root", "--label", "other", "--subject", "CN=o")
    filled.refused("alter", *SRV, "--newlabel", "other", says="is there already")


def test_notes_survive(filled):
    with open(filled.file("certs/root/srv.meta"), "w") as f:
        f.write("[certificate]\nnotes = renewed; by 50% of us\n")
    filled.do("alter", *SRV, "--notrust")
    filled.do("alter", *SRV, "--newlabel", "new")
    assert filled.json("list", "--id", "root", "--label", "new")[0]["notes"] == \
        "renewed; by 50% of us"


# Renewal

def pair(tmp_path, name):
    cert, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", cert, "-days", "9")
    return cert, key


def test_replace_certificate_and_key(filled, tmp_path):
    cert, key = pair(tmp_path, "new")
    filled.refused("add", *SRV, "--cert", cert, "--key", key, says="--replace")
    filled.do("add", *SRV, "--cert", cert, "--key", key, "--replace")
    assert filled.json("list", *SRV)[0]["subject"] == "CN=new"
    assert filled.connections()["srv"] == ("PERSONAL", True)
    assert key_fits(filled, *SRV)
    with open(filled.file("certs/root/srv.key")) as f:
        assert f.read().count("BEGIN") == 1
    cert, _ = pair(tmp_path, "keyless")
    filled.do("add", *SRV, "--cert", cert, "--replace")
    assert filled.json("list", *SRV)[0]["private_key"] is False


def test_rekey_and_rollover(filled, tmp_path):
    filled.do("rekey", *SRV, "--newlabel", "srv2")
    new, = filled.json("list", "--id", "root", "--label", "srv2")
    old, = filled.json("list", *SRV)
    for what in ("subject", "altnames", "keyusage", "key"):
        assert new[what] == old[what]
    assert new["issuer"] == new["subject"] and new["serial"] != old["serial"]
    filled.refused("rollover", *SRV, "--newlabel", "srv2", says="have it signed first")
    request = tmp_path / "r"
    filled.do("genreq", "--id", "root", "--label", "srv2", "--out", request)
    filled.do("gencert", "--id", "root", "--label", "srv2", "--request", request,
              "--signwith", "ca")
    assert filled.json("list", "--id", "root", "--label", "srv2")[0]["private_key"] is True
    filled.do("rollover", *SRV, "--newlabel", "srv2")
    assert filled.connections() == {"ca": ("CERTAUTH", False), "srv2": ("PERSONAL", True)}
    assert filled.json("list", *SRV)[0]["private_key"] is False
    filled.refused("rollover", *SRV, "--newlabel", "srv2", says="no private key to retire")
    filled.refused("rollover", *SRV, "--newlabel", "none", says="no certificate")
    filled.refused("rollover", *SRV, "--newlabel", "srv", says="is the old label")


def test_rollover_of_a_ca_keeps_the_old_one(filled):
    filled.do("rekey", "--certauth", "--label", "ca", "--newlabel", "ca2", "--keytype", "rsa")
    filled.do("rollover", "--certauth", "--label", "ca", "--newlabel", "ca2")
    rings = filled.connections()
    assert rings["ca"] == rings["ca2"] == ("CERTAUTH", False)
    filled.refused("gencert", "--id", "x", "--label", "x", "--subject", "CN=x", "--signwith", "ca",
                   says="private key is not here")
    filled.do("gencert", "--id", "x", "--label", "x", "--subject", "CN=x", "--signwith", "ca2")


# Packages

FORMS = ["pem", "der", "pkcs7", "pkcs7-der", "pkcs12", "pkcs12-base64",
         "CERTB64", "CERTDER", "PKCS7B64", "PKCS7DER", "PKCS12DER", "PKCS12B64"]


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "password"
    path.write_text("corr\u00e9ct horse\n")
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_comes_back(filled, tmp_path, password, form):
    """Exported and added to an empty store: the same certificate, its key, its CA."""
    out, secret = tmp_path / "out", "pkcs12" in form.lower()
    extra = ["--password-file", password] if secret else []
    filled.do("export", *SRV, "--format", form, "--out", out, *extra)
    assert stat.S_IMODE(os.stat(out).st_mode) & 0o077 == (0 if secret else 0o044)
    other = Keyring(tmp_path / "other")
    other.do("add", "--id", "root", "--label", "srv", "--cert", out, *extra)
    one, = other.json("list", *SRV)
    assert one["serial"] == filled.json("list", *SRV)[0]["serial"]
    assert one["private_key"] == secret and (not secret or key_fits(other, *SRV))
    chain = other.json("list", "--certauth")
    assert len(chain) == (0 if form.lower() in ("pem", "der", "certb64", "certder") else 1)


def test_openssl_and_certtool_read_every_form(filled, tmp_path, password):
    def out(form, *extra):
        path = tmp_path / form
        filled.do("export", *SRV, "--format", form, "--out", path, *extra)
        return path
    secret = ["--password-file", password]
    word = password.read_text().strip()
    assert "db.example" in openssl("x509", "-in", out("pem"), "-noout", "-subject")
    assert "db.example" in openssl("x509", "-inform", "der", "-in", out("der"), "-noout",
                                   "-subject")
    assert "db.example" in certtool("-i", "--infile", out("pem"))
    assert "db.example" in certtool("-i", "--inder", "--infile", out("der"))
    for form, inform, flags in (("pkcs7", "pem", []), ("pkcs7-der", "der", ["--inder"])):
        text = openssl("pkcs7", "-inform", inform, "-in", out(form), "-print_certs", "-noout")
        assert "db.example" in text and "Test CA" in text
        assert certtool("--p7-info", *flags, "--infile", out(form)).count("BEGIN CERT") == 2
    for form in ("pkcs12", "pkcs12-base64"):
        path = out(form, *secret)
        if form.endswith("64"):
            openssl("base64", "-d", "-in", path, "-out", tmp_path / "raw")
            path = tmp_path / "raw"
        text = openssl("pkcs12", "-in", path, "-nodes", "-passin", f"file:{password}")
        assert text.count("BEGIN CERT") == 2 and "PRIVATE KEY" in text
        assert "BEGIN" in certtool("--p12-info", "--inder", "--infile", path, "--password", word)


def test_export_refusals(filled, tmp_path, password):
    filled.refused("export", *SRV, "--format", "p13", says="is none of pem, der")
    filled.refused("export", *SRV, "--format", "pkcs12", says="needs a password")
    filled.refused("export", *SRV, "--password-file", password, says="is not encrypted")
    ca = filled.export(tmp_path / "ca.pem", "--certauth", "--label", "ca")
    other = Keyring(tmp_path / "other")
    other.do("add", "--site", "--label", "ca", "--cert", ca)
    other.refused("export", "--site", "--label", "ca", "--format", "pkcs12", "--password-file",
                  password, says="no private key here")
    out = tmp_path / "p12"
    filled.do("export", *SRV, "--format", "pkcs12", "--out", out, "--password-file", password)
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    other.refused("add", *SRV, "--cert", out, "--password-file", wrong, says="with this password")


# listchain

def test_listchain(filled, tmp_path):
    chain = filled.json("listchain", *SRV)
    assert [c["label"] for c in chain["chain"]] == ["srv", "ca"]
    assert chain["complete"] is True and chain["common_rings"] == ["root/r"]
    filled.do("remove", "--id", "root", "--ring", "r", "--label", "ca", "--owner", "CERTAUTH")
    assert filled.json("listchain", *SRV)["common_rings"] == []
    filled.do("delete", "--certauth", "--label", "ca")
    chain = filled.json("listchain", *SRV)
    assert len(chain["chain"]) == 1 and chain["complete"] is False
    assert "not complete" in filled.do("listchain", *SRV)
    filled.refused("listchain", "--site", "--label", "srv", says="no certificate")


# Filters

def test_map_life(filled):
    filled.do("map", "--id", "alice", "--label", "m 1", "--sdnfilter", "OU=Sales,O=Example\\, Inc.")
    filled.do("map", "--multiid", "--criteria", "APPLID=&APPLID", "--label", "m2", "--idnfilter",
              "O=E", "--notrust")
    one, two = filled.json("listmap")
    assert one == {"label": "m 1", "user": "alice", "criteria": None, "trust": "TRUST",
                   "subject": "OU=Sales,O=Example\\, Inc.", "issuer": None}
    assert two == {"label": "m2", "user": None, "criteria": "APPLID=&APPLID", "trust": "NOTRUST",
                   "subject": None, "issuer": "O=E"}
    assert filled.json("listmap", "--id", "ALICE") == [one]
    filled.do("altmap", "--label", "m 1", "--newlabel", "m3", "--notrust")
    assert filled.json("listmap", "--label", "m3") == [{**one, "label": "m3", "trust": "NOTRUST"}]
    filled.do("delmap", "--label", "m3")
    assert filled.json("listmap") == [two]


def test_map_from_a_model(filled, tmp_path):
    model = filled.export(tmp_path / "m.pem", *SRV)
    filled.do("map", "--id", "a", "--label", "both", "--cert", model)
    filled.do("map", "--id", "a", "--label", "part", "--cert", model, "--idnfilter", "O=Example")
    both, part = filled.json("listmap")
    assert (both["subject"], both["issuer"]) == ("CN=db.example", "CN=Test CA,O=Example")
    assert (part["subject"], part["issuer"]) == (None, "O=Example")
    filled.refused("map", "--id", "a", "--label", "no", "--cert", model, "--sdnfilter", "O=Exa",
                   says="does not have O=Exa")


@pytest.mark.parametrize("argv, says", [
    (["map", "--id", "a", "--label", "x"], "neither subject nor issuer"),
    (["map", "--label", "x", "--sdnfilter", "O=E"], "needs --id USER, or --multiid"),
    (["map", "--multiid", "--label", "x", "--sdnfilter", "O=E"], "either a user or criteria"),
    (["map", "--id", "a", "--label", "x", "--sdnfilter", "Example"], "is not ATTRIBUTE=VALUE"),
    (["altmap", "--label", "x", "--trust"], "there is no filter x"),
    (["delmap", "--label", "x"], "there is no filter x"),
    (["listmap", "--label", "x"], "there is no filter x"),
])
def test_map_refusals(filled, argv, says):
    filled.refused(*argv, says=says)
    assert json.loads(filled.do("listmap", "--json")) == []

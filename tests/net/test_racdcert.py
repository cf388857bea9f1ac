# SPDX-License-Identifier: GPL-3.0-or-later
# test_racdcert.py - RACDCERT command text, as a z/OS administrator has it in jobs and in the head
import pytest

from lib.gateway import program
from lib.keyring import Keyring, openssl, sh

pytestmark = pytest.mark.sanitized

SELF_SIGNED = """\
//RACDCERT JOB (ACCT),'KEYS',CLASS=A
//STEP1    EXEC PGM=IKJEFT01
//SYSTSIN  DD *
RACDCERT CERTAUTH GENCERT +
  SUBJECTSDN(CN('Local CA') OU('Test') O('My Company, Inc.') C('US')) +
  KEYUSAGE(CERTSIGN) WITHLABEL('LOCAL CA') SIZE(2048) +
  NOTBEFORE(DATE(2026-01-01)) NOTAFTER(DATE(2046-12-31) TIME(23:59:59))
RACDCERT ID(TCPCS) GENCERT -
  SUBJECTSDN(CN('server.example') -
             O('My Company, Inc.') C('US')) /* who it is */ -
  ALTNAME(DOMAIN('server.example') IP(192.0.2.1)) -
  WITHLABEL('Server''s 1st') SIGNWITH(CERTAUTH LABEL('LOCAL CA'))
SETROPTS RACLIST(DIGTCERT DIGTRING) REFRESH
RACDCERT ID(TCPCS) ADDRING(TLSring)
RACDCERT ID(TCPCS) CONNECT(CERTAUTH LABEL('LOCAL CA') RING(TLSring) USAGE(CERTAUTH))
RACDCERT ID(TCPCS) CONNECT(ID(TCPCS) LABEL('Server''s 1st') +
                           RING(TLSring) DEFAULT USAGE(PERSONAL))
SETROPTS RACLIST(DIGTCERT DIGTRING) REFRESH
RACDCERT CERTAUTH EXPORT(LABEL('LOCAL CA')) DSN('USER1.CACERT') FORMAT(CERTB64)
RACDCERT ID(TCPCS) LISTRING(TLSring)
/*
"""


class Racf(Keyring):
    def __init__(self, path, datasets):
        super().__init__(path)
        datasets.mkdir()
        self.datasets = datasets

    def racdcert(self, *argv, **options):
        return sh(program("attls-racdcert"), "-k", self.path, "-d", self.datasets, *argv,
                  **options)

    def good(self, text):
        done = self.racdcert(input=text)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        return done.stdout

    def bad(self, text, says):
        done = self.racdcert(input=text)
        assert done.returncode == 1 and says in done.stderr, done.stderr
        return done

    def names(self):
        return {(c["owner"], c["label"]) for c in self.json("list")}


@pytest.fixture
def racf(tmp_path):
    return Racf(tmp_path / "keyring", tmp_path / "datasets")


@pytest.fixture
def filled(racf):
    racf.good(SELF_SIGNED)
    return racf


def test_own_ca_and_server(racf):
    """The whole job: a CA, a server's certificate that it signed, a ring with both, the export."""
    text = racf.good(SELF_SIGNED)
    assert [line.split()[2] for line in text.splitlines()[1:]] == ["CERTAUTH", "TCPCS"]
    assert racf.connections("TLSring") == {
        "LOCAL CA": ("CERTAUTH", False), "Server's 1st": ("PERSONAL", True)}
    ca = racf.datasets / "USER1.CACERT"
    text = openssl("x509", "-in", ca, "-noout", "-text")
    assert 'O = "My Company, Inc.", OU = Test, CN = Local CA' in text
    assert "Not After : Dec 31 23:59:59 2046 GMT" in text and "CA:TRUE" in text
    srv = racf.export(racf.datasets / "srv", "--id", "tcpcs", "--label", "Server's 1st")
    openssl("verify", "-x509_strict", "-CAfile", ca, srv)
    assert "DNS:server.example, IP Address:192.0.2.1" in openssl("x509", "-in", srv, "-noout",
                                                                 "-text")


def test_external_ca(filled, tmp_path):
    """GENREQ to a data set, the CA's answer in another, ADD: key and ring stay."""
    filled.good("RACDCERT ID(TCPCS) GENREQ(LABEL('Server''s 1st')) DSN('USER1.REQ')")
    ca, key = tmp_path / "ca.pem", tmp_path / "ca.key"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=External", "-keyout",
            key, "-out", ca, "-days", "9")
    openssl("x509", "-req", "-in", filled.datasets / "USER1.REQ", "-CA", ca, "-CAkey", key,
            "-CAcreateserial", "-days", "9", "-out", filled.datasets / "user1.cert")
    (filled.datasets / "USER1.EXTCA").write_text(ca.read_text())
    rings = filled.connections("TLSring")
    filled.good("""\
RACDCERT CERTAUTH ADD('USER1.EXTCA') WITHLABEL('External CA') TRUST
RACDCERT ID(TCPCS) ADD('USER1.CERT') WITHLABEL('Server''s 1st') TRUST
RACDCERT ID(TCPCS) CONNECT(CERTAUTH LABEL('External CA') RING(TLSring))
""")
    one, = filled.json("list", "--id", "TCPCS")
    assert one["issuer"] == "CN=External" and one["private_key"] is True
    assert filled.connections("TLSring") == {**rings, "External CA": ("CERTAUTH", False)}
    assert filled.json("listchain", "--id", "TCPCS", "--label", "Server's 1st")["complete"]


def test_weak_key_is_a_warning(racf):
    done = racf.racdcert("CERTAUTH GENCERT SUBJECTSDN(CN('x')) SIZE(1024) WITHLABEL('x')")
    assert done.returncode == 0
    assert "line 1: warning: an RSA key of 1024 bits is weak" in done.stderr
    assert racf.json("list")[0]["key"] == "RSA 1024"


@pytest.mark.parametrize("command", [
    "RACDCERT ID(TCPCS) ALTER(LABEL('Server''s 1st')) NOTRUST",
    "racdcert alter(label('Server''s 1st')) id(tcpcs) notrust",
    "RACDCERT ID(TCPCS) ALT(LAB('Server''s 1st')) NOTR",
    "RACDCERT ID(TCPCS) +\n   ALTER(+\n   LABEL('Server''s +\n   1st')) NOTRUST",
    "/* first */ RACDCERT ID(TCPCS), ALTER(LABEL('Server''s 1st')), NOTRUST /* end",
])
def test_ways_to_write_a_command(filled, command):
    if "ALT(" in command:  # ALTER and ALTMAP begin so
        filled.bad(command, "no function")
        command = command.replace("ALT(", "ALTE(")
    filled.good(command)
    assert filled.json("list", "--id", "TCPCS")[0]["trust"] == "NOTRUST"


def test_minus_keeps_blanks_and_plus_does_not(racf):
    racf.good("RACDCERT ID(A) GENCERT SUBJ(CN('x')) WITHLABEL('a-\n  b')\n"
              "RACDCERT ID(A) GENCERT SUBJ(CN('x')) WITHLABEL('a+\n  b')\n")
    assert racf.names() == {("A", "a  b"), ("A", "ab")}


def test_from_arguments_and_from_a_file(racf, tmp_path):
    job = tmp_path / "job"
    job.write_text("RACDCERT ID(A) ADDRING(one)\n")
    assert racf.racdcert(job).returncode == 0
    assert racf.racdcert("RACDCERT", "ID(A)", "ADDRING(two)").returncode == 0
    assert racf.racdcert("ID(A) ADDRING(three)").returncode == 0
    assert {r["ring"] for r in racf.json("listring")} == {"one", "two", "three"}
    assert "No such file" in racf.racdcert(tmp_path / "none").stderr


def test_without_owner_it_is_ones_own(racf):
    racf.good("RACDCERT ADDRING(mine)")
    assert racf.json("listring")[0]["owner"] == "root"


def test_life_of_a_certificate(filled):
    """Each of the remaining functions does what its verb does."""
    filled.good("""\
RACDCERT ID(TCPCS) REKEY(LABEL('Server''s 1st')) WITHLABEL('2nd') SIZE(2048)
RACDCERT ID(TCPCS) GENREQ(LABEL('2nd')) DSN(REQ)
RACDCERT ID(TCPCS) GENCERT(REQ) SIGNWITH(CERTAUTH LABEL('LOCAL CA')) WITHLABEL('2nd')
RACDCERT ID(TCPCS) ROLLOVER(LABEL('Server''s 1st')) NEWLABEL('2nd')
RACDCERT ID(TCPCS) DELETE(LABEL('Server''s 1st'))
RACDCERT ID(TCPCS) ALTER(LABEL('2nd')) NEWLABEL('server')
""")
    assert filled.names() == {("TCPCS", "server"), ("CERTAUTH", "LOCAL CA")}
    assert filled.connections("TLSring")["server"] == ("PERSONAL", True)
    text = filled.good("RACDCERT ID(TCPCS) LISTCHAIN(LABEL('server'))")
    assert "The chain is complete" in text and "TCPCS/TLSring" in text
    filled.good("RACDCERT ID(TCPCS) EXPORT(LABEL('server')) DSN(P12) FORMAT(PKCS12DER) "
                "PASSWORD('Secret 1')")
    openssl("pkcs12", "-in", filled.datasets / "P12", "-noout", "-passin", "pass:Secret 1")
    assert "CN=server.example" in filled.good("RACDCERT CHECKCERT(P12) PASSWORD('Secret 1')")
    filled.good("RACDCERT ID(TCPCS) REMOVE(LABEL('server') RING(TLSring))\n"
                "RACDCERT ID(TCPCS) REMOVE(CERTAUTH LABEL('LOCAL CA') RING(TLSring))\n")
    assert filled.connections("TLSring") == {}
    filled.good("RACDCERT ID(TCPCS) DELRING(TLSring)")
    assert filled.json("listring") == []


def test_filters(filled):
    filled.good("""\
RACDCERT ID(ALICE) MAP SDNFILTER('OU=Internet.O=Example Ltd.C=DE') WITHLABEL('a')
RACDCERT MULTIID MAP IDNFILTER('O=Example Ltd.C=DE') CRITERIA(APPLID=&APPLID) WITHLABEL('b')
RACDCERT MULTIID ALTMAP(LABEL('b')) NEWLABEL('c') NOTRUST
""")
    one, two = filled.json("listmap")
    assert (one["user"], one["subject"]) == ("ALICE", "OU=Internet,O=Example Ltd,C=DE")
    assert (two["label"], two["criteria"], two["trust"]) == ("c", "APPLID=&APPLID", "NOTRUST")
    assert "OU=Internet" in filled.good("RACDCERT ID(ALICE) LISTMAP(LABEL('a'))")
    filled.good("RACDCERT ID(ALICE) DELMAP(LABEL('a'))")
    assert filled.json("listmap") == [two]


@pytest.mark.parametrize("command, says", [
    ("RACDCERT ID(A) BIND(LABEL('x') TOKEN(t))", "BIND cannot be done here: there are no tokens"),
    ("RACDCERT ID(A) GENCERT SUBJ(CN('x')) WITHL('x') RSA(PKDS)", "RSA in ICSF"),
    ("RACDCERT ID(A) GENCERT SUBJ(CN('x')) WITHL('x') PKDS", "PKDS cannot be done here"),
    ("RACDCERT ID(A) GENCERT SUBJ(CN('x')) WITHL('x') DSA", "no key of type DSA"),
    ("RACDCERT ID(A) GENCERT SUBJ(XX('x')) WITHL('x')", "XX is none of CN, T, OU"),
    ("RACDCERT ID(A) GENCERT SUBJ(CN('x')) WITHL('x') NOTAFTER(2030-01-01)", "neither DATE"),
    ("RACDCERT ID(A) ADDRING", "ADDRING takes one name"),
    ("RACDCERT ID(A) ADDRING(a b)", "ADDRING takes one name"),
    ("RACDCERT ID(A) FROB(LABEL('x'))", "no function that RACDCERT knows"),
    ("RACDCERT ID(A) LIST(COLOUR('x'))", "LIST has no operand COLOUR; it has: LABEL"),
    ("RACDCERT ID(A) ADD('../etc/passwd')", "is no data set name"),
    ("RACDCERT ID(A) ADD(NONE)", "NONE: cannot be read"),
    ("RACDCERT ID(A) LIST(LABEL('x)", "a quote that is not closed"),
    ("RACDCERT ID(A) LIST(LABEL('x')", "a parenthesis that is not closed"),
    ("RACDCERT ID(A) LIST)", "closes a parenthesis"),
    ("RACDCERT ID(A) CONNECT(LABEL('x') RING(none))", "there is no ring A/none"),
    ("RDEFINE FACILITY X", "RDEFINE is not RACDCERT"),
    ("", "there is no command"),
])
def test_refusals_name_what_and_where(racf, command, says):
    racf.bad(command, says)


def test_the_rest_goes_on_after_a_refusal(racf):
    done = racf.bad("RACDCERT ID(A) DELRING(x)\n\nRACDCERT ID(A) ADDRING(y)\n", "line 1: there is")
    assert done.stderr.count("\n") == 1
    assert racf.json("listring")[0]["ring"] == "y"

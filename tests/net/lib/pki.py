# SPDX-License-Identifier: GPL-3.0-or-later
# pki.py - a small certificate authority: certificates good and bad, as PEM files
import os
import subprocess

from .netns import sh


class Cert:
    """A certificate and its key, as paths."""

    def __init__(self, directory, name):
        self.name = name
        self.pem = os.path.join(directory, name + ".pem")
        self.key = os.path.join(directory, name + ".key")


def _new_key(path, bits=None):
    kind = (("RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}") if bits else
            ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    sh("openssl", "genpkey", "-algorithm", *kind, "-out", path)
    os.chmod(path, 0o600)


class Authority:
    """A self-signed CA in @directory that signs certificates."""

    def __init__(self, directory, name="ca"):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.cert = Cert(self.directory, name)
        _new_key(self.cert.key)
        sh("openssl", "req", "-x509", "-new", "-key", self.cert.key, "-out", self.cert.pem,
           "-days", "90", "-subj", f"/O=attls test/CN={name}",
           "-addext", "basicConstraints=critical,CA:TRUE",
           "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @property
    def pem(self):
        return self.cert.pem

    def issue(self, name, subject, alt, usage="serverAuth,clientAuth", start=None, end=None,
              bits=None):
        """
        Sign a new key for @subject with the subjectAltName @alt (openssl syntax): P-256, or RSA
        of @bits.
        """
        cert = Cert(self.directory, name)
        _new_key(cert.key, bits)
        request = subprocess.run(
            ["openssl", "req", "-new", "-key", cert.key, "-subj", f"/O=attls test/CN={subject}"],
            stdout=subprocess.PIPE, check=True).stdout
        sh(*self._sign(cert, alt, usage, start, end), input=request.decode())
        return cert

    def _sign(self, cert, alt, usage, start, end):
        config = cert.pem + ".cnf"
        database = cert.pem + ".db"
        open(database, "w").close()
        with open(config, "w") as f:
            f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nnew_certs_dir="
                    f"{self.directory}\nrand_serial=yes\ndefault_md=sha256\ndefault_days=90\n"
                    "policy=p\nx509_extensions=x\nunique_subject=no\ncopy_extensions=none\n"
                    "[p]\norganizationName=optional\ncommonName=supplied\n"
                    f"[x]\nbasicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n"
                    f"subjectAltName={alt}\n")
        argv = ["openssl", "ca", "-config", config, "-batch", "-notext", "-in", "/dev/stdin",
                "-cert", self.cert.pem, "-keyfile", self.cert.key, "-out", cert.pem]
        for option, value in (("-startdate", start), ("-enddate", end)):
            argv += [option, value] if value else []
        return argv


class Pki:
    """Everything the tests present and trust."""

    def __init__(self, directory):
        self.ca = Authority(directory)
        self.other_ca = Authority(os.path.join(directory, "other"), "other-ca")
        self.server = self.ca.issue("server", "server.test", "DNS:server.test")
        self.address = self.ca.issue(
            "address", "address", "IP:10.77.2.2,IP:10.77.3.2,IP:fd00:77:2::2,IP:fd00:77:3::2")
        self.client = self.ca.issue("client", "client.test", "DNS:client.test")
        self.wrong_host = self.ca.issue("wrong", "elsewhere.test", "DNS:elsewhere.test")
        self.untrusted = self.other_ca.issue("untrusted", "server.test", "DNS:server.test")
        self.expired = self.ca.issue("expired", "server.test", "DNS:server.test",
                                     start="20200101000000Z", end="20200201000000Z")

# SPDX-License-Identifier: GPL-3.0-or-later
# askers.py - real TLS clients that present a certificate or none, and whether they are served
from . import clients
from .wait import wait_for

OPENSSL_VERSIONS = {"TLSv1.2": ["-tls1_2"], "TLSv1.3": ["-tls1_3"]}
GNUTLS_PRIORITIES = {"TLSv1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2",
                     "TLSv1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}


def openssl(world, directory, port, version, cert, *options):
    own = ["-cert", cert.pem, "-key", cert.key] if cert else []
    return clients.openssl_client(world.client, directory, world.server_address, port, world.pki,
                                  *OPENSSL_VERSIONS[version], *own, *options)


def gnutls(world, directory, port, version, cert, *options):
    own = [f"--x509certfile={cert.pem}", f"--x509keyfile={cert.key}"] if cert else []
    return clients.gnutls_client(world.client, directory, world.server_address, port, world.pki,
                                 f"--priority={GNUTLS_PRIORITIES[version]}", *own, *options)


ASKERS = {"openssl": openssl, "gnutls": gnutls}


class Asked:
    """A client that was served or not; what it has printed tells more. close() it."""

    def __init__(self, world, name, tool, port, version, cert, *options):
        self.client = ASKERS[tool](world, world.path(name), port, version, cert, *options)
        world.closing(self.client)
        self.served = self._ask()

    def _ask(self):
        try:
            self.client.send("is anybody there\n")
        except BrokenPipeError:
            pass
        wait_for(lambda: self._answered() or not self.client.alive(), "an answer or an end", 30)
        return self._answered()

    def _answered(self):
        return "is anybody there" in self.client.output()

    def close(self):
        self.client.close()

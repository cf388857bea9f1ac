# SPDX-License-Identifier: GPL-3.0-or-later
# test_keyring_live.py - changes of the keyring directory while the gateway runs
import os
import re
import ssl
import subprocess

import pytest

from lib import rules, traffic
from lib.keyring import Keyring
from lib.tlspeer import tls_connect, tls_server
from lib.wait import wait_for
from lib.world import canary

PORT = 9720
RING = ("--id", "root", "--ring", rules.SERVER_RING)
SRV = ("--id", "root", "--label", "srv")


def generation(gateway):
    """Of the keyrings in force, from the log."""
    found = re.findall(r"keyring generation (\d+) in force", gateway.log())
    return int(found[-1]) if found else 0


def wait_generation(gateway, least):
    wait_for(lambda: generation(gateway) >= least, f"keyring generation {least}:\n"
             + gateway.log()[-2000:])


def wait_next(gateway, change):
    """@change, then what follows from it is in force."""
    before = generation(gateway)
    change()
    wait_generation(gateway, before + 1)


def connect(world, **options):
    return tls_connect(world.client, world.server_address, PORT, world.pki.ca, **options)


def say(s, word=b"hello"):
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word


def serial(tls):
    return int(tls.getpeercert()["serialNumber"], 16)


def presented(world):
    with connect(world) as tls:
        say(tls)
        return serial(tls)


def serial_of(cert):
    out = subprocess.run(["openssl", "x509", "-in", cert.pem, "-noout", "-serial"], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return int(out.split("=")[1], 16)


@pytest.fixture
def server(world4):
    world4.serve(traffic.echo, PORT)
    return world4.server_gateway(PORT)


def renewal(world, name="renewed"):
    return world.pki.ca.issue(name, "server.test", "DNS:server.test")


def replace(gateway, cert):
    gateway.keyring("add", *SRV, "--cert", cert.pem, "--key", cert.key, "--trust", "--replace")


# What is taken

@pytest.mark.sanitized
def test_renewal_during_a_transfer(world4, server):
    """The connection under way goes on; those that open see the new certificate, and no error."""
    word = canary()
    capture = world4.capture()
    new = renewal(world4)
    old_serial, new_serial = serial_of(world4.pki.server), serial_of(new)
    with connect(world4) as old:
        say(old, word)
        sending = traffic.Task(lambda: [say(old, block) for block in traffic.blocks(
            24 << 20, 3, word)])
        assert presented(world4) == old_serial
        replace(server, new)
        seen = []
        wait_for(lambda: seen.append(presented(world4)) or seen[-1] == new_serial,
                 "the new certificate")
        assert set(seen) <= {old_serial, new_serial} and presented(world4) == new_serial
        sending.join()
        say(old)
        assert serial(old) == old_serial
    assert "certs/root/srv.pem" in server.wait_log("keyring generation 2 in force.*").group()
    assert capture.count(word) == 0
    assert server.ctl_json("status")["generation"] == 1  # the policy is as it was


def test_ring_and_access_changes(world4, server):
    """What is granted to the user of the connection counts for the next connection."""
    with connect(world4) as old:
        say(old)
        wait_next(server, server.revoke_all)
        server.grant(f"root/{rules.SERVER_RING}", read="nobody")
        wait_for(lambda: "access.ini" in server.log().rsplit("generation", 1)[1], "access.ini")
        # the server's user is root, whose ring it is: still allowed
        assert presented(world4) == serial_of(world4.pki.server)
        wait_next(server, lambda: server.keyring("alter", *SRV, "--notrust"))
        with pytest.raises((ssl.SSLError, OSError)):
            presented(world4)
        wait_next(server, lambda: server.keyring("alter", *SRV, "--trust"))
        assert presented(world4) == serial_of(world4.pki.server)
        say(old)


def test_trust_anchor_that_is_removed(world4):
    """A client gateway believes in a server no longer, also not by resuming a session."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    client = world4.client_gateway(PORT)
    client.keyring("add", "--certauth", "--label", "other", "--cert", world4.pki.other_ca.pem)
    ring = ("--id", "root", "--ring", rules.CLIENT_RING, "--owner", "CERTAUTH")
    wait_next(client, lambda: client.keyring("connect", *ring, "--label", "other"))
    old = world4.connect(PORT)
    say(old)
    wait_next(client, lambda: client.keyring("remove", *ring, "--label", "ca"))
    with pytest.raises(OSError):
        say(world4.connect(PORT))
    say(old)
    wait_next(client, lambda: client.keyring("connect", *ring, "--label", "ca"))
    say(world4.connect(PORT))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_ticket_of_an_earlier_certificate_is_not_taken(world4, server, version):
    context = ssl.create_default_context(cafile=world4.pki.ca.pem)
    context.minimum_version = context.maximum_version = version

    def talk(session=None):
        s = world4.client.connect(world4.server_address, PORT)
        with context.wrap_socket(s, server_hostname="server.test", session=session) as tls:
            say(tls)
            return tls.session, tls.session_reused

    session, _ = talk()
    assert talk(session)[1]
    # a change elsewhere leaves it good
    wait_next(server, lambda: server.keyring("addring", "--id", "root", "another"))
    session, reused = talk(session)
    assert reused
    replace(server, renewal(world4))
    wait_generation(server, 3)
    assert not talk(session)[1]


def test_directory_that_is_replaced_by_rename(world4, server):
    """Also the old one, away from its place, and a new owner's folder."""
    new, folder = renewal(world4), server.keyring_dir
    subprocess.run(["cp", "-a", folder, folder + ".new"], check=True)
    Keyring(folder + ".new").do("add", *SRV, "--cert", new.pem, "--key", new.key, "--replace")
    before = generation(server)
    os.rename(folder, folder + ".old")
    os.rename(folder + ".new", folder)
    wait_for(lambda: presented(world4) == serial_of(new), "the new directory's certificate")
    assert generation(server) > before
    # the old one does not matter any more, the new one does
    again = renewal(world4, "again")
    wait_next(server, lambda: replace(server, again))
    assert presented(world4) == serial_of(again)
    wait_next(server, lambda: server.keyring("addring", "--id", "someone", "x"))
    wait_next(server, lambda: server.keyring("addring", "--id", "someone", "y"))


def test_files_behind_a_link_as_kubernetes_mounts_them(world4, server):
    folder = os.path.join(server.keyring_dir, "certs", "root")
    new = renewal(world4)
    for name, cert in (("..one", world4.pki.server), ("..two", new)):
        os.mkdir(os.path.join(folder, name))
        for suffix in ("pem", "key"):
            with open(getattr(cert, suffix)) as source, open(os.open(
                    os.path.join(folder, name, "srv." + suffix),
                    os.O_WRONLY | os.O_CREAT, 0o600), "w") as target:
                target.write(source.read())
    os.symlink("..one", os.path.join(folder, "..data"))

    def link():
        for suffix in ("pem", "key"):
            os.symlink(f"..data/srv.{suffix}", os.path.join(folder, "tmp"))
            os.rename(os.path.join(folder, "tmp"), os.path.join(folder, "srv." + suffix))
    wait_next(server, link)
    os.symlink("..two", os.path.join(folder, "..next"))
    wait_next(server, lambda: os.rename(os.path.join(folder, "..next"),
                                        os.path.join(folder, "..data")))
    assert presented(world4) == serial_of(new)


def test_many_quick_changes(world4, server):
    """No connection fails meanwhile, far fewer loads than changes, and the last state holds."""
    certs = [renewal(world4, f"quick{i}") for i in range(4)]
    known = {serial_of(c) for c in [*certs, world4.pki.server]}

    def change():
        for i in range(60):
            server.keyring("addring", "--id", "root", f"ring{i}")
            replace(server, certs[i % 4])
    changing = traffic.Task(change)
    while not changing.done():
        assert presented(world4) in known
    changing.join()
    wait_for(lambda: presented(world4) == serial_of(certs[59 % 4]), "the last certificate")
    assert generation(server) < 60


# What is not

def broken_pem(server):
    return os.path.join(server.keyring_dir, "certs", "root", "srv.pem"), "-----BEGIN CERT\n"


def broken_ring(server):
    return (os.path.join(server.keyring_dir, "rings", "root", rules.SERVER_RING + ".ring"),
            "[connection 1]\nlabel = nobody\n")


def broken_access(server):
    return os.path.join(server.keyring_dir, "access.ini"), "[ring root/x]\nraed = *\n"


def broken_key(server):
    return (os.path.join(server.keyring_dir, "certs", "root", "srv.key"),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


@pytest.mark.sanitized
@pytest.mark.parametrize("breaking", [broken_pem, broken_ring, broken_access, broken_key])
def test_broken_file_changes_nothing(world4, server, breaking):
    path, text = breaking(server)
    with open(path) as f:
        good = f.read()
    with open(path, "w") as f:
        f.write(text)
    server.wait_log("keyring generation 1 stays in force")
    # the certificate's file is named where its key does not fit
    assert os.path.splitext(path)[0] in server.log()
    assert presented(world4) == serial_of(world4.pki.server)
    # said once, though it is looked at again
    said = server.log().count("keyring: ")
    wait_for(lambda: touched(server) and server.ctl("status"), "another look")
    assert server.log().count("keyring: ") == said

    def mend():
        with open(path, "w") as f:
            f.write(good)
    wait_next(server, mend)
    assert presented(world4) == serial_of(world4.pki.server)


def touched(server):
    """Something changes that is no problem and no remedy."""
    path = os.path.join(server.keyring_dir, "certs", "root", "srv.meta")
    os.utime(path)
    return True


def test_label_that_a_rule_names_is_missed(world4):
    world4.serve(traffic.echo, PORT)
    server = world4.server_gateway(PORT, label="srv")
    with connect(world4) as old:
        server.keyring("remove", *RING, "--label", "srv")
        server.wait_log('label: ring root/.* has no certificate "srv"')
        server.wait_log("keyring generation 1 stays in force")
        assert presented(world4) == serial_of(world4.pki.server)
        say(old)
    # a reload says the same, and so does --check
    done = server.result("attlsctl", "reload")
    assert done.returncode == 1 and 'has no certificate "srv"' in done.stderr
    assert server.result("attlsd", "--check").returncode == 1
    wait_next(server, lambda: server.keyring("connect", *RING, "--label", "srv"))


def test_directory_that_vanishes(world4, server):
    os.rename(server.keyring_dir, server.keyring_dir + ".away")
    server.wait_log("the keyring directory cannot be read")
    assert presented(world4) == serial_of(world4.pki.server)
    wait_next(server, lambda: os.rename(server.keyring_dir + ".away", server.keyring_dir))

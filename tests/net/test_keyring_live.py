# SPDX-License-Identifier: GPL-3.0-or-later
# test_keyring_live.py - changes of the keyring directory while the gateway runs
import datetime
import glob
import os
import re
import shutil
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


def rewrite(gateway, path, text):
    """Change a file at once, so that the gateway never sees a part of it."""
    new = gateway.ini + ".new"
    with open(new, "w") as f:
        f.write(text)
    shutil.copymode(path, new)
    os.rename(new, path)


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
        wait_next(server, lambda: server.grant(f"root/{rules.SERVER_RING}", read="nobody"))
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
    rewrite(server, path, text)
    server.wait_log("keyring generation 1 stays in force")
    # the certificate's file is named where its key does not fit
    assert os.path.splitext(path)[0] in server.log()
    assert presented(world4) == serial_of(world4.pki.server)
    # said once, though it is looked at again
    said = server.log().count("keyring: ")
    wait_for(lambda: touched(server) and server.ctl("status"), "another look")
    assert server.log().count("keyring: ") == said
    wait_next(server, lambda: rewrite(server, path, good))
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


# Expiry and what an operator sees

def ends_in(days):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime("%Y%m%d%H%M%SZ")


def soon(world, days, name):
    return world.pki.ca.issue(name, "server.test", "DNS:server.test", start="20200101000000Z",
                              end=ends_in(days))


def test_certificate_that_expires_is_warned_of(world4):
    server = world4.server_gateway(PORT, cert=soon(world4, 5.5, "soon"), begin=False)
    server.keyring("add", "--certauth", "--label", "ca", "--cert", world4.pki.ca.pem)
    server.keyring("connect", *RING, "--label", "ca", "--owner", "CERTAUTH")
    # of no ring that the policy uses
    other = soon(world4, 2, "other")
    server.keyring("add", "--id", "other", "--label", "o", "--cert", other.pem)
    server.begin()
    warning = r"warning: certificate (\S+) of ring (\S+) (.*): renew it"
    server.wait_log(warning)
    assert [m[:2] for m in re.findall(warning, server.log())] == [
        ("root/srv", f"root/{rules.SERVER_RING}")]
    assert "expires in 5 days" in server.log()
    rows = {r["label"]: r for r in server.ctl_json("keyring")["used"]}
    assert set(rows) == {"srv", "ca"}
    assert rows["srv"]["days_left"] == 5 and 5 * 86400 < rows["srv"]["seconds_left"] < 6 * 86400
    assert 88 <= rows["ca"]["days_left"] <= 89 and not rows["ca"]["private_key"]
    # what takes its place has expired: said at once
    replace(server, soon(world4, -1.5, "expired"))
    server.wait_log("certificate root/srv of ring .* has expired at 20")
    row = [line for line in server.ctl("keyring").splitlines() if " srv " in line][0]
    assert "root/serverring" in row and "CN=server.test" in row and row.endswith(" -2")
    wait_next(server, lambda: replace(server, renewal(world4)))
    assert len(re.findall(warning, server.log())) == 2


@pytest.mark.parametrize("setting, days, warned", [("10d", 5, True), ("3d", 5, False),
                                                   ("0s", 5, False)])
def test_how_far_ahead_is_a_setting(world4, setting, days, warned):
    server = world4.server_gateway(PORT, cert=soon(world4, days, "soon" + setting),
                                   settings={"expiry_warning": setting})
    wait_next(server, lambda: server.keyring("addring", "--id", "root", "x"))
    server.ctl("status")  # the main thread has been through its loop since
    assert ("expires in" in server.log()) == warned


def test_daily_warning(world4):
    """A day of the daemon's clock goes by in seconds."""
    server = world4.server_gateway(PORT, cert=soon(world4, 20, "daily"), begin=False)
    server.up()
    plain = server.wrapper
    library, = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    server.wrapper = lambda *argv: plain("env", f"LD_PRELOAD={library}", "FAKETIME=+0 x20000",
                                         *argv)
    server.start()
    server.wrapper = plain
    wait_for(lambda: server.log().count("of ring root/serverring expires in") >= 3, "two days")


def test_operator_sees_what_is_in_force(world4, server):
    shown = server.ctl_json("keyring")
    assert (shown["generation"], shown["certificates"], shown["rings"]) == (1, 1, 1)
    assert shown["directory"] == server.keyring_dir and shown["problems"] == []
    assert shown["used"][0]["default"] and shown["used"][0]["status"] == "TRUST"
    path, text = broken_access(server)
    rewrite(server, path, text)
    server.wait_log("stays in force")
    shown = server.ctl_json("keyring")
    assert shown["generation"] == 1 and path in shown["problems"][0]
    assert f"not taken: {path}" in server.ctl("keyring")
    metrics = server.ctl("stats", "--prometheus")
    assert "\nattls_keyring_current 0\n" in metrics
    wait_next(server, server.revoke_all)
    metrics = server.ctl("stats", "--prometheus")
    assert "\nattls_keyring_current 1\n" in metrics and "\nattls_keyring_generation 2\n" in metrics
    seconds = re.search(r'attls_certificate_expiry_seconds\{ring="root/serverring",owner="root",'
                        r'label="srv"\} (\d+)', metrics)
    assert 89 * 86400 < int(seconds[1]) <= 90 * 86400
    server.ctl("reload")
    assert server.ctl_json("keyring")["generation"] == 3

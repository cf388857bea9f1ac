# SPDX-License-Identifier: GPL-3.0-or-later
# test_deploy.py - what is shipped: units, sample files, installation, privileges of the daemon
import glob
import os
import re
import subprocess

import pytest

from lib import rules, traffic
from lib.gateway import BUILD, ROOT, Gateway
from lib.tlspeer import tls_server

PORT = 9800
NET_ADMIN = 1 << 12


def unit(key):
    """All values of @key in attlsd.service, in one list."""
    with open(os.path.join(ROOT, "deploy", "attlsd.service")) as f:
        return " ".join(re.findall(rf"^{key}=(.*)$", f.read(), re.M)).split()


def exchange(world):
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    s = world.connect(PORT)
    s.sendall(b"x" * 100000)
    assert traffic.receive_exactly(s, 100000) == b"x" * 100000


def status(gateway, key):
    with open(f"/proc/{gateway.daemon.pid}/status") as f:
        return re.search(rf"^{key}:\s*(.*)$", f.read(), re.M).group(1)


# What Docker gives by default, and NET_ADMIN
DOCKER = ["CAP_" + c for c in (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP "
    "NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE NET_ADMIN").split()]


@pytest.mark.parametrize("where", ["unit", "docker"])
def test_daemon_works_and_reloads_within_these_capabilities(world, where):
    capabilities = unit("CapabilityBoundingSet") if where == "unit" else DOCKER
    bounds = ",".join("+" + c[4:].lower() for c in capabilities)
    gateway = Gateway(world.client, world.path("gateway-client"), rules.client(PORT),
                      wrapper=lambda *argv: world.client.command(
                          "setpriv", "--no-new-privs", f"--bounding-set=-all,{bounds}", *argv))
    world.gateways.append(gateway)
    gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    gateway.begin()
    gateway.write_rules(rules.client(f"{PORT},{PORT + 1}"))
    gateway.ctl("reload")
    exchange(world)


def test_running_daemon_has_few_privileges(world4):
    """CAP_NET_ADMIN for verdicts, what root needs to read the keyring, no core files."""
    gateway = world4.client_gateway(PORT)
    effective = int(status(gateway, "CapEff"), 16)
    assert effective & NET_ADMIN
    assert bin(effective).count("1") <= 2, hex(effective)
    with open(f"/proc/{gateway.daemon.pid}/limits") as f:
        assert re.search(r"^Max core file size\s+0\s+0", f.read(), re.M)
    exchange(world4)


def test_daemon_can_run_as_another_user(world4):
    gateway = world4.client_gateway(PORT, settings={"user": "nobody"}, begin=False)
    gateway.give_keyring(65534)
    gateway.begin()
    assert status(gateway, "Uid").split() == ["65534"] * 4
    assert int(status(gateway, "CapEff"), 16) == NET_ADMIN
    exchange(world4)
    gateway.write_rules(rules.client(f"{PORT},{PORT + 1}"))
    assert "2" in gateway.ctl("reload")
    gateway.stop()
    assert not os.path.exists(gateway.directory + "/control.sock")
    assert gateway.result("attls-net", "down").returncode == 0


@pytest.mark.parametrize("path", sorted(
    glob.glob(os.path.join(ROOT, "rules", "examples", "*.ini"))
    + glob.glob(os.path.join(ROOT, "rules", "predefined", "*.ini"))), ids=os.path.basename)
def test_shipped_rules_are_right(world4, path):
    gateway = world4.gateway("client", rules.client(PORT))
    done = gateway.result("attlsctl", "policy", "check", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_sample_settings_are_right(world4, tmp_path, monkeypatch):
    """deploy/attls.ini as it is, but for the directory; and each line that is commented out."""
    for name in ("keys", "pin"):
        (tmp_path / name).write_text("a secret that systemd hands over\n")
        (tmp_path / name).chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    gateway = world4.gateway("client", rules.client(PORT))
    gateway.add_ca("attls-ring", world4.pki.ca)
    gateway.keyring("addring", "--id", "root", rules.CLIENT_RING)
    with open(os.path.join(ROOT, "deploy", "attls.ini")) as f:
        sample = f.read().replace("/etc/attls", gateway.directory)
    for text in (sample, re.sub(r"^#(\w+ = )", r"\1", sample, flags=re.M).replace(
            "mode = host", "mode = router")):
        with open(gateway.ini, "w") as f:
            f.write(text)
        done = gateway.result("attlsd", "--check")
        said = done.stdout + done.stderr
        assert "unknown" not in said and "[gateway]" not in said, said


def test_installation_is_complete_and_keeps_settings(tmp_path):
    def install():
        subprocess.run([os.path.join(ROOT, "scripts", "install-files"), BUILD, tmp_path,
                        "/usr/local"], check=True)
    install()
    for name in ("sbin/attlsd", "sbin/attls-net", "bin/attlsctl", "bin/attls-keyring"):
        done = subprocess.run([tmp_path / "usr/local" / name, "--version"],
                              stdout=subprocess.PIPE, text=True, check=True)
        assert re.search(r"\d+\.\d+", done.stdout), done.stdout
        manual = os.path.basename(name) + ".8"
        assert (tmp_path / "usr/local/share/man/man8" / manual).exists(), manual
    text = (tmp_path / "usr/local/lib/systemd/system/attlsd.service").read_text()
    assert "/usr/sbin" not in text and "/usr/local/sbin/attlsd" in text
    ini = tmp_path / "etc/attls/attls.ini"
    ini.write_text("mine")
    install()
    assert ini.read_text() == "mine"
    assert (tmp_path / "etc/attls/keyring").stat().st_mode & 0o77 == 0

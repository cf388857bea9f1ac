# SPDX-License-Identifier: GPL-3.0-or-later
# test_image.py - scenario 1 with the gateway inside the image, started by its entrypoint
import os

from lib import clients, rules, servers
from lib.gateway import Gateway
from lib.process import Process
from lib.wait import wait_for
from lib.world import canary

PORT = 8443
ROOT = os.environ["ATTLS_IMAGE_ROOT"]
ENTRYPOINT = os.environ["ATTLS_IMAGE_ENTRYPOINT"]

# As a container engine would: own mounts and processes, the image as root, the configuration
# mounted into it, the network namespace of the application.
ENTER = """set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mkdir -p "$1/etc/attls"
mount --bind "$2" "$1/etc/attls"
mount -t proc proc "$1/proc"
mount --bind /sys "$1/sys"
mount --rbind /dev "$1/dev"
mount -t tmpfs tmpfs "$1/run"
root=$1
shift 2
exec chroot "$root" setpriv --no-new-privs --bounding-set="$CAPABILITIES" "$@"
"""
# What Docker gives by default, and what has to be added
CAPABILITIES = ("-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,"
                "+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write,+net_admin")


def inside(ns, configuration):
    """A wrapper that runs a program inside the image, in @ns."""
    def wrap(*argv):
        return ns.command("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                          ENTER, "sh", ROOT, configuration, *argv)
    return wrap


def configure(world):
    """A configuration directory as it is mounted at /etc/attls."""
    gateway = Gateway(world.client, world.path("attls"), rules.client(PORT))
    gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    gateway.write_ini(rules="/etc/attls/rules.d", keyring="/etc/attls/keyring",
                      control="/run/attls/control.sock")
    return gateway


def test_image_protects_curl(world):
    word = canary()
    servers.nginx(world.server, world.path("nginx"), PORT, cert=world.pki.server)
    with open(world.path("nginx") + "/www/page", "wb") as f:
        f.write(word)
    gateway = configure(world)
    wrap = inside(world.client, gateway.directory)
    capture = world.capture()
    container = Process(wrap(ENTRYPOINT), gateway.log_path,
                        env={**os.environ, "CAPABILITIES": CAPABILITIES})
    container.wait_output("^attlsd: ready", 30)
    got = clients.curl(world.client,
                       f"http://{clients.host(world.server_address)}:{PORT}/page")
    assert got.stdout == word.decode(), got.stderr + container.output()
    assert capture.count(word) == 0
    assert stop(container) == 0, container.output()
    for tool in ("iptables-save", "ip6tables-save"):
        assert "-A " not in world.client.run(tool)
    assert "attlsw" not in world.client.run("ip", "-br", "link")


def stop(container):
    """SIGTERM to the entrypoint, as an engine does it (the wrapper would keep it)."""
    with open(f"/proc/{container.pid}/task/{container.pid}/children") as f:
        children = f.read().split()
    os.kill(int(children[0]), 15)
    wait_for(lambda: not container.alive(), "end of the container", 30)
    return container.popen.returncode

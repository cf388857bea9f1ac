# SPDX-License-Identifier: GPL-3.0-or-later
# servers.py - real server programs in a namespace: nginx, openssl, gnutls, redis, PostgreSQL
import glob
import os
import pwd

from .netns import sh

NGINX = """daemon off;
master_process off;
error_log stderr warn;
pid {dir}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  keepalive_timeout 60;
  server {{
{listen}
{tls}
    root {dir}/www;
    client_max_body_size 0;
    location = /peer {{ return 200 "$remote_addr $remote_port $server_addr $server_port\\n"; }}
  }}
}}
"""
PYTHON_HTTP = """
import runpy, socket
socket.getfqdn = lambda name="": name
runpy.run_module("http.server", run_name="__main__")
"""


def nginx(ns, directory, port, cert=None, extra=""):
    """nginx on @port of all addresses, with TLS if @cert is given; files are in www/."""
    directory = str(directory)
    os.makedirs(os.path.join(directory, "www"), exist_ok=True)
    os.chmod(directory, 0o755)
    listen = "".join(f"    listen {a}:{port}{' ssl' if cert else ''};\n"
                     for a in ("0.0.0.0", "[::]"))
    tls = (f"    ssl_certificate {cert.pem};\n    ssl_certificate_key {cert.key};\n"
           "    ssl_protocols TLSv1.2 TLSv1.3;\n") if cert else ""
    config = os.path.join(directory, "nginx.conf")
    with open(config, "w") as f:
        f.write(NGINX.format(dir=directory, listen=listen, tls=tls + extra))
    process = ns.start("nginx", "-c", config, "-p", directory, "-g", "user root;",
                       log=os.path.join(directory, "nginx.log"))
    ns.wait_listening(port, process)
    return process


def openssl_server(ns, directory, port, cert, *options, family=4):
    """openssl s_server, by default answering each line with the line reversed."""
    options = options or ("-rev",)
    process = ns.start("openssl", "s_server", "-accept", port, "-" + str(family),
                       "-cert", cert.pem, "-key", cert.key, *options,
                       log=os.path.join(str(directory), f"s_server-{port}.log"))
    ns.wait_listening(port, process)
    return process


def gnutls_server(ns, directory, port, cert, *options):
    """gnutls-serv, by default an echo server."""
    options = options or ("--echo",)
    process = ns.start("gnutls-serv", "--port", port, "--x509certfile", cert.pem,
                       "--x509keyfile", cert.key, "--disable-client-cert", *options,
                       log=os.path.join(str(directory), f"gnutls-serv-{port}.log"))
    ns.wait_listening(port, process)
    return process


def python_http(ns, directory, port, address):
    """python3 -m http.server over the files of @directory, which asks no DNS for its own name."""
    process = ns.start("/usr/bin/python3", "-c", PYTHON_HTTP, port, "--bind", address,
                       "--directory", directory, log=os.path.join(str(directory), ".http.log"))
    ns.wait_listening(port, process)
    return process


def redis(ns, directory, port):
    process = ns.start("redis-server", "--port", port, "--bind", "0.0.0.0", "::",
                       "--protected-mode", "no", "--save", "", "--appendonly", "no",
                       "--dir", directory, log=os.path.join(str(directory), "redis.log"))
    ns.wait_listening(port, process)
    return process


def _postgres_bin():
    return sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]


def _as_postgres(*argv):
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *map(str, argv)]


def postgres(ns, directory, port):
    """A new PostgreSQL cluster without TLS and without passwords, on all addresses."""
    account = pwd.getpwnam("postgres")
    data = os.path.join(str(directory), "pgdata")
    os.makedirs(data, mode=0o700)
    os.chown(data, account.pw_uid, account.pw_gid)
    _open_path(str(directory))
    sh(*_as_postgres(os.path.join(_postgres_bin(), "initdb"), "-D", data, "-A", "trust",
                     "--no-sync", "-E", "UTF8", "--locale=C"), cwd="/")
    with open(os.path.join(data, "pg_hba.conf"), "w") as f:
        f.write("host all all 0.0.0.0/0 trust\nhost all all ::/0 trust\n")
    process = ns.start(*_as_postgres(
        os.path.join(_postgres_bin(), "postgres"), "-D", data, "-p", port, "-h", "*",
        "-k", data, "-c", "fsync=off", "-c", "ssl=off"),
        log=os.path.join(str(directory), "postgres.log"), cwd="/")
    process.wait_output("database system is ready to accept connections", 60)
    return process


def _open_path(path):
    """Let other accounts walk to @path (temporary directories are closed to them)."""
    while path not in ("/", "/tmp"):
        os.chmod(path, os.stat(path).st_mode | 0o011)
        path = os.path.dirname(path)

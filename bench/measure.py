# SPDX-License-Identifier: GPL-3.0-or-later
# measure.py - one figure of one system: the load, and what it costs
import json
import os
import resource
import subprocess

HERTZ = os.sysconf("SC_CLK_TCK")


def machine_seconds():
    """Processor seconds that this machine has worked, all processors together."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, softirq = map(int, f.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / HERTZ


def process_seconds(pids):
    """Processor seconds of the processes @pids, their threads included."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / HERTZ


def children_seconds():
    """Processor seconds of the processes that have been waited for, to the microsecond."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def proportional_set(pids):
    """Proportional set size in bytes, all of @pids together."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total * 1024


class Meter:
    """Runs the load client in a World's client namespace and reads the clocks around it."""

    def __init__(self, world, load):
        self.world, self.load = world, load

    def _client(self, system, verb, connections, *words):
        argv = self.world.client.command(self.load, verb, system.address, system.port,
                                         connections, *words)
        machine, own = machine_seconds(), process_seconds(system.pids())
        client = children_seconds()
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120)
        if done.returncode:
            raise RuntimeError(f"{system.name}: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        result["machine"] = machine_seconds() - machine
        result["gateways"] = process_seconds(system.pids()) - own
        result["client"] = children_seconds() - client
        return result

    def bulk(self, system, connections, seconds, direction):
        r = self._client(system, "bulk", connections, seconds, direction)
        amount = r["up"] + r["down"]
        return {"Gbit/s": amount * 8e-9 / r["seconds"],
                "CPU-s/GB": r["machine"] / (amount * 1e-9),
                "client CPU-s/GB": r["client"] / (amount * 1e-9),
                "gateway CPU-s/GB": r["gateways"] / (amount * 1e-9)}

    def echo(self, system, connections, seconds, size):
        r = self._client(system, "echo", connections, seconds, size)
        return {"per s": r["rate"], "p50 us": r["p50"], "p99 us": r["p99"],
                "p99.9 us": r["p99.9"], "CPU-us": r["machine"] * 1e6 / r["count"],
                "client CPU-us": r["client"] * 1e6 / r["count"]}

    def open(self, system, connections, seconds):
        r = self._client(system, "open", connections, seconds)
        return {"per s": r["rate"], "p50 us": r["p50"], "p99 us": r["p99"],
                "CPU-ms": r["machine"] * 1e3 / r["count"],
                "client CPU-ms": r["client"] * 1e3 / r["count"],
                "gateway CPU-ms": r["gateways"] * 1e3 / r["count"]}

    def idle(self, system, connections):
        """Bytes of all the system's processes for each idle connection."""
        before = proportional_set(system.pids())
        argv = self.world.client.command(self.load, "idle", system.address, system.port,
                                         connections)
        client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            if not client.stdout.readline():
                raise RuntimeError(f"{system.name}: not all of {connections} connections opened")
            client.stdout.flush()
            return {"KB a flow": (proportional_set(system.pids()) - before) / connections / 1e3}
        finally:
            client.stdin.close()
            client.wait(60)


def raise_limit():
    """As many files as the kernel lets a process have; those who are started inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

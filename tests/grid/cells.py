# SPDX-License-Identifier: GPL-3.0-or-later
# cells.py - the cells of the grid: factors, all of them, and a selection that has every pair
import itertools
import zlib
from typing import NamedTuple

FACTORS = {
    "deployment": ("both", "client", "server", "routers"),
    "family": (4, 6),
    "loss": (0, 0.1, 1, 3, 10),                 # percent, each way
    "rtt": (0, 5, 20, 100),                     # milliseconds
    "kind": ("none", "reorder", "duplicate", "corrupt"),
    "workload": ("up", "down", "both-ways", "requests", "half-close", "reset", "stall"),
}
RATE, QUEUE = 100, 250000  # Mbit/s, bytes


class Cell(NamedTuple):
    """One workload over one impaired path in one deployment."""

    deployment: str
    family: int
    loss: float
    rtt: int
    kind: str
    workload: str

    @property
    def name(self):
        return ",".join(f"{v:g}" if isinstance(v, (int, float)) else v for v in self)

    @property
    def seed(self):
        return zlib.crc32(self.name.encode())

    @property
    def path(self):
        """The words for tests/impair. Half of the lossy paths lose in bursts."""
        extra = {"none": "", "reorder": f",reorder=2%,reorder_delay={max(1, self.rtt / 4)}ms",
                 "duplicate": ",duplicate=2%", "corrupt": ",corrupt=1%"}[self.kind]
        burst = ",burst=3" if self.loss >= 1 and self.seed % 2 else ""
        return (f"delay={self.rtt / 2}ms,rate={RATE}mbit,queue={QUEUE},loss={self.loss}%"
                + burst + extra)

    @property
    def size(self):
        """Bytes that take some 3 s (Mathis et al. 1997; half of it where time-outs rule)."""
        lost = (self.loss + (self.kind == "corrupt") + (self.kind == "reorder") / 2) / 100
        speed = 1e6 if self.rtt > 20 else 3e6
        if lost:
            speed = min(speed, 1448 * 1.2 / (max(self.rtt, 2) / 1000 * lost ** 0.5))
        return int(max(65536, 3 * speed * (0.5 if self.loss > 3 else 1)))


def parse(name):
    """The cell of that name, or None."""
    words = name.split(",")
    if len(words) != len(FACTORS):
        return None
    values = [{f"{v}": v for v in known}.get(word)
              for word, known in zip(words, FACTORS.values())]
    return None if None in values else Cell(*values)


def every():
    """All cells; the address family takes turns."""
    others = [v for k, v in FACTORS.items() if k != "family"]
    for number, (deployment, *rest) in enumerate(itertools.product(*others)):
        yield Cell(deployment, FACTORS["family"][number % 2], *rest)


def _pairs(cell):
    return set(itertools.combinations(enumerate(cell), 2))


def _slow(cell):
    return cell.loss * max(cell.rtt, 5)


def pairwise():
    """Few cells that hold every pair of values of two factors: greedily, the quick ones first."""
    candidates = {c: _pairs(c) for c in
                  sorted((Cell(*v) for v in itertools.product(*FACTORS.values())), key=_slow)}
    left = set().union(*candidates.values())
    while left:
        best = max(candidates, key=lambda c: len(candidates[c] & left))
        left -= candidates[best]
        yield best

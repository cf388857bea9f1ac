# SPDX-License-Identifier: GPL-3.0-or-later
# workloads.py - what two applications do with a connection; each ends by comparing all bytes
import hashlib
import random
import select
import socket
import ssl

from lib import traffic
from lib.traffic import Task
from lib.wait import Timeout, wait_for

LIMIT = 80  # seconds; only against hanging
BLOCK = 65536
SMALL_BUFFER = 16384


class Ends:
    """
    The two sockets of a connection, and what the workload may want to know of it.

    @near: the client's, @far: the server's; either may be an SSLSocket
    @plain, @other: the same two, the first of which certainly has no TLS
    """

    def __init__(self, near, far, cell, word):
        self.near, self.far, self.cell, self.word = near, far, cell, word
        self.plain, self.other = (far, near) if cell.deployment == "server" else (near, far)

    def data(self, size, number):
        """@size bytes that are the same for this cell every time, full of the canary."""
        return traffic.noise(size, self.cell.seed + number, self.word)

    def close(self):
        for s in (self.near, self.far):
            s.close()


def finish(s):
    """End our direction. TLS of Python waits for the other's end as well."""
    if isinstance(s, ssl.SSLSocket):
        s.unwrap()
    else:
        s.shutdown(socket.SHUT_WR)


def send(s, data):
    s.sendall(data)
    finish(s)


def receive(s):
    """The digest of all that comes until the end."""
    digest = hashlib.sha256()
    while True:
        part = s.recv(BLOCK)
        if not part:
            return digest.hexdigest()
        digest.update(part)


def same(got, data):
    assert got == hashlib.sha256(data).hexdigest(), "the bytes that arrived are not those sent"


def one_way(sender, receiver, data):
    task = Task(send, sender, data)
    same(receive(receiver), data)
    finish(receiver)
    task.join(LIMIT)
    assert isinstance(sender, ssl.SSLSocket) or sender.recv(1) == b""


def up(ends):
    one_way(ends.near, ends.far, ends.data(ends.cell.size, 0))


def down(ends):
    one_way(ends.far, ends.near, ends.data(ends.cell.size, 0))


def exchange(s, data, size):
    """Send and receive at once from one thread, as an SSLSocket needs it; the digest."""
    digest, sent = hashlib.sha256(), 0
    s.setblocking(False)
    while size or sent < len(data):
        moved = 0
        try:
            sent += (moved := s.send(data[sent:sent + BLOCK])) if sent < len(data) else 0
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        try:
            part = s.recv(BLOCK) if size else b""
            assert part or not size, "the end came too early"
            digest.update(part)
            size -= len(part)
            moved += len(part)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        if not moved:
            ready = select.select([s] if size else [], [s] if sent < len(data) else [], [], LIMIT)
            assert any(ready), f"nothing moved for {LIMIT} s"
    s.settimeout(LIMIT)
    return digest.hexdigest()


def both_ways(ends):
    there, back = ends.data(ends.cell.size // 2, 0), ends.data(ends.cell.size // 2, 1)
    task = Task(exchange, ends.plain, there, len(back))
    same(exchange(ends.other, back, len(there)), there)
    same(task.join(LIMIT), back)
    finish(ends.plain)
    assert ends.other.recv(1) == b""


def answer_all(s):
    """Answer as traffic.request_response() does, to the end."""
    traffic.request_response(s, None)
    finish(s)


def requests(ends):
    sizes = random.Random(ends.cell.seed)
    task = Task(answer_all, ends.far)
    for number in range(max(3, min(30, ends.cell.size // 20000))):
        good = traffic.ask(ends.near, sizes.randint(1, 8000), sizes.randint(1, 8000), number)
        assert good, "a wrong answer"
    finish(ends.near)
    task.join(LIMIT)


def half_close(ends):
    """The answer comes after the end of the question."""
    question, answer = ends.data(ends.cell.size // 2, 0), ends.data(ends.cell.size // 2, 1)

    def respond(s):
        same(receive(s), question)
        send(s, answer)
    task = Task(respond, ends.other)
    send(ends.plain, question)
    same(receive(ends.plain), answer)
    task.join(LIMIT)


def reset(ends):
    """Whoever is sending when the other end resets learns of it."""
    victim, culprit = ends.near, ends.far
    if ends.cell.seed // 2 % 2:
        victim, culprit = culprit, victim
    data = ends.data(ends.cell.size, 0)

    def flood():
        while True:
            victim.sendall(data)
    task = Task(flood)
    wanted = len(data) // 2
    same(hashlib.sha256(traffic.receive_exactly(culprit, wanted)).hexdigest(), data[:wanted])
    traffic.reset(culprit)
    try:
        task.join(LIMIT)
    except (ConnectionError, ssl.SSLError) as e:
        assert not isinstance(e, ssl.SSLZeroReturnError), "a clean end instead of a reset"
    else:
        raise AssertionError("no reset")


def stalled(progress):
    """A condition: @progress() has not changed for 30 calls."""
    seen = []

    def check():
        seen.append(progress())
        return len(seen) > 30 and seen[-1] == seen[-30]
    return check


def stall(ends):
    """The reader reads nothing until the sender is stuck, then all."""
    data, sent = ends.data(ends.cell.size, 0), [0]

    def push(s):
        for at in range(0, len(data), 4096):
            s.sendall(data[at:at + 4096])
            sent[0] = at
        finish(s)
    task = Task(push, ends.other)
    try:
        wait_for(stalled(lambda: sent[0]), "stuck sender", 4)
    except Timeout:
        pass  # a slow path: then the reader was just late
    same(receive(ends.plain), data)
    finish(ends.plain)
    task.join(LIMIT)


WORKLOADS = {"up": up, "down": down, "both-ways": both_ways, "requests": requests,
             "half-close": half_close, "reset": reset, "stall": stall}

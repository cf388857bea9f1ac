# SPDX-License-Identifier: GPL-3.0-or-later
# traffic.py - byte streams over sockets: senders, receivers, servers in threads
import hashlib
import random
import socket
import struct
import threading

from .wait import wait_for

BLOCK = 1 << 20


class Task:
    """A function in a thread; join() hands over its result or raises what it raised."""

    def __init__(self, function, *args):
        self._result = self._error = None
        self._thread = threading.Thread(target=self._run, args=(function, args), daemon=True)
        self._thread.start()

    def _run(self, function, args):
        try:
            self._result = function(*args)
        except BaseException as e:  # handed to join()
            self._error = e

    def done(self):
        return not self._thread.is_alive()

    def join(self, timeout=60.0):
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise AssertionError(f"no end within {timeout} s")
        if self._error:
            raise self._error
        return self._result


def blocks(size, seed, word=b""):
    """
    @size bytes of noise: no two places alike, and the same again for the same @seed.

    With @word, a canary, that stands in every 4 KB of it.
    """
    noise = bytearray(random.Random(seed).randbytes(BLOCK))
    for at in range(64, BLOCK if word else 0, 4096):
        noise[at:at + len(word)] = word
    for index in range((size + BLOCK - 1) // BLOCK):
        noise[:16] = struct.pack(">QQ", seed, index)
        yield bytes(noise[:min(BLOCK, size - index * BLOCK)])


def noise(size, seed=1, word=b""):
    return b"".join(blocks(size, seed, word))


def send_noise(s, size, seed, end=True, word=b""):
    """Send, close our direction, return the hash."""
    digest = hashlib.sha1()
    for block in blocks(size, seed, word):
        digest.update(block)
        s.sendall(block)
    if end:
        s.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def receive_hash(s, size=None):
    """Receive to the end, or just @size bytes; return (count, hash)."""
    digest, count = hashlib.sha1(), 0
    buffer = memoryview(bytearray(BLOCK))
    while size is None or count < size:
        got = s.recv_into(buffer[:BLOCK if size is None else min(BLOCK, size - count)])
        if not got:
            break
        digest.update(buffer[:got])
        count += got
    return count, digest.hexdigest()


def hash_of(size, seed):
    """The hash that send_noise() has."""
    digest = hashlib.sha1()
    for block in blocks(size, seed):
        digest.update(block)
    return digest.hexdigest()


def receive_all(s):
    """Receive to the end."""
    parts = []
    while True:
        part = s.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def receive_exactly(s, size):
    data = bytearray()
    while len(data) < size:
        part = s.recv(min(65536, size - len(data)))
        if not part:
            raise AssertionError(f"end of stream after {len(data)} of {size} bytes")
        data += part
    return bytes(data)


class Server:
    """
    A plain TCP server in threads of this process, its sockets in namespace @ns.

    @handler: called with (socket, peer address) in a thread for each connection. Its exceptions
    are collected in .errors: a reset in the middle is often what a test is about.
    """

    def __init__(self, ns, address, port, handler):
        self.listener = ns.listen(address, port)
        self.address, self.port = address, port
        self.handler = handler
        self.peers, self.errors, self.results, self.sockets = [], [], [], []
        self._accepted = threading.Semaphore(0)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                s, peer = self.listener.accept()
            except OSError:
                return
            self.sockets.append(s)
            self.peers.append(peer[:2])
            self._accepted.release()
            threading.Thread(target=self._handle, args=(s, peer), daemon=True).start()

    def _handle(self, s, peer):
        s.settimeout(60)
        try:
            self.results.append(self.handler(s, peer))
        except (OSError, AssertionError) as e:
            self.errors.append(e)
        finally:
            s.close()

    def wait_accepted(self, timeout=20.0):
        """Wait for one more connection."""
        assert self._accepted.acquire(timeout=timeout), "no connection came"
        return self.sockets[-1]

    def close(self):
        # shutdown wakes the thread in accept(); close alone would not
        for s in [self.listener, *self.sockets]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()


class Flood:
    """
    Send blocks full of a canary, in a thread, until stop() or an error.

    It stalls where the path does: that is what the fail-closed tests want to see.
    """

    def __init__(self, s, word):
        self.socket, self.sent, self.error = s, 0, None
        self._stop = threading.Event()
        s.settimeout(0.5)
        self._thread = threading.Thread(target=self._run, args=(noise(BLOCK, 9, word),),
                                        daemon=True)
        self._thread.start()

    def _run(self, block):
        while not self._stop.is_set():
            try:
                self.sent += self.socket.send(block)
            except TimeoutError:
                continue
            except OSError as e:
                self.error = e
                return

    def wait_sent(self, more, timeout=30.0):
        """Wait until @more bytes were taken by the kernel than now."""
        goal = self.sent + more
        wait_for(lambda: self.sent >= goal or self.error, f"{more} more bytes sent", timeout)
        if self.error:
            raise self.error

    def wait_error(self, timeout=30.0):
        """Wait until the connection is broken; return the exception."""
        return wait_for(lambda: self.error, "error on the sending socket", timeout)

    def stop(self):
        self._stop.set()
        self._thread.join(10)


class Meter:
    """A handler that counts what arrives."""

    def __init__(self):
        self.count, self.ended, self.error = 0, False, None

    def __call__(self, s, _peer):
        try:
            while True:
                got = len(s.recv(BLOCK))
                if not got:
                    break
                self.count += got
        except OSError as e:
            self.error = e
        self.ended = True

    def wait_count(self, count, timeout=30.0):
        wait_for(lambda: self.count >= count, f"{count} bytes received", timeout)


# Handlers

def echo(s, _peer):
    """Send back what comes until it ends."""
    while True:
        data = s.recv(BLOCK)
        if not data:
            return
        s.sendall(data)


def peername(s, peer):
    """Tell the peer who it is, then whom it reached."""
    s.sendall(f"{peer[0]} {peer[1]} {s.getsockname()[0]} {s.getsockname()[1]}\n".encode())
    s.shutdown(socket.SHUT_WR)
    receive_all(s)


def sink(s, _peer):
    """Swallow to the end; the result is (count, hash)."""
    return receive_hash(s)


def hold(s, _peer):
    """Keep the connection until the test closes it."""
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass


def request_response(s, _peer):
    """Answer requests of the form (length of request, length of answer, request)."""
    while True:
        header = s.recv(8)
        if not header:
            return
        header += receive_exactly(s, 8 - len(header)) if len(header) < 8 else b""
        ask, give = struct.unpack(">II", header)
        body = receive_exactly(s, ask)
        digest = hashlib.sha1(body).digest()
        s.sendall((digest * (give // 20 + 1))[:give])


def ask(s, size, answer, seed):
    """One request to request_response(); True if the answer is the right one."""
    body = noise(size, seed)
    s.sendall(struct.pack(">II", size, answer) + body)
    digest = hashlib.sha1(body).digest()
    return receive_exactly(s, answer) == (digest * (answer // 20 + 1))[:answer]


def reset(s):
    """Close with a reset instead of a FIN."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()

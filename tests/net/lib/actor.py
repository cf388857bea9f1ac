# SPDX-License-Identifier: GPL-3.0-or-later
# actor.py - a program run by the owner tests: whose socket it is depends on the words it gets
"""
actor.py ADDRESS PORT WORD STEP...

Steps, in order: cgroup=DIRECTORY, name=NAME, uid=N, and one of the acts at the end of this file.
An act that connects says WORD and prints what comes back; one that listens serves one connection.
"""
import array
import contextlib
import os
import signal
import socket
import sys
import threading

ADDRESS, PORT, WORD = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
FAMILY = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET


def cgroup(directory):
    with open(directory + "/cgroup.procs", "w") as f:
        f.write(str(os.getpid()))


def name(text):
    """Of the calling thread; that of the first thread is the name of the process."""
    with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as f:
        f.write(text)


def uid(number):
    os.setgroups([])
    os.setresgid(int(number), int(number), int(number))
    os.setresuid(int(number), int(number), int(number))


def talk(s):
    s.settimeout(20)
    s.connect((ADDRESS, PORT))
    s.sendall(WORD)
    got = b""
    while len(got) < len(WORD):
        part = s.recv(100)
        if not part:
            break
        got += part
    print(got.decode(), flush=True)


def new_socket():
    return socket.socket(FAMILY)


def listener():
    s = new_socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((ADDRESS, PORT))
    s.listen(8)
    return s


def accept(s):
    """Echo until the end, which a reset is as well."""
    c, _ = s.accept()
    with c, contextlib.suppress(ConnectionResetError):
        while True:
            part = c.recv(1000)
            if not part:
                break
            c.sendall(part)


def in_child(steps, function, *args):
    """Run @function in a child after @steps; end as it ends."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for step in steps:
                do(step)
            function(*args)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# Acts. Where there is a "/" in the steps, those behind it are of the second process.

def connect(_later):
    with new_socket() as s:
        talk(s)


def thread(later):
    """A thread with a name of its own connects."""
    def run():
        name("threadjob")
        connect(later)
    t = threading.Thread(target=run)
    t.start()
    t.join()


def child(later):
    """A short-lived child makes the connection."""
    sys.exit(in_child(later, connect, []))


def inherited(later):
    """A child connects a socket that its parent made and still holds."""
    with new_socket() as s:
        sys.exit(in_child(later, talk, s))


def passed(later):
    """A socket made here is handed to a process of another group, which alone has it then."""
    here, there = socket.socketpair()

    def receive():
        here.close()
        _, data, _, _ = there.recvmsg(1, socket.CMSG_SPACE(4))
        fds = array.array("i")
        fds.frombytes(data[0][2])
        there.recv(1)
        talk(socket.socket(FAMILY, fileno=fds[0]))

    pid = os.fork()
    if pid == 0:
        for step in later:
            do(step)
        receive()
        os._exit(0)
    there.close()
    s = new_socket()
    here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [s.fileno()]))])
    s.close()
    here.send(b"x")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def moved(later):
    """The process goes to another group after it has made its socket."""
    s = new_socket()
    for step in later:
        do(step)
    talk(s)


def listen(_later):
    s = listener()
    print("listening", flush=True)
    accept(s)


def serve_in_child(later):
    """A forked server, or socket activation: the parent holds the listener, a child accepts."""
    s = listener()
    print("listening", flush=True)
    sys.exit(in_child(later, accept, s))


def listen_on_device(_later):
    s = new_socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"left0")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((ADDRESS, PORT))
    s.listen(8)
    print("listening", flush=True)
    accept(s)


def crowd(_later):
    """Three hundred idle processes with forty sockets each; they end with this one."""
    end, alive = os.pipe()
    begun, begin = os.pipe()
    for _ in range(300):
        if os.fork() == 0:
            os.close(alive)
            sockets = [new_socket() for _ in range(40)]
            os.write(begin, b"x")
            os.read(end, 1)
            os._exit(len(sockets) - 40)
    for _ in range(300):
        os.read(begun, 1)
    print("crowded", flush=True)
    signal.pause()


def do(step):
    word, _, value = step.partition("=")
    globals()[word](value)


def main():
    steps = sys.argv[4:]
    split = steps.index("/") if "/" in steps else len(steps)
    for step in steps[:split - 1]:
        do(step)
    globals()[steps[split - 1]](steps[split + 1:])


main()

"""Pinned servers and clients with exact counts: one JSON request a line on stdin, one JSON answer a line on stdout."""
import ctypes
import json
import os
import select
import signal
import socket
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
SO_REUSEPORT = 15
held = []


def fork_on(cpu, serve):
    """A child on one CPU that serves until its parent ends."""
    pid = os.fork()
    if pid > 0:
        return pid
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, {cpu})
    serve()


def group(kind, count):
    members = []
    for _ in range(count):
        member = socket.socket(socket.AF_INET, kind)
        member.setsockopt(socket.SOL_SOCKET, SO_REUSEPORT, 1)
        member.bind(("127.0.0.1", members[0].getsockname()[1] if members else 0))
        members.append(member)
    return members


def started(members, cpus, serve):
    port = members[0].getsockname()[1]
    workers = []
    for member, cpu in zip(members, cpus):
        inode = os.fstat(member.fileno()).st_ino
        pid = fork_on(cpu, lambda: serve(member))
        workers.append({"pid": pid, "fd": member.fileno(), "inode": inode, "cpu": cpu})
    for member in members:
        member.close()
    return {"port": port, "workers": workers}


def serve_tcp(cpus):
    """A worker on each of the CPUs, each with a listener of its own; they answer one byte, and hold connections."""
    members = group(socket.SOCK_STREAM, len(cpus))
    for member in members:
        member.listen(64)
    return started(members, cpus, accept_for_ever)


def accept_for_ever(listener):
    connections = {}
    epoll = select.epoll()
    epoll.register(listener.fileno(), select.EPOLLIN)
    while True:
        for fd, _ in epoll.poll():
            if fd == listener.fileno():
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                epoll.register(connection.fileno(), select.EPOLLIN)
                connection.send(b".")
            elif not connections[fd].recv(1):
                connections.pop(fd).close()


def serve_udp(cpus):
    """A reader on each of the CPUs, each with a socket of its own; they send every datagram back."""
    return started(group(socket.SOCK_DGRAM, len(cpus)), cpus, echo_for_ever)


def echo_for_ever(member):
    while True:
        payload, source = member.recvfrom(100)
        member.sendto(payload, source)


def on(cpu, act):
    def work():
        os.sched_setaffinity(0, {cpu})
        act()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def connect(cpu, port, count, hold):
    """
    That many connections from one CPU, one after the other, each answered. The acknowledgement of an answer may be sent,
    and so received, on the server's CPU: those that stay open send a byte at the end.
    """

    def act():
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.recv(1)
            held.append(connection) if hold else connection.close()
        time.sleep(0.1 if hold else 0)
        for connection in held[-count:] if hold else []:
            connection.send(b".")

    on(cpu, act)
    return count


def send(cpu, port, count):
    """That many datagrams from one CPU, from one source, each answered before the next."""

    def act():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(("127.0.0.1", port))
            for number in range(count):
                client.send(b"x" * (number % 64))
                client.recv(100)

    on(cpu, act)
    return count


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(globals()[request["call"]](*request["args"])), flush=True)

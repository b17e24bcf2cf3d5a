"""Opens the sockets that a test asks for: one JSON request a line on stdin, one JSON answer a line on stdout."""
import ctypes
import json
import os
import select
import signal
import socket
import struct
import sys
import threading

PR_SET_PDEATHSIG = 1
SO_REUSEPORT = 15
SO_ATTACH_REUSEPORT_CBPF = 51
sockets = {}


def open_sockets(kind, address, port, count, reuse=SO_REUSEPORT):
    made = []
    for _ in range(count):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        if reuse:
            sock.setsockopt(socket.SOL_SOCKET, reuse, 1)
        sock.bind((address, port))
        port = sock.getsockname()[1]
        if kind == "tcp":
            sock.listen(8)
        inode = os.fstat(sock.fileno()).st_ino
        sockets[inode] = sock
        made.append({"inode": inode, "fd": sock.fileno(), "port": port})
    return made


def close(inode):
    sockets.pop(inode).close()


def connect(inode, port):
    sockets[inode].connect(("127.0.0.1", port))


def attach(inode, program):
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    filters = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    sockets[inode].setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, filters)


def exchange(port, count):
    """Sends that many datagrams, every other one empty, and reads them; peeks count as nothing."""
    readers = {sock: inode for inode, sock in sockets.items() if sock.getsockname()[1] == port}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        read = dict.fromkeys(readers.values(), 0)
        for number in range(count):
            client.sendto(b"x" * (number % 2), ("127.0.0.1", port))
            for sock in select.select(list(readers), [], [], 5)[0]:
                sock.recv(100, socket.MSG_PEEK)
                sock.recv(100)
                read[readers[sock]] += 1
    return read


def accept_in_thread(inode, cpu):
    pinned = threading.Event()
    tids = []

    def work():
        tids.append(threading.get_native_id())
        os.sched_setaffinity(0, {cpu})
        pinned.set()
        sockets[inode].accept()

    threading.Thread(target=work, daemon=True).start()
    pinned.wait()
    return tids[0]


def poll_in_thread(inodes):
    """One epoll instance with all of them, and a thread that waits on it."""
    waiting = threading.Event()
    tids = []

    def work():
        tids.append(threading.get_native_id())
        waiting.set()
        epoll.poll()

    epoll = select.epoll()
    for inode in inodes:
        epoll.register(sockets[inode].fileno(), select.EPOLLIN)
    threading.Thread(target=work, daemon=True).start()
    waiting.wait()
    return tids[0]


def fork_and_poll(inode):
    """A child that inherits everything and polls one socket; its parent only holds it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        epoll = select.epoll()
        epoll.register(sockets[inode].fileno(), select.EPOLLIN)
        os.write(writing, b".")
        while True:
            epoll.poll()
    os.read(reading, 1)
    return pid


for line in sys.stdin:
    request = json.loads(line)
    answer = globals()[request["call"]](*request["args"])
    print(json.dumps(answer), flush=True)

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
import time

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


def wait_until_in_call(path, fd):
    """Until the thread of this /proc/.../syscall waits in a system call on the descriptor."""
    while True:
        with open(path) as file:
            # `running`, or the number of the call and its arguments.
            if file.read().split()[1:2] == [hex(fd)]:
                return
        time.sleep(0.001)


def in_thread(work, fd):
    """A thread that ends up in a system call on the descriptor."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    wait_until_in_call(f"/proc/self/task/{thread.native_id}/syscall", fd)
    return thread.native_id


def accept_in_thread(inode, cpu):
    def work():
        os.sched_setaffinity(0, {cpu})
        sockets[inode].accept()

    return in_thread(work, sockets[inode].fileno())


def poll_in_thread(inodes):
    """One epoll instance with all of them, and a thread that waits on it."""
    epoll = select.epoll()
    for inode in inodes:
        epoll.register(sockets[inode].fileno(), select.EPOLLIN)
    return in_thread(epoll.poll, epoll.fileno())


def fork_and_poll(inode):
    """A child that inherits everything and polls one socket; its parent only holds it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        epoll = select.epoll()
        epoll.register(sockets[inode].fileno(), select.EPOLLIN)
        os.write(writing, b"%d" % epoll.fileno())
        while True:
            epoll.poll()
    wait_until_in_call(f"/proc/{pid}/syscall", int(os.read(reading, 9)))
    return pid


for line in sys.stdin:
    request = json.loads(line)
    answer = globals()[request["call"]](*request["args"])
    print(json.dumps(answer), flush=True)

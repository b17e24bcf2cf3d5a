"""Known amounts of traffic between known CPUs, in lock-step so that nothing is merged or dropped.

traffic.py udp PORT COUNT SENDER_CPU READER_CPU   datagrams to PORT over loopback
traffic.py tcp PORT COUNT SENDER_CPU READER_CPU   messages to PORT over loopback, each answered
traffic.py tap PORT COUNT SENDER_CPU READER_CPU   datagrams from PORT through a tap device; reading its other end is
                                                  the driver's giving back
"""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import time


def on(cpu, act):
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {cpu})
        act()
        os._exit(0)
    return pid


def both(sender_cpu, sender, reader_cpu, reader):
    pid = on(reader_cpu, reader)
    children = [pid, on(sender_cpu, lambda: sender(pid))]
    return sum(os.waitpid(pid, 0)[1] for pid in children)


def asleep(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(") ", 1)[1][0] == "S"


def lock_step(count, sender_cpu, reader_cpu, send, receive):
    was_read, has_read = os.pipe()

    def sender(reader):
        # One that does not wait yet may read the first packet before the kernel reports that it was delivered.
        while not asleep(reader):
            time.sleep(0.001)
        for _ in range(count):
            send()
            os.read(was_read, 1)

    def reader():
        for _ in range(count):
            receive()
            os.write(has_read, b".")

    return both(sender_cpu, sender, reader_cpu, reader)


def udp(port, count, *cpus):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", port))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(receiver.getsockname())
    return lock_step(count, *cpus, lambda: sender.send(b"x" * 64), lambda: receiver.recv(2048))


def tcp(port, count, sender_cpu, reader_cpu):
    listener = socket.create_server(("127.0.0.1", port))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    for end in (client, server):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(_):
        for _ in range(count):
            client.send(b"q" * 64)
            client.recv(64)

    def answer():
        for _ in range(count):
            server.recv(64)
            server.send(b"a" * 64)

    return both(sender_cpu, ask, reader_cpu, answer)


def tap(port, count, *cpus):
    """In a network namespace of its own, which ends with this process."""
    CLONE_NEWNET = 0x40000000
    TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"lt-tap", IFF_TAP | IFF_NO_PI))
    for command in (
        "ip addr add 192.0.2.1/24 dev lt-tap",
        "ip link set lt-tap up",
        "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev lt-tap",
    ):
        subprocess.run(command.split(), check=True)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind(("192.0.2.1", port))
    sender.connect(("192.0.2.2", 9))

    def receive():
        is_udp = False
        while not is_udp:
            frame = os.read(device, 2048)
            is_udp = frame[12:14] == b"\x08\x00" and frame[23] == 17

    return lock_step(count, *cpus, lambda: sender.send(b"x" * 64), receive)


if __name__ == "__main__":
    sys.exit(1 if {"udp": udp, "tcp": tcp, "tap": tap}[sys.argv[1]](*map(int, sys.argv[2:])) else 0)

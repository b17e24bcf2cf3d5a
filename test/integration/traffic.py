"""Known amounts of traffic between known CPUs, in lock-step so that nothing is merged or dropped.

traffic.py udp COUNT SENDER_CPU READER_CPU   datagrams over loopback
traffic.py tcp COUNT SENDER_CPU READER_CPU   messages over loopback, each answered: COUNT are read on each side
traffic.py tap COUNT SENDER_CPU READER_CPU   datagrams through a tap device, whose other end is read: the driver's part

Prints the port (of the reader; tap: of the sender), waits for a line on stdin, and prints "done".
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys


def on(cpu, act):
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {cpu})
        act()
        os._exit(0)
    return pid


def lock_step(count, sender_cpu, reader_cpu, send, receive):
    token_in, token_out = os.pipe()

    def sender():
        for number in range(count):
            send(number)
            os.read(token_in, 1)

    def reader():
        for _ in range(count):
            receive()
            os.write(token_out, b".")

    children = [on(reader_cpu, reader), on(sender_cpu, sender)]
    return sum(os.waitpid(pid, 0)[1] for pid in children)


def start(port):
    print(port, flush=True)
    sys.stdin.readline()


def udp(count, *cpus):
    inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inbox.bind(("127.0.0.1", 0))
    outbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outbox.connect(inbox.getsockname())
    start(inbox.getsockname()[1])
    return lock_step(count, *cpus, lambda _: outbox.send(b"x" * 64), lambda: inbox.recv(2048))


def tcp(count, sender_cpu, reader_cpu):
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    for end in (client, server):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    start(listener.getsockname()[1])

    def ask():
        for _ in range(count):
            client.send(b"q" * 64)
            client.recv(64)

    def answer():
        for _ in range(count):
            server.recv(64)
            server.send(b"a" * 64)

    children = [on(reader_cpu, answer), on(sender_cpu, ask)]
    return sum(os.waitpid(pid, 0)[1] for pid in children)


def tap(count, *cpus):
    """In a network namespace of its own, which ends with this process."""
    os.unshare(os.CLONE_NEWNET) if hasattr(os, "unshare") else unshare()
    device = os.open("/dev/net/tun", os.O_RDWR)
    TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"lt-tap", IFF_TAP | IFF_NO_PI))
    with open("/proc/sys/net/ipv6/conf/lt-tap/disable_ipv6", "w") as quiet:
        quiet.write("1")
    for command in (
        "ip addr add 192.0.2.1/24 dev lt-tap",
        "ip link set lt-tap up",
        "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev lt-tap",
    ):
        subprocess.run(command.split(), check=True)
    outbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outbox.bind(("192.0.2.1", 0))
    outbox.connect(("192.0.2.2", 9))
    start(outbox.getsockname()[1])

    def receive():
        while True:
            frame = os.read(device, 2048)
            if frame[12:14] == b"\x08\x00" and frame[23] == 17:
                return

    return lock_step(count, *cpus, lambda _: outbox.send(b"x" * 64), receive)


def unshare():
    import ctypes

    CLONE_NEWNET = 0x40000000
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


if __name__ == "__main__":
    failed = {"udp": udp, "tcp": tcp, "tap": tap}[sys.argv[1]](*map(int, sys.argv[2:]))
    print("failed" if failed else "done", flush=True)

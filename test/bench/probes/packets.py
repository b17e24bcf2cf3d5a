"""What a packet costs here and now: a known workload in one thread on one CPU, timed batch by batch.

packets.py CPU BATCHES SIZE SECONDS WORKLOAD...
for each line of its input prints {workload: [nanoseconds a packet, by batch]}

One process for all measurements: where its memory lies makes a difference of a tenth.

udp   a datagram to a socket on loopback, and its read: received only
tcp   a message over a loopback connection, and its read, there and back
tap   a datagram out through a tap device, and one in from it: sent and received, one packet each
"""
import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time

PAYLOAD = b"x" * 64
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
HERE, THERE = "192.0.2.1", "192.0.2.2"


def udp():
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(receiver.getsockname())

    def step():
        sender.send(PAYLOAD)
        receiver.recv(2048)

    return step, 1


def tcp():
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    for end in (client, server):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def step():
        client.send(PAYLOAD)
        server.recv(2048)
        server.send(PAYLOAD)
        client.recv(2048)

    return step, 2


def tap():
    """The process moves into a network namespace of its own, which ends with it: the last of the workloads."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"lt-tap", IFF_TAP | IFF_NO_PI))
    for command in (
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
        f"ip addr add {HERE}/24 dev lt-tap",
        "ip link set lt-tap address 02:00:00:00:00:01 up",
        f"ip neigh add {THERE} lladdr 02:00:00:00:00:02 dev lt-tap",
    ):
        subprocess.run(command.split(), check=True)
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.bind((HERE, 0))
    ours.connect((THERE, 9))
    reply = frame(ours.getsockname()[1])

    def step():
        ours.send(PAYLOAD)
        os.read(device, 2048)
        os.write(device, reply)
        ours.recv(2048)

    return step, 2


def frame(port):
    """A datagram from THERE, port 9, to `port` HERE."""
    length = 8 + len(PAYLOAD)
    addresses = socket.inet_aton(THERE) + socket.inet_aton(HERE)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xFFFF) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + ip[12:]
    ethernet = bytes.fromhex("020000000001" "020000000002" "0800")
    return ethernet + ip + struct.pack(">HHHH", 9, port, length, 0) + PAYLOAD


def elapsed(act):
    start = time.perf_counter_ns()
    act()
    return time.perf_counter_ns() - start


def spin():
    for _ in range(2_000):
        pass


class Quiet:
    """Is this CPU left alone? Another program on its core's other thread slows it by half, its own clock by a tenth."""

    def __init__(self):
        self.best = min(elapsed(spin) for _ in range(100))

    def __call__(self):
        now = elapsed(spin)
        self.best = min(self.best, now)
        return now < 1.2 * self.best


def measure(workloads, quiet, batches, size, seconds):
    """Until every workload has that many batches from quiet times, or the time is over; then what there is."""
    times = {name: [] for name in workloads}
    end = time.monotonic() + seconds
    while time.monotonic() < end and min(map(len, times.values())) < batches:
        for name, (step, packets) in workloads.items():
            before = quiet()
            nanoseconds = elapsed(lambda: [step() for _ in range(size // packets)])
            if before and quiet():
                times[name].append(nanoseconds / size)
    return times


def main(cpu, batches, size, seconds, *names):
    os.sched_setaffinity(0, {int(cpu)})
    workloads = {name: {"udp": udp, "tcp": tcp, "tap": tap}[name]() for name in names}
    quiet = Quiet()
    for _ in sys.stdin:
        print(json.dumps(measure(workloads, quiet, int(batches), int(size), int(seconds))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

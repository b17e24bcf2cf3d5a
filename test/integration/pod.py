"""A UDP server whose workers say on which CPU they run, and a client that counts who answers on its own CPU.

pod.py serve PORT CPU...                  a worker pinned to each CPU, each with its own SO_REUSEPORT socket; ends with stdin
pod.py ask ADDRESS PORT COUNT CPU...      COUNT new flows from each CPU in turn; prints how many were answered by the
                                          worker of the CPU that sent, and how many in all
"""
import os
import socket
import sys


def serve(port, *cpus):
    workers = []
    for cpu in map(int, cpus):
        bound, is_bound = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.sched_setaffinity(0, {cpu})
            member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            member.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            member.bind(("0.0.0.0", int(port)))
            os.write(is_bound, b".")
            while True:
                _, peer = member.recvfrom(64)
                member.sendto(str(cpu).encode(), peer)
        os.read(bound, 1)
        workers.append(pid)
    print("ready", flush=True)
    sys.stdin.read()
    for pid in workers:
        os.kill(pid, 9)


def ask(address, port, count, *cpus):
    local = total = 0
    for cpu in map(int, cpus):
        os.sched_setaffinity(0, {cpu})
        for _ in range(int(count)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
                flow.settimeout(5)
                flow.sendto(b"?", (address, int(port)))
                local += int(flow.recv(64)) == cpu
                total += 1
    print(local, total)


{"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])

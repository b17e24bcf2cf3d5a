"""match-load.py PORT: new connections from every CPU until its input ends, each answered with the pid of its worker.

Every quarter of a second each CPU prints {cpu, total, matched, lost}. A connection is matched if its worker runs on the
CPU that it came from, which over loopback is the one that received it, and lost if it was refused, reset or not answered.
"""
import json
import os
import socket
import sys
import threading
import time

PORT = int(sys.argv[1])
PAUSE = 0.01
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


def answer():
    with socket.create_connection(("127.0.0.1", PORT), timeout=10) as connection:
        connection.sendall(REQUEST)
        text = b""
        while part := connection.recv(4096):
            text += part
    return int(text.rsplit(b"\n", 1)[1])


def affinity(pid):
    try:
        return os.sched_getaffinity(pid)
    except ProcessLookupError:
        return None


def load(cpu):
    os.sched_setaffinity(0, {cpu})
    while True:
        end = time.monotonic() + 0.25
        seen = {"cpu": cpu, "total": 0, "matched": 0, "lost": 0}
        while time.monotonic() < end:
            seen["total"] += 1
            try:
                seen["matched"] += affinity(answer()) == {cpu}
            except (OSError, IndexError, ValueError):
                seen["lost"] += 1
            time.sleep(PAUSE)
        os.write(1, (json.dumps(seen) + "\n").encode())


children = []
for cpu in sorted(os.sched_getaffinity(0)):
    pid = os.fork()
    if pid == 0:
        load(cpu)
    children.append(pid)
sys.stdin.read()
for pid in children:
    os.kill(pid, 9)

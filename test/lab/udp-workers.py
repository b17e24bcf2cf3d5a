"""udp-workers.py PORT CPU...: a reuseport socket and a pinned reader for each CPU, in this order; ends with its input."""
import os
import socket
import sys
import threading

SO_RCVBUFFORCE = 33


def serve(inbox, cpu):
    os.sched_setaffinity(0, {cpu})
    while True:
        inbox.recv(2048)


port, *cpus = map(int, sys.argv[1:])
inboxes = []
for _ in cpus:
    inbox = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inbox.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # An emulated machine may not come to read for seconds.
    inbox.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    inbox.bind(("", port))
    inboxes.append(inbox)
for inbox, cpu in zip(inboxes, cpus):
    threading.Thread(target=serve, args=(inbox, cpu), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()

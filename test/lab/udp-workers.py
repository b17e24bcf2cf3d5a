"""udp-workers.py PORT CPU...: a reuseport socket and a pinned reader for each CPU, in this order; ends with its input."""
import os
import socket
import sys
import threading

SO_RCVBUFFORCE = 33


def serve(receiver, cpu):
    os.sched_setaffinity(0, {cpu})
    while True:
        receiver.recv(2048)


port, *cpus = map(int, sys.argv[1:])
receivers = []
for _ in cpus:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # An emulated machine may not come to read for seconds.
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    receiver.bind(("", port))
    receivers.append(receiver)
for receiver, cpu in zip(receivers, cpus):
    threading.Thread(target=serve, args=(receiver, cpu), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()

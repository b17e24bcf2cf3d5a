"""xdp-workers.py PORT CPU...: a reuseport socket and a pinned reader for each CPU. For each line of its input it prints what
was read since the last one: by reader, and how many came after a later one of their flow."""
import json
import os
import socket
import struct
import sys
import threading

SO_RCVBUFFORCE = 33
port, *cpus = map(int, sys.argv[1:])
counts = [0] * len(cpus)
last = {}
late = 0
guard = threading.Lock()


def serve(index, receiver, cpu):
    global late
    os.sched_setaffinity(0, {cpu})
    while True:
        flow, number = struct.unpack("!II", receiver.recv(2048)[-8:])
        with guard:
            counts[index] += 1
            if last.get(flow, -1) > number:
                late += 1
            last[flow] = number


receivers = []
for _ in cpus:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    receiver.bind(("", port))
    receivers.append(receiver)
for index, (receiver, cpu) in enumerate(zip(receivers, cpus)):
    threading.Thread(target=serve, args=(index, receiver, cpu), daemon=True).start()
print("ready", flush=True)
for _ in sys.stdin:
    with guard:
        print(json.dumps({"counts": counts, "late": late}), flush=True)
        counts[:] = [0] * len(cpus)
        last.clear()
        late = 0

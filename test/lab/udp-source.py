"""udp-source.py ADDRESS PORT COUNT SOURCES [RATE]: sends COUNT datagrams, in turn from SOURCES ports; 2,000 a second."""
import socket
import sys
import time

address, port, count, sources = sys.argv[1], *map(int, sys.argv[2:5])
rate = int(sys.argv[5]) if len(sys.argv) > 5 else 2_000
senders = []
for _ in range(sources):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect((address, port))
    senders.append(sender)
for number in range(count):
    senders[number % sources].send(b"x" * 64)
    if number % 20 == 19:
        time.sleep(20 / rate)

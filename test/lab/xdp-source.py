"""xdp-source.py ADDRESS PORT COUNT FLOWS [RATE]: datagrams of one 4-tuple, whose first word is one of FLOWS flow ids (0: a new
one each time) and whose second is a number that grows."""
import random
import socket
import struct
import sys
import time

address, port, count, flows = sys.argv[1], *map(int, sys.argv[2:5])
rate = int(sys.argv[5]) if len(sys.argv) > 5 else 1_500
random.seed(1)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind(("", 30_041))
sender.connect((address, port))
begin = time.monotonic()
for number in range(count):
    flow = random.getrandbits(32) if flows == 0 else random.randrange(flows)
    try:
        sender.send(struct.pack("!II", flow, number) + bytes(56))
    except OSError:
        pass  # Nobody answers ARP while the link is down; the datagram is lost like any other.
    if number % 20 == 19:
        time.sleep(max(0, begin + number / rate - time.monotonic()))

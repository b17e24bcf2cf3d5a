"""xdp-source.py ADDRESS PORT COUNT FLOWS [RATE [BY]]: datagrams of one 4-tuple. Their last 8 bytes are a flow's number, one of
FLOWS (0: a new one each time), and a number that grows. BY says where else the flow is:
  payload  in the first word
  flow     in the source port, so these are many 4-tuples
  quic     in the connection id of a short header
  inner    in the source address inside VXLAN
COUNT may be the name of a file: datagrams are sent until it exists. Prints how many."""
import os
import random
import socket
import struct
import sys
import time

address, port, count, flows = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
rate = int(sys.argv[5]) if len(sys.argv) > 5 else 1_500
by = sys.argv[6] if len(sys.argv) > 6 else "payload"
limit = int(count) if count.isdigit() else None
random.seed(1)


def opened(source):
    each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    each.bind(("", source))
    each.connect((address, port))
    return each


def inner(flow):
    udp = struct.pack("!HHHH", 5000, 5001, 8 + 32, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 60, 0, 0, 64, 17, 0, struct.pack("!I", flow), bytes([10, 0, 0, 1]))
    return bytes([8, 0, 0, 0, 0, 0, 1, 0]) + bytes(12) + b"\x08\x00" + ip + udp


HEADS = {
    "payload": lambda flow: struct.pack("!I", flow),
    "flow": lambda flow: b"",
    "quic": lambda flow: b"\x41" + struct.pack("!II", flow, 7),
    "inner": inner,
}
senders = [opened(30_041 + flow) for flow in range(flows if by == "flow" else 1)]
begin = time.monotonic()
number = 0
while number < limit if limit is not None else not os.path.exists(count):
    flow = random.getrandbits(32) if flows == 0 else random.randrange(flows)
    packet = HEADS[by](flow) + bytes(52) + struct.pack("!II", flow, number)
    try:
        senders[flow if by == "flow" else 0].send(packet)
    except OSError:
        pass  # Nobody answers ARP while the link is down; the datagram is lost like any other.
    number += 1
    if number % 20 == 0:
        time.sleep(max(0, begin + number / rate - time.monotonic()))
print(number)

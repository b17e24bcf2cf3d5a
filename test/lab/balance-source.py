"""balance-source.py SOCKETS EACH LENGTH RATE VIP:PORT...: sends EACH datagrams of LENGTH bytes from SOCKETS sockets to the
addresses in turn, and prints what comes back out of the NIC, by destination MAC address: {"02:..": [[port, count], ...]}."""
import json
import socket
import struct
import sys
import threading
import time

sockets, each, length, rate = map(int, sys.argv[1:5])
vips = [word.rsplit(":", 1) for word in sys.argv[5:]]
OURS = b"\x02\x00\x00\x00\x01"
PACKET_OUTGOING = 4
SOL_PACKET, ADD_MEMBERSHIP, PROMISC = 263, 1, 1

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
wire.bind(("lab0", 0))
wire.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, struct.pack("iHH8s", socket.if_nametoindex("lab0"), PROMISC, 0, b""))
wire.settimeout(0.2)
counts: dict[str, dict[int, int]] = {}
last = time.monotonic()
ended = False


def transport(packet):
    """Of the innermost IP header."""
    if packet[0] >> 4 == 4:
        inner = packet[4 * (packet[0] & 15) :]
        return transport(inner) if packet[9] == 4 else inner
    return transport(packet[40:]) if packet[6] == 41 else packet[40:]


def receive():
    global last
    while not ended:
        try:
            frame, address = wire.recvfrom(4096)
        except TimeoutError:
            continue
        if address[2] == PACKET_OUTGOING or frame[:5] != OURS:
            continue
        (port,) = struct.unpack("!H", transport(frame[14:])[:2])
        flows = counts.setdefault(frame[:6].hex(":"), {})
        flows[port] = flows.get(port, 0) + 1
        last = time.monotonic()


reader = threading.Thread(target=receive)
reader.start()
senders = []
for number in range(sockets):
    address, port = vips[number % len(vips)]
    sender = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: whole, however long.
    sender.setsockopt(*((41, 23, 2) if ":" in address else (0, 10, 2)))
    sender.connect((address.strip("[]"), int(port)))
    senders.append(sender)
begin, number = time.monotonic(), 0
for _ in range(each):
    for sender in senders:
        sender.send(bytes(length))
        number += 1
        if number % 20 == 0:
            time.sleep(max(0, begin + number / rate - time.monotonic()))
while time.monotonic() - max(last, begin) < 3:
    time.sleep(0.2)
ended = True
reader.join()
print(json.dumps({mac: sorted(flows.items()) for mac, flows in counts.items()}))

"""Waits of a known number and length: wait-workload.py connection|datagram|queue|data PORT COUNT SECONDS.

queue: datagrams, some of which come while others wait."""
import socket
import sys
import time

what, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
address = ("127.0.0.1", port)
kind = socket.SOCK_DGRAM if what in ("datagram", "queue") else socket.SOCK_STREAM
server = socket.socket(type=kind)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(address)
client = socket.socket(type=kind)
reader = server
if kind == socket.SOCK_STREAM:
    server.listen()
if what == "data":
    client.connect(address)
    reader, _ = server.accept()

for _ in range(count):
    if what == "connection":
        client = socket.create_connection(address)
        time.sleep(seconds)
        server.accept()[0].close()
        client.close()
    elif what == "queue":
        client.sendto(b"first", address)
        client.sendto(b"second", address)
        time.sleep(seconds)
        reader.recv(10)
        # The second still waits.
        client.sendto(b"third", address)
        for _ in range(2):
            reader.recv(10)
    else:
        client.sendto(b"x", address) if what == "datagram" else client.send(b"x")
        time.sleep(seconds)
        reader.recv(10)

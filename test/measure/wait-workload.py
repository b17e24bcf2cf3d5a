"""Waits of a known number and length: wait-workload.py connection|datagram|data PORT COUNT SECONDS."""
import socket
import sys
import time

what, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
address = ("127.0.0.1", port)
kind = socket.SOCK_DGRAM if what == "datagram" else socket.SOCK_STREAM
server = socket.socket(type=kind)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(address)
client = socket.socket(type=kind)
reader = server
if what != "datagram":
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
    else:
        client.sendto(b"x", address) if what == "datagram" else client.send(b"x")
        time.sleep(seconds)
        reader.recv(10)

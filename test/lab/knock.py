"""knock.py ADDRESS PORT SOURCE...: a connection and a byte from each of these local ports, until the other end closes."""
import socket
import sys

address, port = sys.argv[1], int(sys.argv[2])
for source in sys.argv[3:]:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("", int(source)))
        client.connect((address, port))
        client.sendall(b"x")
        client.recv(1)

"""rx-cpus.py PORT COUNT: accepts COUNT connections; prints, as JSON, the CPU that received each, by the client's port."""
import json
import socket
import sys

SO_INCOMING_CPU = 49
port, count = map(int, sys.argv[1:])
listener = socket.create_server(("", port), backlog=4096)
print("ready", flush=True)
cpus = {}
for _ in range(count):
    connection, (_, client) = listener.accept()
    with connection:
        # After the request, all of whose packets came in by the same queue as the SYN.
        connection.recv(1)
        cpus[client] = connection.getsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU)
print(json.dumps(cpus))

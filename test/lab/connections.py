"""
connections.py ADDRESS PORT RATE: opens new connections until it is stopped, an HTTP request each, RATE a second in all.

wrk does not pause: an emulated machine has no time left to start a probe in. And from the next process, an ACK comes
before the call that sent the data is over, and is handled there, on the sender's CPU: here it comes with the client's
FIN, some milliseconds later, as from another machine.
"""
import socket
import sys
import threading
import time

THREADS = 16
address, port, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
request = f"GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()


def connect_for_ever():
    due = time.monotonic()
    while True:
        with socket.create_connection((address, port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            connection.sendall(request)
            while connection.recv(65536):
                pass
            time.sleep(0.005)
        # What could not be made in time is not made up for.
        due = max(due + THREADS / rate, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))


for _ in range(THREADS):
    threading.Thread(target=connect_for_ever, daemon=True).start()
threading.Event().wait()

"""A web server whose connections cost more CPU time if another CPU received them: far-costs.py PORT MICROSECONDS.

One worker for each of CPU 0 and 1, each with a reuseport socket in that order.
"""
import os
import signal
import socket
import sys
import time

SO_INCOMING_CPU = 49
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
port, burn = int(sys.argv[1]), int(sys.argv[2]) / 1e6


def serve(listener, cpu):
    os.sched_setaffinity(0, {cpu})
    while True:
        connection, _ = listener.accept()
        with connection:
            if connection.getsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU) != cpu:
                end = time.thread_time() + burn
                while time.thread_time() < end:
                    pass
            try:
                connection.recv(4096)
                connection.send(ANSWER)
            except ConnectionError:
                pass


def open_listener():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    return listener


workers = []
listeners = [open_listener() for _ in range(2)]
for cpu, listener in enumerate(listeners):
    pid = os.fork()
    if pid == 0:
        for other in listeners:
            if other is not listener:
                other.close()
        serve(listener, cpu)
    workers.append(pid)
for listener in listeners:
    listener.close()


def end(*_):
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
signal.pause()

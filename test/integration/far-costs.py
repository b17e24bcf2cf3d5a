"""A web server whose connections cost more CPU time if another CPU received them: far-costs.py PORT MICROSECONDS [told].

One worker for each of CPU 0 and 1, each with a reuseport socket in that order. With `told` every connection costs more from
SIGUSR1 to SIGUSR2; each worker then prints how many nanoseconds it has burned, and for how many connections.
"""
import os
import signal
import socket
import sys
import time

SO_INCOMING_CPU = 49
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
port, burn = int(sys.argv[1]), int(sys.argv[2]) * 1000
is_told = len(sys.argv) > 3
is_on = False
burned = connections = 0


def told(number, _):
    global is_on, burned, connections
    is_on = number == signal.SIGUSR1
    if not is_on:
        os.write(1, b"%d %d\n" % (burned, connections))
        burned = connections = 0


def is_expensive(connection, cpu):
    return is_on if is_told else connection.getsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU) != cpu


def serve(listener, cpu):
    global burned, connections
    os.sched_setaffinity(0, {cpu})
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, told)
    while True:
        connection, _ = listener.accept()
        with connection:
            if is_expensive(connection, cpu):
                begin = now = time.thread_time_ns()
                while now < begin + burn:
                    now = time.thread_time_ns()
                burned += now - begin
                connections += 1
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


def forward(number, _):
    for worker in workers:
        os.kill(worker, number)


def end(*_):
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
for number in (signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, forward)
print("ready", flush=True)
while True:
    signal.pause()

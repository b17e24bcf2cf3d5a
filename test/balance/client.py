"""client.py VIP4 VIP6 TCP_PORT UDP_PORT: opens connections and asks who answers, as lines of standard input say; prints JSON."""
import json
import select
import socket
import struct
import sys
import time

vips, tcp, udp = sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
connections = []
sockets = []


def body(connection, path="/", more=""):
    """The body of an answer of nginx; None: the connection is broken."""
    try:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        while len(rest) < length:
            piece = connection.recv(65536)
            if not piece:
                return None
            rest += piece
        return rest.decode()
    except OSError:
        return None


def connect(number):
    connection = socket.create_connection((vips[number % 2], tcp), 5)
    connection.settimeout(10)
    return connection


def state(connection):
    family = 4 if connection.family == socket.AF_INET else 6
    return {"family": family, "port": connection.getsockname()[1], "answer": body(connection)}


def datagrams(each):
    """Names that answered each socket; ends when nothing came for two seconds."""
    for number in range(each):
        for one in sockets:
            try:
                one.send(b"who")
            except OSError:
                pass
        time.sleep(0.002)
    answers = {one: [] for one in sockets}
    waiting = set(sockets)
    while waiting and (ready := select.select(waiting, [], [], 2)[0]):
        for one in ready:
            try:
                answers[one].append(one.recv(100).decode())
            except OSError:
                # An ICMP error is no answer, and another packet may still be one.
                pass
            if len(answers[one]) == each:
                waiting.remove(one)
    return list(answers.values())


for line in sys.stdin:
    command, *words = line.split()
    counts = [int(word) for word in words if word.isdigit()]
    if command == "open":
        connections += [connect(number) for number in range(counts[0])]
        answer = [state(each) for each in connections]
    elif command == "ask":
        answer = [state(each) for each in connections]
    elif command == "close":
        for each in connections:
            each.close()
        connections, answer = [], []
    elif command == "big":
        answer = []
        for number in range(counts[0]):
            connection = connect(number)
            answer.append(len(body(connection, "/big") or ""))
            connection.close()
    elif command == "upload":
        answer = []
        for number in range(counts[0]):
            connection = connect(number)
            answer.append(body(connection, "/", "X: " + 6000 * "x" + "\r\n"))
            # Closed at once, so that nothing of it is sent again.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
    elif command == "latency":
        ways = {"direct": words[0], "balanced": vips[0]}
        open_to = {way: socket.create_connection((address, tcp), 5) for way, address in ways.items()}
        answer = {way: [] for way in ways}
        for each in open_to.values():
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(counts[0]):
            for way, connection in open_to.items():
                begin = time.perf_counter_ns()
                body(connection)
                answer[way].append((time.perf_counter_ns() - begin) / 1000)
    elif command == "datagrams":
        for each in sockets:
            each.close()
        sockets = []
        for number in range(counts[0]):
            one = socket.socket(socket.AF_INET if number % 2 == 0 else socket.AF_INET6, socket.SOCK_DGRAM)
            one.connect((vips[number % 2], udp))
            sockets.append(one)
        answer = datagrams(counts[1])
    elif command == "again":
        answer = datagrams(counts[0])
    print(json.dumps(answer), flush=True)

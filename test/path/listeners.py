"""Pairs of sockets on one port, in both orders, and which of them the kernel gives a flow to 127.0.0.1. JSON lines."""
import itertools
import json
import socket

PORT = 28098
BINDINGS = [("127.0.0.1", None), ("0.0.0.0", None), ("::", None), ("127.0.0.1", "lo"), ("0.0.0.0", "lo"), ("::", "lo")]
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def listener(kind, address, device, reuseport):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(reuseport))
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    if device:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    bound.bind((address, PORT))
    if kind == socket.SOCK_STREAM:
        bound.listen()
    bound.setblocking(False)
    return bound


def takes(kind, bound):
    try:
        bound.accept()[0].close() if kind == socket.SOCK_STREAM else bound.recv(9)
        return True
    except BlockingIOError:
        return False


choices = [(address, device, reuseport) for address, device in BINDINGS for reuseport in (False, True)]
for name, kind in KINDS.items():
    for pair in itertools.permutations(choices, 2):
        listeners = []
        try:
            for choice in pair:
                listeners.append(listener(kind, *choice))
            client = socket.socket(socket.AF_INET, kind)
            client.connect(("127.0.0.1", PORT))
            if kind == socket.SOCK_DGRAM:
                client.send(b"x")
            winner = [takes(kind, bound) for bound in listeners].index(True)
            client.close()
            print(json.dumps({"protocol": name, "pair": pair, "winner": winner}))
        except OSError:
            pass  # The two can't be bound together.
        finally:
            for bound in listeners:
                bound.close()

"""storm.py ADDRESS PORT COUNT: opens COUNT connections, 16 at a time, with a request each; prints how many were answered."""
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
request = f"GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()


def answered(_):
    try:
        with socket.create_connection((address, port), timeout=60) as connection:
            connection.sendall(request)
            answer = b""
            while more := connection.recv(65536):
                answer += more
            return answer.endswith(b"hello")
    except OSError as error:
        print(error, file=sys.stderr)
        return False


with ThreadPoolExecutor(16) as pool:
    print(sum(pool.map(answered, range(count))))

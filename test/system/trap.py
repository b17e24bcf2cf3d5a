"""A file system that never answers flush and read, and descriptors that lead into it.

trap.py FOLDER: mounts it there, prints a line of JSON, and goes on until its input ends, which frees whoever waits:
  pid       of the process with the descriptors
  file      a descriptor of a file of it: to close a copy of it hangs
  port, fd  a listener whose descriptor is now and then that file instead
  group     the port of two more in a reuseport group, whose descriptors are that file as often
  busy      a TCP connection whose lock is held by a thread that sends from a page of that file
"""
import ctypes
import json
import mmap
import os
import socket
import struct
import sys
import threading
import time

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 14, 15, 18, 25, 26, 36, 42
ENOSYS = 38
FILE, DIRECTORY = 0o100644, 0o040755

folder = sys.argv[1]
device = os.open('/dev/fuse', os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f'fd={device},rootmode=40000,user_id=0,group_id=0'.encode()
if libc.mount(b'trap', folder.encode(), b'fuse', 0, options) != 0:
    raise OSError(ctypes.get_errno(), 'mount')


def attributes(node):
    mode = DIRECTORY if node == 1 else FILE
    return struct.pack('<QQQQQQIIIIIIIIII', node, 65536, 128, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def reply(unique, data=b'', error=0):
    try:
        os.write(device, struct.pack('<IiQ', 16 + len(data), -error, unique) + data)
    except OSError:
        pass


def serve(victims):
    while True:
        request = os.read(device, 1 << 17)
        _, operation, unique, node, _, _, pid, _ = struct.unpack('<IIQQIIII', request[:40])
        if operation == INIT:
            reply(unique, struct.pack('<IIIIHHIIHHI', 7, 31, 65536, 0, 12, 10, 65536, 1, 32, 0, 0) + b'\0' * 28)
        elif operation == LOOKUP:
            reply(unique, struct.pack('<QQQQII', 2, 0, 3600, 3600, 0, 0) + attributes(2))
        elif operation == GETATTR:
            reply(unique, struct.pack('<QII', 3600, 0, 0) + attributes(node))
        elif operation == OPEN:
            reply(unique, struct.pack('<QII', 1, 0, 0))
        elif operation == FLUSH and pid in victims:
            reply(unique)
        elif operation == RELEASE:
            reply(unique)
        elif operation not in (FLUSH, READ, FORGET, INTERRUPT, BATCH_FORGET):
            reply(unique, error=ENOSYS)


def tempt(out):
    """The process with the descriptors."""
    file = os.open(folder + '/x', os.O_RDONLY)
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(5)
    connection = socket.create_connection(listener.getsockname())
    page = mmap.mmap(file, 65536, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)
    threading.Thread(target=lambda: connection.send(page), daemon=True).start()
    members = [member(0)]
    group = members[0].getsockname()[1]
    members.append(member(group))
    port = listener.getsockname()[1]
    # Who holds a socket is asked by the lowest descriptor first.
    swaps = [(20 + at, 901 + at, each) for at, each in enumerate([listener, *members])]
    for swapped, kept, each in swaps:
        os.dup2(each.fileno(), kept)
        os.dup2(each.fileno(), swapped)
        each.close()
    time.sleep(0.3)
    told = {'pid': os.getpid(), 'file': file, 'port': port, 'fd': 20, 'busy': connection.fileno(), 'group': group}
    os.write(out, json.dumps(told).encode() + b'\n')
    while True:
        for swapped, kept, _ in swaps:
            os.dup2(file, swapped)
        time.sleep(0.0007)
        for swapped, kept, _ in swaps:
            os.dup2(kept, swapped)
        time.sleep(0.0007)


def member(port):
    each = socket.socket()
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    each.bind(('127.0.0.1', port))
    each.listen(5)
    return each


child = os.fork()
if child == 0:
    os.close(device)
    time.sleep(0.3)
    tempt(1)
threading.Thread(target=serve, args=({child, os.getpid()},), daemon=True).start()
sys.stdin.read()
os.kill(child, 9)
# This ends every wait in it.
libc.umount2(folder.encode(), 2)
os._exit(0)

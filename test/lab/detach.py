"""detach.py PID PORT: takes the program off the group of the listener of that process, behind everybody's back."""
import ctypes
import os
import socket
import sys

SYS_PIDFD_GETFD = 438
SO_DETACH_REUSEPORT_BPF = 68

pid, port = int(sys.argv[1]), int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
pidfd = os.pidfd_open(pid)
for name in os.listdir(f"/proc/{pid}/fd"):
    if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
        continue
    fd = libc.syscall(SYS_PIDFD_GETFD, pidfd, int(name), 0)
    if fd < 0:
        continue
    copy = socket.socket(fileno=fd)
    if copy.family == socket.AF_INET and copy.getsockname()[1] == port:
        copy.setsockopt(socket.SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0)
        sys.exit(0)
    copy.close()
sys.exit("no such listener")

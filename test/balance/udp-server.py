"""udp-server.py NAME PORT: answers each datagram with NAME, from the address that it was sent to; prints how many on a line of input."""
import select
import socket
import sys

name, port = sys.argv[1].encode(), int(sys.argv[2])
IP_PKTINFO = 8
IPV6_RECVPKTINFO, IPV6_PKTINFO = 49, 50
four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
four.setsockopt(socket.SOL_IP, IP_PKTINFO, 1)
four.bind(("", port))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
six.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
six.bind(("::", port))
for each in (four, six):
    each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
print("ready", flush=True)
counted = 0
while True:
    ready, _, _ = select.select([four, six, sys.stdin], [], [])
    for each in ready:
        if each is sys.stdin:
            if not sys.stdin.readline():
                sys.exit()
            print(counted, flush=True)
            continue
        data, control, _, peer = each.recvmsg(2048, 256)
        if data != b"health":
            counted += 1
        level, kind, info = control[0]
        # struct in_pktinfo: ifindex, the address to answer from, the destination. in6_pktinfo: destination, ifindex.
        answer = bytes(4) + info[8:12] + bytes(4) if each is four else info[:16] + bytes(4)
        each.sendmsg([name], [(level, kind, answer)], 0, peer)

#!/usr/bin/env python3
"""publish.py PORT PATH RATE PAD: POSTs stamped JSON events over one connection,
RATE a second, until it is ended."""
import socket
import sys
import time


def main():
    port, path, rate, pad = (int(sys.argv[1]), sys.argv[2],
                             float(sys.argv[3]), int(sys.argv[4]))
    connection = socket.create_connection(('127.0.0.1', port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = 0
    begin = time.monotonic()
    while True:
        wait = begin + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        number += 1
        body = ('{"t_ns":"%d","n":%d,"pad":"%s"}' %
                (time.time_ns(), number, 'x' * pad)).encode()
        connection.sendall(
            b'POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
            b'Content-Length: %d\r\n\r\n' % (path.encode(), len(body)) + body)
        answer = b''
        while b'\r\n\r\n' not in answer:
            answer += connection.recv(65536)
        head, rest = answer.split(b'\r\n\r\n', 1)
        length = 0
        for line in head.split(b'\r\n'):
            if line.lower().startswith(b'content-length:'):
                length = int(line.split(b':')[1])
        while len(rest) < length:
            rest += connection.recv(65536)


main()

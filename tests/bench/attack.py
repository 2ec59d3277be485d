"""Normal requests during slow-client attacks (slowhttptest of Debian): slow
headers, slow bodies, slow reading."""

import argparse
import http.client
import os
import statistics
import time

from bench import (Checks, Process, backend, bridge, debian_packages,
                   library_path, machine)

MODES = {
    '-H': ('slow headers', '/counts/t'),
    '-B': ('slow bodies', '/publish/t'),
    '-X': ('slow reading', '/ticks?rate=2&pad=4000'),
}
REQUESTS = 100
# The attack counts as complete with so large a part of its connections.
COMPLETE = 0.9


def open_descriptors(process):
    return len(os.listdir('/proc/%d/fd' % process.pid))


def request_ms(port):
    begin = time.monotonic()
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    connection.request('GET', '/counts/t')
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        return float('inf')
    return (time.monotonic() - begin) * 1000


def attack(checks, mode, connections, seconds):
    name, path = MODES[mode]
    root = debian_packages('slowhttptest')
    source = backend(cores=None)
    ours = bridge(source.address)
    attacker = Process(
        [os.path.join(root, 'usr/bin/slowhttptest'), mode, '-c',
         str(connections), '-r', str(connections), '-l', str(seconds), '-i',
         '1', '-x', '10', '-p', '10', '-s', '65536', '-u',
         'http://127.0.0.1:%d%s' % (ours.port, path)] +
        (['-w', '512', '-y', '1024', '-n', '5', '-z', '32']
         if mode == '-X' else []),
        env={'LD_LIBRARY_PATH': library_path(root)})
    most = 0
    end = time.monotonic() + seconds / 2
    while most < COMPLETE * connections and time.monotonic() < end:
        most = max(most, open_descriptors(ours))
        time.sleep(0.05)
    times = []
    for _ in range(REQUESTS):
        times.append(request_ms(ours.port))
        most = max(most, open_descriptors(ours))
        time.sleep(0.02)
    checks.check(most >= COMPLETE * connections,
                 '%s: %d connections under attack' % (name, most))
    checks.check(statistics.median(times) < 100,
                 '%s: a normal request takes %.1f ms at the median, %.1f at '
                 'most' % (name, statistics.median(times), max(times)))
    attacker.stop()
    if mode != '-X':
        time.sleep(0.5)
        left = open_descriptors(ours)
        checks.check(left < 100, '%s: %d descriptors left afterwards' %
                     (name, left))
    ours.stop()
    source.stop()


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh attack', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--connections', type=int, default=5_000)
    parser.add_argument('--seconds', type=int, default=20,
                        help='of each attack at most; default: %(default)s')
    args = parser.parse_args()
    print(machine())
    checks = Checks()
    for mode in MODES:
        attack(checks, mode, args.connections, args.seconds)
    checks.finish()


main()

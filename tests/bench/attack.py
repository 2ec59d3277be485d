"""Normal requests during attacks.

  slow    slowhttptest of Debian: slow headers, slow bodies, slow reading
  http2   floods of frames, on connections that come back as soon as the bridge
          ends them; the same requests are measured while as busy attackers send
          the same to a program that only reads, and compared"""

import argparse
import os
import statistics
import time

from bench import (Checks, Process, backend, bridge, debian_packages, fail,
                   library_path, machine)
from http2_attacker import FLOODS
from http2_floods import http2_floods, request_ms

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
    parser.add_argument('--only', choices=('slow', 'http2'),
                        help='leaves the other attacks out')
    parser.add_argument('--connections', type=int, default=5_000,
                        help='of each slow attack; default: %(default)s')
    parser.add_argument('--seconds', type=int, default=20,
                        help='of each slow attack at most; default: %(default)s')
    parser.add_argument('--floods', default=','.join(FLOODS),
                        help='default: %(default)s')
    parser.add_argument('--attackers', type=int, default=8,
                        help='connections of each flood; default: %(default)s')
    parser.add_argument('--requests', type=int, default=1_000,
                        help='of each measurement during floods, with each '
                        'protocol; default: %(default)s')
    parser.add_argument('--elsewhere', choices=('load', 'server'),
                        default='load',
                        help='the cores of the program that only reads: the '
                        "attackers', or the bridge's; default: %(default)s")
    parser.add_argument('--rounds', type=int, default=3,
                        help='of each flood; default: %(default)s')
    args = parser.parse_args()
    for flood in args.floods.split(','):
        if flood not in FLOODS:
            fail('unknown flood ' + flood)
    print(machine())
    checks = Checks()
    if args.only != 'http2':
        for mode in MODES:
            attack(checks, mode, args.connections, args.seconds)
    if args.only != 'slow':
        http2_floods(checks, args)
    checks.finish()


main()

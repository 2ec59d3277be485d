"""Streams that differ for each browser: 10,000 streams with events of their own,
in ordinary calls and multiplexed, beside a shared feed in the same run, and
beside grpc-gateway and a Node bridge with a call for each browser.

The server is pinned to the first core; the load program and the backend have
the others. Fresh processes for each measurement:

  idle    nothing is sent: resident bytes of each stream, also in the backend
  paced   one event a second for each stream: processor time of an event
  flood   as many as the server takes: events a second"""

import argparse
import os

from bench import (LOAD_CORES, SERVER_CORES, Checks, descriptors, fail, machine)
from private_peers import Gateway, Node, Ordinary, Ours, Previous, Shared

PAD = 100
# Of each stream, a second.
PACED = 1
FLOOD = 30


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh private', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--streams', type=int, default=10_000,
                        help='default: %(default)s')
    parser.add_argument('--seconds', type=float, default=5,
                        help='of each measurement; default: %(default)s')
    parser.add_argument('--previous', default='',
                        help='an earlier build\'s sse-bridge, to compare with')
    parser.add_argument('--without', default='',
                        help='peers to leave out: gateway,node')
    args = parser.parse_args()
    if args.streams + 300 > descriptors():
        fail('the descriptor limit is %d' % descriptors())
    kinds = [Shared, Ours, Ordinary]
    if args.previous:
        Previous.program = os.path.abspath(args.previous)
        kinds.append(Previous)
    without = args.without.split(',')
    kinds += [kind for name, kind in (('gateway', Gateway), ('node', Node))
              if name not in without]

    print(machine())
    print('server on core %d, everything else on %s; %s streams\n' % (
        SERVER_CORES[0], ', '.join(map(str, LOAD_CORES)),
        '{:,}'.format(args.streams)))
    print('| server | bytes idle | in the backend | CPU us an event at %s/s | '
          'events/s |' % '{:,}'.format(PACED * args.streams))
    print('| --- | ---: | ---: | ---: | ---: |')
    idle, paced, flood = {}, {}, {}
    for kind in kinds:
        idle[kind] = kind.measure(args.streams, 0, PAD, 0.2)
        paced[kind] = kind.measure(args.streams, PACED, PAD, args.seconds)
        flood[kind] = kind.measure(args.streams, FLOOD, PAD, args.seconds)
        print('| %s | %s | %s | %.1f | %s |' % (
            kind.name, '{:,.0f}'.format(idle[kind]['bytes_each']),
            '{:,.0f}'.format(idle[kind]['backend_bytes_each']),
            paced[kind]['cpu_us_per_event'],
            '{:,.0f}'.format(flood[kind]['events_per_s'])), flush=True)
    print()

    checks = Checks()
    checks.check(idle[Ours]['bytes_each'] <= 4096,
                 'multiplexed: %.0f bytes of an idle stream in the bridge' %
                 idle[Ours]['bytes_each'])
    checks.check(idle[Ours]['backend_bytes_each'] <= 4096,
                 'multiplexed: %.0f bytes of an idle stream in the backend' %
                 idle[Ours]['backend_bytes_each'])
    checks.check(idle[Ordinary]['bytes_each'] <= 16384,
                 'ordinary: %.0f bytes of an idle stream in the bridge' %
                 idle[Ordinary]['bytes_each'])
    ratio = (paced[Ours]['cpu_us_per_event'] /
             paced[Shared]['cpu_us_per_event'])
    checks.check(ratio <= 1.6,
                 'multiplexed: %.2f times a shared feed\'s CPU an event (%.2f '
                 'events a segment there)' %
                 (ratio, paced[Shared]['events_per_segment']))
    if Gateway in kinds:
        ratio = flood[Ours]['events_per_s'] / flood[Gateway]['events_per_s']
        checks.check(ratio >= 3, 'multiplexed: %.1f times %s\'s events a second'
                     % (ratio, Gateway.name))
    if Previous in kinds:
        ratio = (paced[Ordinary]['cpu_us_per_event'] /
                 paced[Previous]['cpu_us_per_event'])
        checks.check(ratio <= 0.7, 'ordinary: %.2f of the previous CPU an event'
                     % ratio)
    for kind in (Ours, Ordinary, Shared):
        checks.check(flood[kind]['closed'] == 0 and flood[kind]['failed'] == 0,
                     '%s: no stream was lost' % kind.name)
    checks.finish()


main()

"""Many browsers, each with some symbols of its own choice, all shared: how many
calls the backend sees, and whether each browser gets exactly what it asked
for."""

import argparse
import json
import urllib.request

from bench import STAMP, Checks, backend, bridge, load, machine


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh symbols', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--connections', type=int, default=10_000)
    parser.add_argument('--each', type=int, default=10)
    parser.add_argument('--symbols', type=int, default=500)
    parser.add_argument('--seconds', type=float, default=6)
    args = parser.parse_args()
    print(machine())
    source = backend()
    ours = bridge(source.address)
    result = load(ours.port, '/quotes?rate=0.5', args.connections, cores=None,
                  pids=[ours.pid], symbols='%d/%d' % (args.each, args.symbols),
                  stamp=STAMP, seconds=args.seconds, warmup=2)
    counts = json.load(urllib.request.urlopen(
        'http://127.0.0.1:%d/counts/quotes' % ours.port))
    checks = Checks()
    checks.check(result['ok'] == args.connections and result['closed'] == 0,
                 '{:,} browsers with {} of {} symbols'.format(
                     result['ok'], args.each, args.symbols))
    checks.check(counts['started'] <= args.symbols,
                 'the backend saw %d calls' % counts['started'])
    checks.check(result['strangers'] == 0 and result['missing'] == 0,
                 'each got all of its symbols and no others: {} missing, {} '
                 'not asked for, {:,} events seen'.format(
                     result['missing'], result['strangers'], result['events']))
    print('{:,.0f} bytes resident of each browser'.format(
        result['bytes_each_after']))
    checks.finish()


main()

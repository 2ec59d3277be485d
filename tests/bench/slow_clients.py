"""What browsers that never read do to the others: the same load without them
and with them, in turns."""

import argparse
import statistics

from bench import STAMP, Checks, backend, bridge, load, machine

QUEUE_BYTES = 64 << 10
PAD = 4000
RATE = 4


def run(connections, slow, seconds):
    source = backend()
    ours = bridge(source.address, '--queue-bytes', str(QUEUE_BYTES))
    # The warm-up fills the sockets and the queues of those that do not read.
    result = load(ours.port, '/ticks?rate=%g&pad=%d' % (RATE, PAD),
                  connections + slow, cores=None, pids=[ours.pid], slow=slow,
                  stamp=STAMP, sequence='"n":', warmup=10, seconds=seconds)
    ours.stop()
    source.stop()
    return result


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh slow_clients', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--connections', type=int, default=9_900,
                        help='that read; default: %(default)s')
    parser.add_argument('--slow', type=int, default=100,
                        help='that do not; default: %(default)s')
    parser.add_argument('--seconds', type=float, default=6)
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    print(machine())
    ratios, memory, lost, missing = [], [], 0, 0
    for _ in range(args.rounds):
        without = run(args.connections, 0, args.seconds)
        with_slow = run(args.connections, args.slow, args.seconds)
        for result in (without, with_slow):
            print('p50 {p50:.1f} ms, p99 {p99:.1f} ms'.format(
                **result['latency_ms']), flush=True)
            lost += result['lost'] + result['repeated'] + result['closed']
            missing += result['failed']
        ratios.append(with_slow['latency_ms']['p99'] /
                      without['latency_ms']['p99'])
        memory.append((with_slow['resident_mb'] - without['resident_mb']) * 1e6)
    checks = Checks()
    checks.check(lost == 0 and missing == 0, 'nobody else lost an event')
    checks.check(statistics.median(ratios) <= 1.5,
                 "the others' p99 latency is %.2f times that without them" %
                 statistics.median(ratios))
    bound = args.slow * QUEUE_BYTES
    checks.check(statistics.median(memory) <= bound,
                 'they cost {:,.0f} bytes of memory; their bounds sum up to '
                 '{:,}'.format(statistics.median(memory), bound))
    checks.finish()


main()

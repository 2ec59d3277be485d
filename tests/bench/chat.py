"""One channel: each browser is admitted by name (sse.v1.Admission), and all
share one upstream stream, in which some events are for a single member.

The server is pinned to the first core; the load program and the backend have
the others. For each number of members, fresh processes:

  flood   2.5 million deliveries/s are asked for: what arrives, what it costs,
          beside a shared feed without admission in the same run
  join    1,000 members come a second while a message is sent 50 times a second:
          the time to the first event of each

beside a Node bridge and grpc-gateway, which need a call for each member. With
--presence, members also join the channel of the Channels service, which tells
everybody of everybody who comes."""

import argparse

from bench import (LOAD_CORES, SERVER_CORES, STAMP, Checks, backend, bridge,
                   descriptors, fail, load, machine, metrics,
                   realtime_backends, temporary_directory, tokens)
from private_peers import Gateway, Node

PAD = 100
FLOOD = 2_500_000
MAX_EVENT_RATE = 5_000
PRIVATE_EVERY = 20  # one event in so many is for one member
RENEW = 15  # seconds, as in load.proto
JOINS = 1_000
JOIN_RATE = 50


def ours(path, members, key, headers, seconds, ramp=20_000, warmup=1.0,
         real=False):
    """sseload's result, with the bridge's metrics. `real`: with the Channels
    service instead of the load backend."""
    source = realtime_backends() if real else backend()
    server = bridge(source.address, '--auth-key', key, '--admin', '127.0.0.1:0',
                    '--default-access', 'public', cores=SERVER_CORES,
                    **({'schema': None} if real else {}))
    admin = server.wait_for('admin on ')
    seen = {}

    def opened():
        seen.update(metrics(admin))

    result = load(server.port, path, members, cores=LOAD_CORES,
                  pids=[server.pid], ramp=ramp, opened=opened, stamp=STAMP,
                  seconds=seconds, warmup=warmup, give_up=120, headers=headers)
    result['opened'] = seen
    result['metrics'] = metrics(admin)
    server.stop()
    source.stop()
    return result


def value(found, name, **labels):
    """The sum of the values of a metric with these labels."""
    return sum(each for key, each in found.items()
               if key.split('{')[0] == name and
               all('%s="%s"' % pair in key for pair in labels.items()))


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh chat', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--members', default='100,2000,10000',
                        help='default: %(default)s')
    parser.add_argument('--seconds', type=float, default=5,
                        help='of each measurement; default: %(default)s')
    parser.add_argument('--without', default='',
                        help='peers to leave out: gateway,node')
    parser.add_argument('--presence', action='store_true',
                        help='also measure joins of a real channel')
    args = parser.parse_args()
    sizes = [int(each) for each in args.members.split(',')]
    if max(sizes) + 300 > descriptors():
        fail('the descriptor limit is %d' % descriptors())
    key, headers = tokens(temporary_directory(),
                          ['m%d' % i for i in range(max(sizes))])
    without = args.without.split(',')
    peers = [kind for name, kind in (('gateway', Gateway), ('node', Node))
             if name not in without]

    print(machine())
    print('server on core %d, everything else on %s\n' % (
        SERVER_CORES[0], ', '.join(map(str, LOAD_CORES))))
    print('| members | server | deliveries/s | CPU us each | first event p50 / '
          'p99 ms at %s joins/s |' % '{:,}'.format(JOINS))
    print('| ---: | --- | ---: | ---: | ---: |')
    checks = Checks()
    for members in sizes:
        rate = min(FLOOD / members, MAX_EVENT_RATE)
        chat = '/chat/c?rate=%g&pad=%d&private_every=%d'
        flood = ours(chat % (rate, PAD, PRIVATE_EVERY), members, key, headers,
                     args.seconds)
        join = ours(chat % (JOIN_RATE, PAD, PRIVATE_EVERY), members, key,
                    headers, 0.2, ramp=JOINS)
        shared = ours('/ticks?rate=%g&pad=%d' % (rate, PAD), members, key,
                      headers, args.seconds)
        print('| %s | sse-bridge, channel | %s | %.2f | %.1f / %.1f |' % (
            '{:,}'.format(members), '{:,.0f}'.format(flood['events_per_s']),
            flood['cpu_us_per_event'], join['first_ms']['p50'],
            join['first_ms']['p99']))
        print('| | sse-bridge, shared feed | %s | %.2f | |' % (
            '{:,.0f}'.format(shared['events_per_s']),
            shared['cpu_us_per_event']), flush=True)
        if args.presence:
            real = ours('/channels/c/stream', members, key, headers, 0.2,
                        ramp=JOINS, real=True)
            print('| | sse-bridge, channel with presence | | | %.1f / %.1f |' %
                  (real['first_ms']['p50'], real['first_ms']['p99']),
                  flush=True)
        for kind in peers:
            # They have no channels: the same events in a call for each.
            result = kind.measure(members, rate, PAD, args.seconds)
            print('| | %s | %s | %.2f | |' % (
                kind.name, '{:,.0f}'.format(result['events_per_s']),
                result['cpu_us_per_event']), flush=True)
        text = '{:,} members: '.format(members)
        streams = value(flood['metrics'], 'sse_bridge_upstream_calls_total',
                        method='load.v1.Load/Chat')
        checks.check(streams == 1, text + '%d upstream stream' % streams)
        enters = value(flood['metrics'], 'sse_bridge_upstream_calls_total',
                       method='load.v1.Load/Enter')
        periods = 2 + (flood['opening_s'] + args.seconds + 2) // RENEW
        checks.check(enters <= members * periods,
                     text + '%.2f calls of enter for each' % (enters / members))
        if members < 10_000:
            continue
        ratio = flood['events_per_s'] / shared['events_per_s']
        checks.check(ratio >= 0.5, text + '%.2f of a shared feed\'s deliveries'
                     % ratio)
        ratio = flood['cpu_us_per_event'] / shared['cpu_us_per_event']
        checks.check(ratio <= 2, text + '%.2f times its CPU a delivery' % ratio)
        checks.check(join['first_ms']['p50'] <= 100 and
                     join['first_ms']['count'] == members,
                     text + 'first event after %.1f ms at the median' %
                     join['first_ms']['p50'])
    checks.finish()


main()

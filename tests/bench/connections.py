"""How many streams one machine holds: what an idle one costs, how quickly they
open, one process up to its descriptor limit, the same over TLS, ten streams on
each connection of HTTP/2 (plain and over TLS), and several processes on one port.
Every stream must receive events.

--total 1000000 needs about 54 bridges and as many load programs, 13 GB, and
half an hour on two cores. If the machine cannot hold as many, the report says
how far it went and what was short."""

import argparse
import json
import subprocess
import tempfile

from bench import (Checks, SSELOAD, backend, bridge, descriptors,
                   free_port, load, machine, resident)

PAD = 100
# Descriptors of a process that are not streams.
NOT_STREAMS = 300
ADDRESSES_PER_LOADER = 8
# What two cores can do for all processes together, a second. With a hundred
# programs on them, a load program that falls behind opens connections without
# asking for anything, until the bridges' deadline for a request ends them.
OPENED_PER_SECOND = 20_000
OPENED_PER_SECOND_BY_MANY = 5_000
MANY_PROCESSES = 12
EVENTS_PER_SECOND = 50_000
# Of HTTP/2.
STREAMS_PER_CONNECTION = 10
MIB = 1 << 20


def per_second(result):
    return result['ok'] / result['opening_s']


def one_process(checks, idle, most):
    source = backend()
    ours = bridge(source.address)
    result = load(ours.port, '/ticks?rate=0&pad=%d' % PAD, idle, cores=None,
                  pids=[ours.pid], ramp=100_000, warmup=2, seconds=0.1)
    ours.stop()
    checks.check(result['ok'] == idle and result['closed'] == 0,
                 '{:,} streams opened, {:,} of them answered'.format(
                     idle, result['ok']))
    checks.check(result['opening_s'] <= 2 or idle > 10_000,
                 'in {:.2f} s: {:,.0f} a second'.format(
                     result['opening_s'], per_second(result)))
    checks.check(result['bytes_each'] <= 2048,
                 '{:,.0f} bytes resident of each while idle'.format(
                     result['bytes_each']))

    ours = bridge(source.address)
    result = load(ours.port, '/ticks?rate=1&pad=%d' % PAD, most, cores=None,
                  pids=[ours.pid], ramp=20_000, warmup=1, seconds=5,
                  sequence='"n":')
    ours.stop()
    source.stop()
    checks.check(
        result['ok'] == most and result['closed'] == 0 and
        result['lost'] == 0 and result['events_each']['least'] >= 4,
        '{:,} streams in one process; in {:.0f} s each received {:.0f} to '
        '{:.0f} events, {} lost'.format(
            result['ok'], result['seconds'], result['events_each']['least'],
            result['events_each']['most'], result['lost']))


def plain_and_tls(count, **http):
    """What sseload measured of idle streams, and of others with events: each for
    'plain' and 'TLS'."""
    source = backend()
    idle, busy = {}, {}
    with tempfile.TemporaryDirectory() as work:
        cert, key = work + '/cert.pem', work + '/key.pem'
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
             '/CN=localhost', '-keyout', key, '-out', cert], check=True,
            stderr=subprocess.DEVNULL)
        kinds = [('plain', [], {}),
                 ('TLS', ['--tls-cert', cert, '--tls-key', key,
                          '--head-timeout', '1m'], {'tls': True})]
        for name, options, extra in kinds:
            ours = bridge(source.address, *options)
            idle[name] = load(ours.port, '/ticks?rate=0&pad=%d' % PAD, count,
                              cores=None, pids=[ours.pid], ramp=5_000,
                              warmup=2, seconds=0.1, **extra, **http)
            ours.stop()
        for name, options, extra in kinds:
            ours = bridge(source.address, *options)
            busy[name] = load(
                ours.port, '/ticks?rate=2&pad=%d' % PAD, count, cores=None,
                pids=[ours.pid], ramp=5_000, warmup=1, seconds=10,
                sequence='"n":', **extra, **http)
            ours.stop()
    source.stop()
    return idle, busy


def check_events(checks, count, result, how):
    checks.check(
        result['ok'] == count and result['closed'] == 0 and
        result['lost'] == 0 and result['events_each']['least'] >= 4,
        '{:,} of {:,} streams {}; in {:.0f} s each received {:.0f} to {:.0f} '
        'events, {} lost'.format(
            result['ok'], count, how, result['seconds'],
            result['events_each']['least'], result['events_each']['most'],
            result['lost']))


def check_idle(checks, count, idle, most, how):
    checks.check(idle['TLS']['ok'] == count and
                 idle['TLS']['bytes_each'] <= most,
                 '{:,.0f} bytes resident of each {} over TLS while idle, {:,.0f} '
                 'plain'.format(idle['TLS']['bytes_each'], how,
                                idle['plain']['bytes_each']))


def print_ratios(busy, how):
    plain, tls = busy['plain'], busy['TLS']
    print('TLS to plain{}: processor time for an event {:.2f}, memory of a '
          'stream {:,.0f} to {:,.0f} bytes, {:,.0f} to {:,.0f} opened a '
          'second'.format(
              how, tls['cpu_us_per_event'] / plain['cpu_us_per_event'],
              tls['bytes_each_after'], plain['bytes_each_after'],
              per_second(tls), per_second(plain)), flush=True)


def over_tls(checks, count):
    """The same streams plain and over TLS: what TLS adds, as a ratio."""
    idle, busy = plain_and_tls(count)
    check_events(checks, count, busy['TLS'], 'over TLS')
    check_idle(checks, count, idle, 18 << 10, 'stream')
    print_ratios(busy, '')


def over_http2(checks, count):
    """Ten of the streams on each connection of HTTP/2."""
    how = 'on {:,} connections of HTTP/2'.format(
        count // STREAMS_PER_CONNECTION)
    idle, busy = plain_and_tls(count, streams=STREAMS_PER_CONNECTION)
    check_events(checks, count, busy['plain'], how)
    check_events(checks, count, busy['TLS'], how + ' over TLS')
    check_idle(checks, count, idle, 6 << 10, 'stream of HTTP/2')
    print_ratios(busy, ', HTTP/2')


def system_memory():
    """MiB: available, and used by sockets of TCP."""
    with open('/proc/meminfo') as info:
        fields = dict(line.split(':', 1) for line in info)
    with open('/proc/net/sockstat') as stat:
        pages = next(int(line.split()[-1]) for line in stat
                     if line.startswith('TCP:'))
    return int(fields['MemAvailable'].split()[0]) // 1024, pages // 256


def several_processes(checks, total, limit):
    count = -(-total // (limit - 1000))  # the kernel does not share out evenly
    rate = min(0.5, EVENTS_PER_SECOND / total)
    seconds = max(10, 4 / rate)
    opened = (OPENED_PER_SECOND_BY_MANY if count > MANY_PROCESSES else
              OPENED_PER_SECOND)
    ramp = max(1, min(3000, opened // count))
    source = backend(held=True)  # no events while streams open
    port = free_port()
    bridges = [bridge(source.address, '--reuse-port', '--keep-alive', '10m',
                      port=port)
               for _ in range(count)]
    available, _ = system_memory()
    loaders = []
    for i in range(count):
        share = total // count + (1 if i < total % count else 0)
        argv = [SSELOAD, '--port', str(port), '--path',
                '/ticks?rate=%g&pad=%d' % (rate, PAD), '--connections',
                str(share), '--ramp', str(ramp), '--give-up',
                str(120 + 3 * total // opened), '--seconds',
                '%g' % seconds, '--warmup', '2', '--address',
                str(2 + i * ADDRESSES_PER_LOADER), '--sequence', '"n":',
                '--hold']
        for each in bridges if i == 0 else []:
            argv += ['--pid', str(each.pid)]
        loaders.append(subprocess.Popen(argv, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True))
    try:
        for loader in loaders:
            loader.stdout.readline()
        source.begin()
        left, sockets = system_memory()
        ours = sum(resident(each.pid) for each in bridges) // MIB
        running = sum(each.process.poll() is None for each in bridges)
        for loader in loaders:
            if loader.poll() is None:
                loader.stdin.write('\n')
                loader.stdin.flush()
        results = [json.loads(loader.stdout.readline() or '{}')
                   for loader in loaders]
    finally:
        for loader in loaders:
            loader.kill()
            loader.wait()
    for each in bridges:
        each.stop()
    source.stop()
    whole = [r for r in results if r]
    ok, closed, lost, failed = (sum(r[key] for r in whole) for key in
                                ('ok', 'closed', 'lost', 'failed'))
    least = min((r['events_each']['least'] for r in whole), default=0)
    checks.check(
        ok == total and closed == 0 and lost == 0 and least >= 3,
        '{:,} of {:,} streams over {} processes on one port; in {:.0f} s each '
        'received at least {:.0f} events, {} lost'.format(
            ok, total, count, seconds, least, lost))
    checks.check(ours <= 3072 or total < 1_000_000,
                 '{:,} MiB resident in all bridges'.format(ours))
    print('{:,} MiB of {:,} were left; the sockets of both ends had {:,}'.format(
        left, available, sockets))
    if ok < total:
        print('{:,} were refused, {:,} closed; {} of {} bridges and {} of {} '
              'load programs were running'.format(
                  failed, closed, running, count, len(whole), count))


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh connections', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--idle', type=int, default=10_000,
                        help='streams opened at once; default: %(default)s')
    parser.add_argument('--one', type=int, default=19_000,
                        help='streams of one process; 0: leave it out; '
                        'default: %(default)s')
    parser.add_argument('--tls', type=int, default=10_000,
                        help='streams over TLS; 0: leave it out; '
                        'default: %(default)s')
    parser.add_argument('--http2', type=int, default=10_000,
                        help='over HTTP/2; 0: leave it out; '
                        'default: %(default)s')
    parser.add_argument('--total', type=int, default=100_000,
                        help='over several processes; 0: leave it out; '
                        'default: %(default)s')
    args = parser.parse_args()
    limit = descriptors() - NOT_STREAMS
    print(machine())
    print('{:,} descriptors a process; the load runs on the same cores'.format(
        descriptors()))
    checks = Checks()
    if args.one > 0:
        one_process(checks, min(args.idle, limit), min(args.one, limit))
    if args.tls > 0:
        over_tls(checks, min(args.tls, limit))
    # sseload fills each connection.
    http2 = min(args.http2 // STREAMS_PER_CONNECTION,
                limit) * STREAMS_PER_CONNECTION
    if http2 > 0:
        over_http2(checks, http2)
    if args.total > 0:
        several_processes(checks, args.total, limit)
    checks.finish()


main()

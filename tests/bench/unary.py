"""Unary calls: HTTP requests a second that one core turns into gRPC calls, beside
grpc-gateway with the same backend.

The server is pinned to the first core; the load (h2load, HTTP/1.1 with
keep-alive) and a minimal backend have the others. The servers take turns for
some rounds, with fresh connections; each figure is the median of its rounds.
Where the load's core limits the rate, the processor time of a call still says
what the server costs."""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile

from bench import (BRIDGE, BUILD, CACHE, LOAD_CORES, SERVER_CORES, Checks,
                   Process, bridge, debian_packages, free_port, grpc_gateway,
                   library_path, machine, wait_for_port)

UNARY_BACKEND = os.path.join(BUILD, 'tests', 'bench', 'unary-backend')
PATH = '/counts/prices'
# load.v1.CountsReply: open 1200, most 2500, started 100000, sent 7.
ANSWER = bytes([0x08, 0xb0, 0x09, 0x10, 0xc4, 0x13, 0x18, 0xa0, 0x8d, 0x06,
                0x20, 0x07])
GATEWAY = 'grpc-gateway 1.6.4'
OURS = 'sse-bridge'
PREVIOUS = 'the previous sse-bridge'


def h2load():
    """The program, and the environment that it needs."""
    found = shutil.which('h2load')
    if found:
        return found, None
    root = debian_packages('nghttp2-client')
    return (os.path.join(root, 'usr/bin/h2load'),
            dict(os.environ, LD_LIBRARY_PATH=library_path(root)))


def processor_seconds(pid):
    with open('/proc/%d/stat' % pid) as stat:
        fields = stat.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def run(port, pid, clients, seconds):
    """Calls a second, processor microseconds of a call, and the latencies'
    median and 99th percentile in milliseconds."""
    program, env = h2load()
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, 'log')
        before = processor_seconds(pid)
        subprocess.run(
            [program, '--h1', '-t', '1', '-c', str(clients), '-D',
             '%gs' % seconds, '--log-file', log,
             'http://127.0.0.1:%d%s' % (port, PATH)],
            check=True, env=env, stdout=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, LOAD_CORES))
        used = processor_seconds(pid) - before
        times, failed = [], 0
        with open(log) as lines:
            for line in lines:
                _, status, micros = line.split()[:3]
                failed += status != '200'
                times.append(int(micros))
    times.sort()
    if not times:
        return {'rate': 0, 'cpu_us': 0, 'p50': 0, 'p99': 0, 'failed': 1}
    return {'rate': len(times) / seconds, 'cpu_us': used * 1e6 / len(times),
            'p50': times[len(times) // 2] / 1000,
            'p99': times[len(times) * 99 // 100] / 1000, 'failed': failed}


def start_gateway(address):
    port = free_port()
    process = Process([grpc_gateway(), str(port), address, '1', '1'],
                      SERVER_CORES, env={'GOMAXPROCS': '1'})
    wait_for_port(port, process)
    return port, process


def start_bridge(address, program):
    process = bridge(address, cores=SERVER_CORES, program=program)
    return process.port, process


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh unary', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--clients', type=int, default=64,
                        help='connections; default: %(default)s')
    parser.add_argument('--seconds', type=float, default=5,
                        help='of each measurement; default: %(default)s')
    parser.add_argument('--rounds', type=int, default=3,
                        help='default: %(default)s')
    parser.add_argument('--previous', default='',
                        help='an earlier build\'s sse-bridge, to compare with')
    parser.add_argument('--without', default='',
                        help='peers to leave out: gateway')
    args = parser.parse_args()

    os.makedirs(CACHE, exist_ok=True)
    answer = os.path.join(CACHE, 'unary-answer')
    with open(answer, 'wb') as file:
        file.write(ANSWER)
    source = Process([UNARY_BACKEND, answer], LOAD_CORES)
    address = source.wait_for('listening on ')
    servers = {OURS: start_bridge(address, BRIDGE)}
    if args.previous:
        servers[PREVIOUS] = start_bridge(address,
                                         os.path.abspath(args.previous))
    if 'gateway' not in args.without.split(','):
        servers[GATEWAY] = start_gateway(address)

    print(machine())
    print('server on core %d, load and backend on %s; %d connections\n' % (
        SERVER_CORES[0], ', '.join(map(str, LOAD_CORES)), args.clients))
    for port, process in servers.values():
        run(port, process.pid, args.clients, 1)  # warm
    rounds = {name: [] for name in servers}
    for _ in range(args.rounds):
        for name, (port, process) in servers.items():
            rounds[name].append(
                run(port, process.pid, args.clients, args.seconds))
    results = {name: {key: statistics.median(each[key] for each in measured)
                      for key in measured[0]}
               for name, measured in rounds.items()}
    print('| server | calls/s | CPU us a call | p50 ms | p99 ms |')
    print('| --- | ---: | ---: | ---: | ---: |')
    for name, result in results.items():
        print('| %s | %s | %.1f | %.2f | %.2f |' % (
            name, '{:,.0f}'.format(result['rate']), result['cpu_us'],
            result['p50'], result['p99']))
    print()

    checks = Checks()
    ours = results[OURS]
    for name, result in results.items():
        checks.check(result['failed'] == 0, '%s: no call failed' % name)
    if GATEWAY in results:
        peer = results[GATEWAY]
        checks.check(ours['rate'] >= 1.5 * peer['rate'],
                     '%.2f times grpc-gateway\'s calls a second' %
                     (ours['rate'] / peer['rate']))
        checks.check(ours['p99'] <= peer['p99'],
                     'p99 %.2f ms beside %.2f ms' % (ours['p99'], peer['p99']))
    if PREVIOUS in results:
        print('%.2f times the previous calls a second' %
              (ours['rate'] / results[PREVIOUS]['rate']))
    checks.finish()


main()

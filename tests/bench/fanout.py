"""Events to many browsers, beside the physical limit and the bridge's peers.

Every server is pinned to the first core; the load program, the backend and
nchan's publisher have the others. All send events of one size. For each number
of connections three fresh runs of each server, with events from when the last
connection has its answer:

  idle    nothing is sent: resident bytes of each connection
  paced   20,000 deliveries/s: latency from the backend's stamp
  flood   2.5 million deliveries/s are asked for: what arrives, what it costs

and in turns with the physical limit, at the same rate, the bridge with one
event a write. Ratios of floods are medians of runs in turns, too: one run
differs from the next by a tenth.

--http2 instead compares the bridge with itself: the same streams, ten on each
connection of HTTP/2, in turns with one on each of HTTP/1.1."""

import argparse
import os
import statistics

from bench import (HTTPLIB_BRIDGE, LOAD_CORES, Process, RAWFAN,
                   ROOT, SERVER_CORES, STAMP, Checks, backend, bridge,
                   debian_packages, descriptors, fail, free_port, library_path,
                   load, machine, node_packages, temporary_directory,
                   wait_for_port)

PAD = 100
# The wire bytes of one event with this pad: "a1\r\ndata: {...}\n\n\r\n".
FRAME_BYTES = 162
PACED = 20_000
FLOOD = 2_500_000
# A publisher or a backend is not asked for more events a second.
MAX_EVENT_RATE = 5_000
# The part of the physical limit's rate at which one event a write is compared.
COMPARED = 0.92
# More events a TCP segment than this is not one event a write.
MAX_EVENTS_PER_WRITE = 1.1
# Of HTTP/2.
STREAMS_PER_CONNECTION = 10


class Peer:
    """A server under test. start() gives port, path, and the processes that
    count."""

    ramp = 20_000

    def __init__(self, backend_address):
        self.backend = backend_address
        self.processes = []

    def start(self, rate, connections):
        raise NotImplementedError

    def begin(self):
        """Events, from now on."""

    def run(self, *argv, cores=SERVER_CORES, **options):
        process = Process(list(argv), cores, **options)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.processes = []


class PhysicalLimit(Peer):
    name = 'physical limit: one `write` each'

    def start(self, rate, connections):
        # "As fast as it can" is what the flood means here.
        if rate * connections >= FLOOD * 0.9 or rate == MAX_EVENT_RATE:
            rate = 0
        elif rate == 0:
            rate = 0.001
        raw = self.run(RAWFAN, str(rate), str(FRAME_BYTES))
        return int(raw.wait_for('listening on 127.0.0.1:')), '/', [raw.pid]


class Ours(Peer):
    name = 'sse-bridge'

    def start(self, rate, connections):
        ours = bridge(self.backend, cores=SERVER_CORES)
        self.processes.append(ours)
        return ours.port, '/ticks?rate=%g&pad=%d' % (rate, PAD), [ours.pid]


class Nchan(Peer):
    name = 'nchan 1.3.6 (nginx)'

    def start(self, rate, connections):
        root = debian_packages('nginx', 'libnginx-mod-nchan')
        directory = temporary_directory()
        port = free_port()
        with open(os.path.join(ROOT, 'tests/bench/peers/nchan.conf')) as f:
            text = f.read()
        module = os.path.join(root, 'usr/lib/nginx/modules/ngx_nchan_module.so')
        for name, value in (('DIR', directory), ('MODULE', module),
                            ('PORT', str(port)),
                            ('FILES', str(descriptors()))):
            text = text.replace('@%s@' % name, value)
        conf = os.path.join(directory, 'nchan.conf')
        with open(conf, 'w') as f:
            f.write(text)
        nginx = self.run(os.path.join(root, 'usr/sbin/nginx'), '-c', conf, '-e',
                         os.path.join(directory, 'start.log'), '-p', directory,
                         env={'LD_LIBRARY_PATH': library_path(root)})
        wait_for_port(port, nginx)
        with open('/proc/%d/task/%d/children' % (nginx.pid, nginx.pid)) as f:
            workers = [int(pid) for pid in f.read().split()]
        self.publish = (port, rate)
        return port, '/sub/c', workers

    def begin(self):
        port, rate = self.publish
        if rate > 0:
            self.run('python3',
                     os.path.join(ROOT, 'tests/bench/peers/publish.py'),
                     str(port), '/pub/c', str(rate), str(PAD), cores=LOAD_CORES)


class Node(Peer):
    route = '/shared'
    name = 'Node, one upstream call'

    def start(self, rate, connections):
        port = free_port()
        node = self.run(
            'node', os.path.join(ROOT, 'tests/bench/peers/node_bridge.js'),
            str(port), self.backend, str(rate), str(PAD),
            os.path.join(ROOT, 'tests/load/proto'), os.path.join(ROOT, 'proto'),
            cwd=node_packages())
        node.wait_for('listening on ')
        return port, self.route, [node.pid]


class NodeEach(Node):
    route = '/each'
    name = 'Node, one upstream call per client'


class Httplib(Peer):
    name = 'cpp-httplib, one thread per stream'
    # It listens with a backlog of 5.
    ramp = 2_000

    def start(self, rate, connections):
        port = free_port()
        server = self.run(HTTPLIB_BRIDGE, str(port), self.backend, str(rate),
                          str(PAD), str(connections + 8))
        wait_for_port(port, server)
        return port, '/ticks', [server.pid]


PEERS = {'limit': PhysicalLimit, 'ours': Ours, 'nchan': Nchan, 'node': Node,
         'node-each': NodeEach, 'httplib': Httplib}


def measure(kind, connections, rate, seconds, warmup=1.0, **options):
    """What a fresh server does with events at this rate."""
    source = backend(held=True)
    peer = kind(source.address)

    def begin():
        source.begin()
        peer.begin()

    try:
        port, path, pids = peer.start(rate, connections)
        result = load(port, path, connections, pids=pids, ramp=peer.ramp,
                      opened=begin, stamp=STAMP, seconds=seconds,
                      warmup=warmup, give_up=30, **options)
    finally:
        peer.stop()
        source.stop()
    return result


def number(value):
    return '{:,.0f}'.format(value)


def row(name, idle, paced, flood):
    lost = max(r['failed'] + r['closed'] for r in (idle, paced, flood))
    print('| %s | %s | %.2f | %.1f / %.1f | %s | %s |%s' % (
        name, number(flood['events_per_s']),
        flood['cpu_us_per_event'],
        paced['latency_ms']['p50'], paced['latency_ms']['p99'],
        number(idle['bytes_each']), number(flood['bytes_each_after']),
        ' %d lost' % lost if lost else ''), flush=True)


def one_event_a_write(connections, seconds, rounds):
    """Ratios of the bridge to the physical limit, in turns: rate, CPU per
    delivery at the same rate, and events a write."""
    rates, costs, events = [], [], []
    for _ in range(rounds):
        limit = measure(PhysicalLimit, connections, MAX_EVENT_RATE, seconds)
        rate = COMPARED * limit['events_per_s'] / connections
        paced = measure(PhysicalLimit, connections, rate, seconds)
        ours = measure(Ours, connections, rate, seconds)
        rates.append(ours['events_per_s'] / limit['events_per_s'])
        costs.append(ours['cpu_us_per_event'] / paced['cpu_us_per_event'])
        events.append(ours['events_per_segment'])
    return (statistics.median(rates), statistics.median(costs),
            statistics.median(events))


def times_faster(kind, connections, rate, seconds, rounds, first):
    """The ratio of the bridge's flood to this peer's. `first` has the rates of
    the first runs of both."""
    ratios = [first[0] / max(first[1], 1)]
    for _ in range(rounds - 1):
        ours = measure(Ours, connections, rate, seconds)['events_per_s']
        theirs = measure(kind, connections, rate, seconds)['events_per_s']
        ratios.append(ours / max(theirs, 1))
    return statistics.median(ratios)


def beside_http1(connections, seconds, rounds, checks):
    """A flood on HTTP/2 and on HTTP/1.1 in turns: twice the other one, which
    both would pass on whole."""
    rate = min(2 * FLOOD / connections, MAX_EVENT_RATE)
    ratios = []
    print('\n%s streams\n' % number(connections))
    print('| round | HTTP/1.1 deliveries/s | HTTP/2 | ratio | CPU us per event '
          '| |')
    print('| --- | ---: | ---: | ---: | ---: | ---: |')
    for i in range(rounds):
        one = measure(Ours, connections, rate, seconds)
        two = measure(Ours, connections, rate, seconds,
                      streams=STREAMS_PER_CONNECTION)
        ratios.append(two['events_per_s'] / max(one['events_per_s'], 1))
        print('| %d | %s | %s | %.2f | %.3f | %.3f |' % (
            i + 1, number(one['events_per_s']), number(two['events_per_s']),
            ratios[-1], one['cpu_us_per_event'], two['cpu_us_per_event']))
    ratio = statistics.median(ratios)
    checks.check(ratio >= 1, '%s: HTTP/2 at %.2f of the rate of HTTP/1.1' %
                 (number(connections), ratio))


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh fanout', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--connections', default='100,1000,10000',
                        help='default: %(default)s')
    parser.add_argument('--peers', default=','.join(PEERS),
                        help='default: %(default)s')
    parser.add_argument('--seconds', type=float, default=3,
                        help='of each measurement; default: %(default)s')
    parser.add_argument('--rounds', type=int, default=3,
                        help='of each comparison; default: %(default)s')
    parser.add_argument('--http2', action='store_true',
                        help='HTTP/2 beside HTTP/1.1, and no peers')
    args = parser.parse_args()
    peers = [PEERS[name] if name in PEERS else fail('unknown peer ' + name)
             for name in args.peers.split(',')]
    sizes = [int(each) for each in args.connections.split(',')]
    if max(sizes) + 300 > descriptors():
        fail('the descriptor limit is %d' % descriptors())

    print(machine())
    print('server on core %d, everything else on %s; events of %d bytes' % (
        SERVER_CORES[0], ', '.join(map(str, LOAD_CORES)), FRAME_BYTES))
    checks = Checks()
    if args.http2:
        for connections in sizes:
            beside_http1(connections, args.seconds, args.rounds, checks)
        checks.finish()
        return
    for connections in sizes:
        print('\n%s connections\n' % number(connections))
        print('| server | deliveries/s | CPU s per million | '
              'p50 / p99 ms at %s/s | bytes idle | loaded |' % number(PACED))
        print('| --- | ---: | ---: | ---: | ---: | ---: |')
        flood_rate = min(FLOOD / connections, MAX_EVENT_RATE)
        floods = {}
        for kind in peers:
            idle = measure(kind, connections, 0, 0.2)
            paced = measure(kind, connections, PACED / connections,
                            args.seconds)
            flood = measure(kind, connections, flood_rate, args.seconds)
            floods[kind] = flood['events_per_s']
            row(kind.name, idle, paced, flood)
            if kind is Ours:
                ours_idle = idle
        print()
        if Ours not in floods or PhysicalLimit not in floods:
            continue
        rate, cost, events = one_event_a_write(connections, args.seconds,
                                               args.rounds)
        print('one event a write: %.2f of the limit\'s rate (asked for %.2f), '
              '%.2f events a write, %.2f of its CPU' % (rate, COMPARED, events,
                                                         cost))
        if connections >= 1000:
            checks.check(rate >= 0.9 and events <= MAX_EVENTS_PER_WRITE,
                         '%s: one event a write at 0.9 of the limit\'s rate' %
                         number(connections))
            checks.check(cost <= 1.15, '%s: at 1.15 of its CPU' %
                         number(connections))
        for kind, factor in ((Nchan, 5), (Node, 10), (NodeEach, 50)):
            if kind not in floods or (kind is Nchan and connections < 10_000):
                continue
            ratio = times_faster(kind, connections, flood_rate, args.seconds,
                                 args.rounds, (floods[Ours], floods[kind]))
            text = '%s: %.1f times %s' % (number(connections), ratio, kind.name)
            if connections >= 1000:
                checks.check(ratio >= factor, text)
            else:
                print(text)
        if connections >= 10_000:
            checks.check(ours_idle['bytes_each'] <= 2048,
                         '%s: %s bytes resident of an idle connection' %
                         (number(connections), number(ours_idle['bytes_each'])))
    checks.finish()


if __name__ == '__main__':
    main()

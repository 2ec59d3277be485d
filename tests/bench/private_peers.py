"""Servers with a stream for each browser, as `private` and `chat` measure them."""

import os

from bench import (BRIDGE, LOAD_CORES, ROOT, SERVER_CORES, STAMP, Process,
                   backend, bridge, free_port, grpc_gateway, load,
                   node_packages, resident, wait_for_port)


class Server:
    """What is measured. start() gives the port and the path."""

    multiplex = False

    def __init__(self, source, pad):
        self.source = source
        self.pad = pad

    def start(self, rate):
        raise NotImplementedError

    @classmethod
    def measure(cls, streams, rate, pad, seconds):
        """sseload's result with `rate` events a second for each stream, and the
        backend's bytes of each stream while nothing was sent."""
        source = backend(held=True, multiplex=cls.multiplex)
        server = cls(source, pad)
        port, path = server.start(rate)
        before = resident(source.pid)
        each = []

        def opened():
            each.append((resident(source.pid) - before) / streams)
            source.begin()

        result = load(port, path, streams, cores=LOAD_CORES,
                      pids=[server.process.pid], ramp=2_000, opened=opened,
                      stamp=STAMP, seconds=seconds, warmup=2, give_up=120)
        server.process.stop()
        source.stop()
        lost = result['failed'] + result['closed']
        if lost:
            print('%s: %d of %d streams were lost' % (cls.name, lost, streams))
        result['backend_bytes_each'] = each[0] if each else 0
        return result


class Ours(Server):
    name = 'sse-bridge, multiplexed'
    path = '/own-ticks'
    multiplex = True
    program = BRIDGE

    def start(self, rate):
        self.process = bridge(self.source.address, cores=SERVER_CORES,
                              program=self.program)
        return self.process.port, '%s?rate=%g&pad=%d' % (
            self.path, rate, self.pad)


class Ordinary(Ours):
    name = 'sse-bridge, ordinary calls'
    multiplex = False


class Shared(Ours):
    name = 'sse-bridge, shared feed'
    path = '/ticks'
    multiplex = False


class Previous(Ordinary):
    name = 'the previous sse-bridge, ordinary calls'


class Gateway(Server):
    name = 'grpc-gateway 1.6.4'

    def start(self, rate):
        port = free_port()
        self.process = Process([grpc_gateway(), str(port), self.source.address,
                                str(rate), str(self.pad)], SERVER_CORES,
                               env={'GOMAXPROCS': '1'})
        wait_for_port(port, self.process)
        return port, '/own-ticks'


class Node(Server):
    name = 'Node, one upstream call per client'

    def start(self, rate):
        port = free_port()
        self.process = Process(
            ['node', os.path.join(ROOT, 'tests/bench/peers/node_bridge.js'),
             str(port), self.source.address, str(rate), str(self.pad),
             os.path.join(ROOT, 'tests/load/proto'), os.path.join(ROOT, 'proto')],
            SERVER_CORES, cwd=node_packages())
        self.process.wait_for('listening on ')
        return port, '/each'

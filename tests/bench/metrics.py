"""What a scrape of /metrics costs and whether it is right: how long it takes
while many streams are idle and while all of them get events, and whether its
counters are exactly what the clients counted."""

import argparse
import http.client
import json
import resource
import select
import socket
import threading
import time

from bench import Checks, LOAD_CORES, SERVER_CORES, backend, bridge, load, machine

EVENTS = 10
SCRAPES = 40
METHOD = '{method="load.v1.Load.Disconnect"}'
GONE = '{method="load.v1.Load.Disconnect",reason="client_gone"}'
MOST_MS = 50
PATIENCE_S = 60


def scrape(port):
    """A scrape's samples, and how many milliseconds it took."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    connection.request('GET', '/metrics')
    text = connection.getresponse().read().decode()
    took = (time.monotonic() - begin) * 1000
    connection.close()
    samples = {}
    for line in text.splitlines():
        if not line.startswith('#'):
            name, value = line.rsplit(' ', 1)
            samples[name] = float(value)
    return samples, took


def scrapes(port):
    times = []
    for _ in range(SCRAPES):
        times.append(scrape(port)[1])
        time.sleep(0.05)
    return sorted(times)


class Clients:
    """Connections that count what they get."""

    def __init__(self, port, count, path):
        self.poll = select.epoll()
        self.sockets = {}
        self.events = 0
        self.bytes = 0
        self.tails = {}
        request = ('GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path).encode()
        for _ in range(count):
            one = socket.create_connection(('127.0.0.1', port), 20)
            one.sendall(request)
            one.setblocking(False)
            self.sockets[one.fileno()] = one
            self.poll.register(one.fileno(), select.EPOLLIN)

    def read_until(self, done):
        end = time.monotonic() + PATIENCE_S
        while not done() and time.monotonic() < end:
            for fd, _ in self.poll.poll(0.2):
                data = self.sockets[fd].recv(65536)
                self.bytes += len(data)
                # A line may come in two parts.
                data = self.tails.get(fd, b'') + data
                self.events += data.count(b'\ndata:')
                self.tails[fd] = data[-5:]

    def close(self, count):
        for fd in list(self.sockets)[:count]:
            self.poll.unregister(fd)
            self.sockets.pop(fd).close()


def exactness(checks, admin, ours, streams):
    clients = Clients(ours.port, streams, '/disconnect/t')

    def metric(name):
        return int(scrape(admin)[0].get('sse_bridge_' + name, 0))

    clients.read_until(
        lambda: metric('streams_opened_total' + METHOD) == streams)
    publish = http.client.HTTPConnection('127.0.0.1', ours.port, timeout=20)
    publish.request('POST', '/publish/t', json.dumps({'count': EVENTS}))
    publish.getresponse().read()
    clients.read_until(lambda: clients.events == streams * EVENTS)
    leaving = streams // 2
    clients.close(leaving)
    end = time.monotonic() + PATIENCE_S
    while metric('streams_ended_total' + GONE) < leaving:
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    for name, counted in [
            ('streams_opened_total' + METHOD, streams),
            ('streams_ended_total' + GONE, leaving),
            ('streams_open' + METHOD, streams - leaving),
            ('events_sent_total', clients.events),
            ('bytes_sent_total', clients.bytes)]:
        told = metric(name)
        checks.check(told == counted, '%s: %s; the clients counted %s' % (
            name, format(told, ','), format(counted, ',')))
    clients.close(streams)


def main():
    parser = argparse.ArgumentParser(
        prog='scripts/bench.sh metrics', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--streams', type=int, default=10_000,
                        help='default: %(default)s')
    parser.add_argument('--rate', type=float, default=5,
                        help='events a second of each; default: %(default)s')
    args = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(machine())
    checks = Checks()
    source = backend()

    def start():
        ours = bridge(source.address, '--admin', '127.0.0.1:0', '--keep-alive',
                      '24h', cores=SERVER_CORES)
        return ours, int(ours.wait_for('admin on http://127.0.0.1:'))

    ours, admin = start()
    exactness(checks, admin, ours, args.streams)
    ours.stop()

    for rate in (0, args.rate):
        ours, admin = start()
        times = []
        thread = threading.Thread(target=lambda: times.extend(scrapes(admin)))
        result = load(ours.port, '/ticks?rate=%g' % rate, args.streams,
                      cores=LOAD_CORES, opened=thread.start, warmup=0,
                      seconds=4)
        thread.join()
        ours.stop()
        checks.check(
            times[-1] <= MOST_MS,
            '{:,} streams, {:,.0f} events a second: a scrape took {:.1f} ms '
            '(median), {:.1f} ms at most'.format(
                result['ok'], result['events_per_s'], times[len(times) // 2],
                times[-1]))
    source.stop()
    checks.finish()


main()

"""Bytes and CPU of a delivery, by how it is sent.

One symbol's prices are published at a steady rate to many browsers, which read
and count bytes. Each row is a way to send them, in turns:

  plain    as it is
  gzip     compressed once per feed
  nginx    plain from the bridge, compressed by nginx for each browser

each over HTTP/1.1, and the first two also over TLS and over HTTP/2, ten streams
on a connection. Bytes are those of HTTP: TLS adds 22 to each record.

`private` is what a gzip context of each browser's own would make of the same
events, one flush for each, at zlib's usual level: computed from what a plain
browser has received.
"""

import argparse
import json
import os
import select
import socket
import ssl
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
import zlib

from bench import (LOAD_CORES, SERVER_CORES, Checks, Process, base64, bridge,
                   fail, free_port, hashlib, hmac, machine, metrics,
                   realtime_backends, resident, temporary_directory,
                   wait_for_port)
from http2_bytes import (ACK, OPENING, SETTINGS, WINDOW_UPDATE, field, frame,
                         headers, request)

PATH = '/prices/stream?symbols=AAPL'
OPEN_SECONDS = 30

NGINX = """
worker_processes 1;
worker_rlimit_nofile 40000;
pid %(directory)s/nginx.pid;
error_log stderr error;
daemon off;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path %(directory)s;
  proxy_temp_path %(directory)s;
  fastcgi_temp_path %(directory)s;
  uwsgi_temp_path %(directory)s;
  scgi_temp_path %(directory)s;
  server {
    listen 127.0.0.1:%(port)d;
    gzip on;
    gzip_types text/event-stream;
    gzip_min_length 0;
    gzip_comp_level 6;
    location / {
      proxy_pass http://127.0.0.1:%(upstream)d;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_set_header Accept-Encoding "";
      proxy_read_timeout 1h;
    }
  }
}
"""


class Way:
    """A way to send events to browsers. `streams`: those of a connection of
    HTTP/2; 0: HTTP/1.1."""

    def __init__(self, name, encoding, proxy=False, tls=False, streams=0):
        self.name = name
        self.encoding = encoding
        self.proxy = proxy
        self.tls = tls
        self.streams = streams

    def options(self):
        """Of the bridge."""
        if not self.tls:
            return []
        directory = temporary_directory()
        cert, key = (os.path.join(directory, name) for name in ('cert', 'key'))
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
             '/CN=localhost', '-keyout', key, '-out', cert], check=True,
            capture_output=True)
        return ['--tls-cert', cert, '--tls-key', key]

    def start(self, port):
        """The port, and the pids of proxies."""
        if not self.proxy:
            return port, []
        directory = temporary_directory()
        own = free_port()
        with open(os.path.join(directory, 'nginx.conf'), 'w') as conf:
            conf.write(NGINX % {'directory': directory, 'port': own,
                                'upstream': port})
        self.process = Process(['nginx', '-c', conf.name, '-p', directory],
                               SERVER_CORES)
        wait_for_port(own, self.process)
        workers = [int(pid) for pid in os.listdir('/proc') if pid.isdigit() and
                   parent(pid) == self.process.pid]
        return own, workers

    def stop(self):
        if self.proxy:
            self.process.stop()

    def connect(self, port):
        s = socket.create_connection(('127.0.0.1', port))
        if self.tls:
            context = ssl._create_unverified_context()
            context.set_alpn_protocols(['h2' if self.streams else 'http/1.1'])
            s = context.wrap_socket(s)
        if not self.streams:
            s.sendall((
                'GET %s HTTP/1.1\r\nHost: localhost\r\n'
                'Accept: text/event-stream\r\nAccept-Encoding: %s\r\n\r\n' %
                (PATH, self.encoding)).encode())
            return s
        block = (request('GET', PATH.encode()) +
                 field(b'accept', b'text/event-stream') +
                 field(b'accept-encoding', self.encoding.encode()))
        largest = 2**31 - 1
        settings = (4).to_bytes(2, 'big') + largest.to_bytes(4, 'big')
        s.sendall(
            OPENING + frame(SETTINGS, 0, 0, settings) +
            frame(WINDOW_UPDATE, 0, 0, (largest - 65535).to_bytes(4, 'big')) +
            frame(SETTINGS, ACK, 0) +
            b''.join(headers(2 * i + 1, block) for i in range(self.streams)))
        return s


WAYS = [
    Way('HTTP/1.1, plain', 'identity'),
    Way('HTTP/1.1, gzip', 'gzip'),
    Way('HTTP/1.1, nginx gzip', 'gzip', proxy=True),
    Way('HTTP/1.1 over TLS, plain', 'identity', tls=True),
    Way('HTTP/1.1 over TLS, gzip', 'gzip', tls=True),
    Way('HTTP/2, plain', 'identity', streams=10),
    Way('HTTP/2, gzip', 'gzip', streams=10),
    Way('HTTP/2 over TLS, plain', 'identity', tls=True, streams=10),
    Way('HTTP/2 over TLS, gzip', 'gzip', tls=True, streams=10),
]


def parent(pid):
    try:
        with open('/proc/%s/stat' % pid) as stat:
            return int(stat.read().rsplit(')', 1)[1].split()[1])
    except OSError:
        return None


def cpu(pids):
    """Seconds that the processes have used."""
    ticks = 0
    for pid in pids:
        with open('/proc/%d/stat' % pid) as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


class Browsers(threading.Thread):
    """Connections that read and count. The first keeps what it reads."""

    def __init__(self, way, port, count):
        super().__init__(daemon=True)
        self.epoll = select.epoll()
        self.sockets = {}
        self.bytes = 0
        self.kept = bytearray()
        self.done = False
        for _ in range(count // (way.streams or 1)):
            s = way.connect(port)
            s.setblocking(False)
            self.sockets[s.fileno()] = s
            self.epoll.register(s, select.EPOLLIN)
        self.first = next(iter(self.sockets))
        self.start()

    def run(self):
        while not self.done:
            for fd, _ in self.epoll.poll(0.2):
                try:
                    # More than a TLS record, so that none is left in it.
                    part = self.sockets[fd].recv(65536)
                except (BlockingIOError, ssl.SSLWantReadError):
                    continue
                if not part:
                    self.epoll.unregister(fd)
                self.bytes += len(part)
                if fd == self.first:
                    self.kept += part

    def close(self):
        self.done = True
        self.join()
        for s in self.sockets.values():
            s.close()
        self.epoll.close()


class Publisher(threading.Thread):
    def __init__(self, port, rate, headers, tls):
        super().__init__(daemon=True)
        self.port, self.rate, self.headers = port, rate, headers
        self.tls = tls
        self.done = False
        self.start()

    def run(self):
        import http.client
        import random
        prices = random.Random(1)
        connection = http.client.HTTPConnection('127.0.0.1', self.port)
        if self.tls:
            connection = http.client.HTTPSConnection(
                '127.0.0.1', self.port,
                context=ssl._create_unverified_context())
        price = 189.84
        due = time.monotonic()
        while not self.done:
            price = round(max(1, price + prices.gauss(0, 0.2)), 2)
            connection.request('POST', '/prices', headers=self.headers,
                               body=json.dumps({'symbol': 'AAPL', 'price': price}))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                fail('publishing: %d %s' % (answer.status, text))
            due += 1 / self.rate
            time.sleep(max(0, due - time.monotonic()))

    def finish(self):
        self.done = True
        self.join()


def headers_and_key():
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b'=').decode()
    key = b'k' * 32
    file = os.path.join(temporary_directory(), 'key')
    with open(file, 'wb') as f:
        f.write(key)
    text = '%s.%s' % (encode(b'{"alg":"HS256"}'), encode(json.dumps(
        {'sub': 'bench', 'exp': int(time.time()) + 86400,
         'scope': 'prices:publish'}).encode()))
    mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return {'Authorization': 'Bearer %s.%s' % (text, encode(mac)),
            'Content-Type': 'application/json'}, file


def unchunked(wire):
    body, at = bytearray(), wire.find(b'\r\n\r\n') + 4
    while True:
        end = wire.find(b'\r\n', at)
        if end < 0:
            return bytes(body)
        size = int(wire[at:end], 16)
        if size == 0 or end + 2 + size > len(wire):
            return bytes(body)
        body += wire[end + 2:end + 2 + size]
        at = end + 2 + size + 2


def private_bytes(events):
    """What a context of the browser's own makes of each, on average."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return sum(len(deflate.compress(event) + deflate.flush(zlib.Z_SYNC_FLUSH))
               for event in events) / len(events)


def chunked_bytes(size):
    return size + len('%x' % int(size)) + 4


def measure(way, options):
    source = realtime_backends()
    headers, key = headers_and_key()
    server = bridge(source.address, '--auth-key', key, '--admin', '127.0.0.1:0',
                    '--max-streams-per-address', '0', *way.options(),
                    cores=SERVER_CORES, schema=None)
    admin = 'http://' + server.wait_for('admin on http://').rstrip('/')
    publisher = Publisher(server.port, options.rate, headers, way.tls)
    before = resident(server.pid)
    port, proxies = way.start(server.port)
    browsers = Browsers(way, port, options.connections)
    end = time.monotonic() + OPEN_SECONDS
    while metrics(admin)['sse_bridge_connections_open'] < options.connections:
        if time.monotonic() > end:
            publisher.finish()
            fail('%s: not all connections are open' % way.name)
        time.sleep(0.1)
    time.sleep(options.warmup)
    pids = [server.pid, *proxies]
    # The publisher's own requests cost the same in each.
    found, used, read = metrics(admin), cpu(pids), browsers.bytes
    time.sleep(options.seconds)
    later, spent, got = metrics(admin), cpu(pids) - used, browsers.bytes - read
    memory = (sum(resident(pid) for pid in pids) - before) / options.connections
    publisher.finish()
    browsers.close()
    way.stop()
    server.stop()
    source.stop()
    events = (later['sse_bridge_events_sent_total'] -
              found['sse_bridge_events_sent_total'])
    return {'bytes': got / events, 'cpu': spent / events * 1e6,
            'events': events, 'memory': memory, 'kept': bytes(browsers.kept)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--connections', type=int, default=1000)
    parser.add_argument('--rate', type=float, default=20,
                        help='events a second (%(default)s)')
    parser.add_argument('--seconds', type=float, default=10,
                        help='of each measurement (%(default)s)')
    parser.add_argument('--warmup', type=float, default=5)
    parser.add_argument('--runs', type=int, default=3,
                        help='of each, in turns (%(default)s)')
    options = parser.parse_args()
    print(machine(), flush=True)
    runs = {way.name: [] for way in WAYS}
    for _ in range(options.runs):
        for way in WAYS:
            runs[way.name].append(measure(way, options))
            last = runs[way.name][-1]
            print('%s: %.1f bytes, %.2f us' % (way.name, last['bytes'],
                                               last['cpu']),
                  file=sys.stderr, flush=True)

    def median(name, what):
        return statistics.median(run[what] for run in runs[name])

    plain, gzip = WAYS[0].name, WAYS[1].name
    body = unchunked(runs[plain][0]['kept'])
    events = [text + b'\n\n' for text in body.split(b'\n\n')
              if text.startswith(b'data:')]
    private = chunked_bytes(private_bytes(events))
    print('\n%d browsers, %g events/s of %.0f bytes' % (
        options.connections, options.rate,
        statistics.mean(len(event) for event in events)))
    print('\n| way | bytes per delivery | ratio | CPU us per delivery | '
          'memory per browser |\n| --- | ---: | ---: | ---: | ---: |')
    size = median(plain, 'bytes')
    for name in runs:
        print('| %s | %.1f | %.2f | %.2f | %.0f |' % (
            name, median(name, 'bytes'), size / median(name, 'bytes'),
            median(name, 'cpu'), median(name, 'memory')))
    print('| private context (computed) | %.1f | %.2f | | |' % (
        private, size / private))
    print()
    checks = Checks()
    ratio = private / median(gzip, 'bytes')
    checks.check(ratio >= 0.88, 'ratio of a private context: %.2f (>= 0.88)' % ratio)
    cost = statistics.median(
        b['cpu'] / a['cpu'] for a, b in zip(runs[plain], runs[gzip]))
    checks.check(cost <= 1.3, 'CPU per delivery: %.2f of plain (<= 1.3)' % cost)
    extra = median(gzip, 'memory') - median(plain, 'memory')
    # The compressor of the feed is everybody's.
    extra -= 264 * 1024 / options.connections
    # Resident bytes come in pages, and of two processes.
    print('memory per browser: %+.0f bytes of plain' % extra)
    checks.finish()


main()

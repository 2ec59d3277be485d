"""The real programs on loopback, for the fault report: processes, a link that can be
switched or go silent, and tokens."""

import atexit
import base64
import hashlib
import hmac
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get('SSE_BRIDGE_BUILD', os.path.join(ROOT, 'build', 'release'))
BRIDGE = os.path.join(BUILD, 'bridge', 'sse-bridge')
BACKENDS = os.path.join(BUILD, 'backends', 'realtime-backends')
CLOCK_SHIFT = os.path.join(BUILD, 'tests', 'integration', 'libclock_shift.so')
KEY = b'0123456789abcdef0123456789abcdef0123456789abcdef'
PATIENCE = 60

_programs = []
_folders = []


def folder():
    _folders.append(tempfile.mkdtemp(prefix='sse-faults-'))
    return _folders[-1]


@atexit.register
def _clean_up():
    for program in _programs:
        program.kill()
    for each in _folders:
        shutil.rmtree(each, ignore_errors=True)


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


def until(holds, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Program:
    """Can be killed and started again with the same options."""

    def __init__(self, argv, port, environment=None, prepare=None):
        self.argv, self.port, self.prepare = argv, port, prepare
        self.environment = dict(os.environ, **(environment or {}))
        self.log = os.path.join(folder(), 'log')
        self.process = None
        _programs.append(self)
        self.start()

    def start(self):
        with open(self.log, 'a') as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment, preexec_fn=self.prepare)
        until(self.listens, '%s does not start:\n%s' % (self.argv[0], self.output()))

    def listens(self):
        if self.process.poll() is not None:
            raise ChildProcessError('%s ended:\n%s' % (self.argv[0], self.output()))
        try:
            socket.create_connection(('127.0.0.1', self.port), 1).close()
            return True
        except OSError:
            return False

    def output(self):
        with open(self.log, errors='replace') as log:
            return log.read()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stopped(self):
        return self.process.poll() is not None


def redis(*options, environment=None):
    port = free_port()
    return Program(['redis-server', '--port', str(port), '--bind', '127.0.0.1', '--dir', folder(), '--save', '',
                    *options], port, environment)


DURABLE = ('--appendonly', 'yes', '--appendfsync', 'always')


def redis_command(server, *words):
    return subprocess.run(['redis-cli', '-p', str(server.port), *words], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def backends(store, *options, port=None, **more):
    port = port or free_port()
    return Program([BACKENDS, '--listen', '127.0.0.1:%d' % port, '--store', store, '--nosimulate_market', *options],
                   port, **more)


def bridge(upstream, *options, port=None, **more):
    key = os.path.join(folder(), 'key')
    with open(key, 'wb') as file:
        file.write(KEY)
    port = port or free_port()
    return Program([BRIDGE, '--listen', '127.0.0.1:%d' % port, '--upstream', '127.0.0.1:%d' % upstream,
                    '--auth-key', key, '--drain-timeout', '1s', *options], port, **more)


def token(subject):
    def encode(value):
        return base64.urlsafe_b64encode(value).rstrip(b'=')
    claims = {'sub': subject, 'exp': int(time.time()) + 10 * 86400, 'roles': ['admin'],
              'scope': 'notifications:read notifications:write prices:publish tasks:write'}
    text = encode(b'{"alg":"HS256"}') + b'.' + encode(json.dumps(claims).encode())
    return (text + b'.' + encode(hmac.new(KEY, text, hashlib.sha256).digest())).decode()


class Link:
    """Forwards connections to a port, which can change; `silent` drops what is sent."""

    def __init__(self, port):
        self.to = port
        self.silent = False
        self.server = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.port = self.server.getsockname()[1]
        self.pairs = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            threading.Thread(target=self.forward, args=(client,), daemon=True).start()

    def forward(self, client):
        try:
            # Nobody answers while the link is silent.
            while self.silent:
                time.sleep(0.02)
            server = socket.create_connection(('127.0.0.1', self.to), 5)
        except OSError:
            client.close()
            return
        pair = (client, server)
        self.pairs.add(pair)
        try:
            while True:
                ready, _, _ = select.select(pair, [], [], 0.05)
                if self.silent:
                    time.sleep(0.05)
                    continue  # stays in the buffers, as packets that are sent again
                for one in ready:
                    data = one.recv(65536)
                    if not data:
                        return
                    pair[1 - pair.index(one)].sendall(data)
        except OSError:
            pass
        finally:
            self.pairs.discard(pair)
            client.close()
            server.close()

    def cut(self):
        for client, server in list(self.pairs):
            for one in (client, server):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def slow_disk_library():
    library = os.path.join(folder(), 'slow_disk.so')
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'slow_disk.c')
    subprocess.run(['cc', '-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'], check=True)
    return library


def stop(program):
    program.signal(signal.SIGSTOP)


def resume(program):
    program.signal(signal.SIGCONT)

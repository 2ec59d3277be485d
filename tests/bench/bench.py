"""What the benchmarks of this folder share: processes, ports, the load program,
extra Debian packages that are unpacked and not installed."""

import atexit
import base64
import glob
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, 'build', 'release')
CACHE = os.path.join(ROOT, 'build', 'bench')
BRIDGE = os.path.join(BUILD, 'bridge', 'sse-bridge')
BACKEND = os.path.join(BUILD, 'tests', 'load', 'load-backend')
REALTIME = os.path.join(BUILD, 'backends', 'realtime-backends')
SCHEMA = os.path.join(BUILD, 'tests', 'load', 'load.binpb')
RAWFAN = os.path.join(BUILD, 'tests', 'bench', 'rawfan')
SSELOAD = os.path.join(BUILD, 'tests', 'bench', 'sseload')
HTTPLIB_BRIDGE = os.path.join(BUILD, 'tests', 'bench', 'httplib-bridge')
STAMP = '"t_ns":"'

# The server has the first core for itself; what loads it has the others.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES = CORES[:1]
LOAD_CORES = CORES[1:] or CORES

START_SECONDS = 20

_running = []
_directories = []


def fail(message):
    sys.exit('bench: ' + message)


class Process:
    """A program in the background. `cores` pins it."""

    def __init__(self, argv, cores=None, env=None, cwd=None, stdin=None):
        self.log = tempfile.TemporaryFile('w+')
        # A low-numbered file with its output: nothing fills a pipe up.
        pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        self.process = subprocess.Popen(
            argv, stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=pin,
            env=dict(os.environ, **(env or {})), cwd=cwd,
            stdin=stdin or subprocess.DEVNULL)
        _running.append(self)

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        self.log.flush()
        with open('/proc/self/fd/%d' % self.log.fileno()) as text:
            return text.read()

    def wait_for(self, text):
        """The word behind `text` in its output."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            output = self.output()
            at = output.find(text)
            if at >= 0 and '\n' in output[at:]:
                return output[at + len(text):].split()[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        fail('%s did not start:\n%s' % (self.process.args[0], self.output()))

    def stop(self):
        if self in _running:
            _running.remove(self)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


@atexit.register
def _clean_up():
    for process in reversed(list(_running)):
        process.stop()
    for directory in _directories:
        shutil.rmtree(directory, ignore_errors=True)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def temporary_directory():
    _directories.append(tempfile.mkdtemp(prefix='sse-bench-'))
    os.chmod(_directories[-1], 0o755)
    return _directories[-1]


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.process.poll() is None:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    fail('%s does not listen:\n%s' % (process.process.args[0], process.output()))


def backend(cores=LOAD_CORES, held=False, multiplex=False):
    """`held`: it sends nothing before begin(). `multiplex`: bridges may carry
    exclusive streams in one call."""
    process = Process([BACKEND] + (['--held'] if held else []) +
                      (['--multiplex'] if multiplex else []), cores)
    process.begin = lambda: process.process.send_signal(signal.SIGUSR1)
    process.address = process.wait_for('listening on ')
    return process


def realtime_backends(cores=LOAD_CORES):
    """The five services, with their events in memory."""
    process = Process([REALTIME, '--listen', '127.0.0.1:0', '--store',
                       'sqlite::memory:', '--nosimulate_market'], cores)
    process.address = process.wait_for('listening on ')
    return process


def bridge(upstream, *options, cores=None, port=0, program=BRIDGE,
           schema=SCHEMA):
    """`schema`: a descriptor set; None: the five services'."""
    process = Process([program, '--listen', '127.0.0.1:%d' % port, '--upstream',
                       upstream, *(['--descriptor-set', schema] if schema else []),
                       '--log-level', 'warning', '--drain-timeout', '0s',
                       *options], cores)
    scheme = 'https' if '--tls-cert' in options else 'http'
    process.port = int(process.wait_for(
        'listening on %s://127.0.0.1:' % scheme))
    return process


def load(port, path, connections, cores=LOAD_CORES, pids=(), opened=None,
         **options):
    """Runs sseload; what it measured. `opened` is called when every connection
    has its answer, and the warm-up begins after it."""
    argv = [SSELOAD, '--port', str(port), '--path', path, '--connections',
            str(connections)]
    for pid in pids:
        argv += ['--pid', str(pid)]
    for name, value in options.items():
        flag = '--' + name.replace('_', '-')
        argv += [flag] if value is True else [flag, str(value)]
    pin = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    with subprocess.Popen(argv + ['--hold'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True,
                          preexec_fn=pin) as process:
        if process.stdout.readline() == 'open\n':
            if opened is not None:
                opened()
            process.stdin.write('\n')
            process.stdin.flush()
        result = process.stdout.readline()
    if process.returncode != 0:
        fail('sseload failed: ' + ' '.join(argv))
    return json.loads(result)


def resident(pid):
    """Resident bytes of a process."""
    with open('/proc/%d/statm' % pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def metrics(address):
    """The bridge's metrics: name with labels to value."""
    with urllib.request.urlopen(address + '/metrics') as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(' ', 1) for line in lines if line[:1] not in ('', '#'))}


def tokens(directory, subjects):
    """Writes a key, and a file with an Authorization header for each subject.
    Returns both files."""
    def encode(data):
        return base64.urlsafe_b64encode(data).rstrip(b'=').decode()
    key = b'k' * 32
    files = os.path.join(directory, 'key'), os.path.join(directory, 'headers')
    with open(files[0], 'wb') as f:
        f.write(key)
    head = encode(b'{"alg":"HS256"}')
    with open(files[1], 'w') as f:
        for subject in subjects:
            text = '%s.%s' % (head, encode(json.dumps(
                {'sub': subject, 'exp': int(time.time()) + 86400}).encode()))
            mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
            f.write('Authorization: Bearer %s.%s\n' % (text, encode(mac)))
    return files


def descriptors():
    return int(subprocess.run(['bash', '-c', 'ulimit -Hn'], check=True,
                              stdout=subprocess.PIPE, text=True).stdout)


def debian_packages(*names):
    """Unpacks Debian packages with what they need and this machine lacks, in a
    folder of the build; nothing is installed and no service started. Returns
    the folder."""
    root = os.path.join(CACHE, 'debian')
    archives = os.path.join(CACHE, 'archives')
    done = os.path.join(root, '.' + '_'.join(names))
    if os.path.exists(done):
        return root
    os.makedirs(os.path.join(archives, 'partial'), exist_ok=True)
    os.makedirs(root, exist_ok=True)
    subprocess.run(
        ['apt-get', 'install', '-qq', '--reinstall', '--download-only', '-y',
         '--no-install-recommends', '-o', 'Dir::Cache::archives=' + archives,
         '-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root', *names],
        check=True, stdout=subprocess.DEVNULL)
    for archive in glob.glob(os.path.join(archives, '*.deb')):
        subprocess.run(['dpkg-deb', '-x', archive, root], check=True)
    open(done, 'w').close()
    return root


def library_path(root):
    return ':'.join(glob.glob(os.path.join(root, 'usr/lib/*-linux-gnu*')) +
                    glob.glob(os.path.join(root, 'lib/*-linux-gnu*')))


def node_packages():
    """The Node peers' packages, in a folder of the build."""
    folder = os.path.join(CACHE, 'node')
    os.makedirs(folder, exist_ok=True)
    source = os.path.join(ROOT, 'tests', 'bench', 'peers')
    lock = os.path.join(folder, 'package-lock.json')
    with open(os.path.join(source, 'package-lock.json'), 'rb') as wanted:
        text = wanted.read()
    if not os.path.exists(lock) or open(lock, 'rb').read() != text or (
            not os.path.exists(os.path.join(folder, 'node_modules'))):
        for name in ('package.json', 'package-lock.json'):
            shutil.copy(os.path.join(source, name), folder)
        subprocess.run(['npm', 'ci', '--no-audit', '--no-fund',
                        '--ignore-scripts', '--loglevel=error'],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder


def grpc_gateway():
    """Builds grpc-gateway's peer with Debian's Go packages, which are unpacked in
    a folder of the build. Returns the program."""
    program = os.path.join(CACHE, 'grpc-gateway')
    source = os.path.join(ROOT, 'tests', 'bench', 'peers', 'grpc_gateway.go')
    if (os.path.exists(program) and
            os.path.getmtime(program) > os.path.getmtime(source)):
        return program
    root = debian_packages('golang-go',
                           'golang-github-grpc-ecosystem-grpc-gateway-dev')
    goroot = glob.glob(os.path.join(root, 'usr/lib/go-1.*'))[0]
    env = dict(os.environ, GO111MODULE='off', GOFLAGS='', CGO_ENABLED='0',
               GOROOT=goroot, GOPATH=os.path.join(root, 'usr/share/gocode'),
               GOCACHE=os.path.join(CACHE, 'go'))
    subprocess.run([os.path.join(goroot, 'bin', 'go'), 'build', '-o', program,
                    source], check=True, env=env, cwd=CACHE)
    return program


def machine():
    """One line about where this runs."""
    model = 'unknown processor'
    with open('/proc/cpuinfo') as info:
        for line in info:
            if line.startswith('model name'):
                model = line.split(':', 1)[1].strip()
                break
    return '%s, %d cores, Linux %s' % (model, os.cpu_count(),
                                       os.uname().release)


class Checks:
    """Acceptance lines with what was measured. Says at the end whether all
    held."""

    def __init__(self):
        self.failed = 0

    def check(self, holds, text):
        print('%s  %s' % ('ok  ' if holds else 'FAIL', text), flush=True)
        self.failed += 0 if holds else 1

    def finish(self):
        if self.failed:
            sys.exit('%d not held' % self.failed)

#!/usr/bin/python3
"""test_image.py BUILD_DIR [--whole]: builds the Dockerfile with buildah, starts the services
of compose.yaml from what it built, and streams an event through both bridges; then boots the
systemd unit in a container of systemd-nspawn. Needs root, mounts of its own and a Debian mirror;
says so if this machine does not allow that. Touches nothing outside BUILD_DIR.

The base image is a minimal Debian of this machine's release. The stage that compiles is
replaced by the .deb that BUILD_DIR makes; with --whole it is run, too, which takes as long as
a cold build. Without networks of their own, the services share one private loopback: the
second bridge has other ports, and read_only is not applied.
"""

import fcntl
import glob
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import yaml

from image_store import HERE, Store, base_root, call, fail
from unit_boot import boot_unit

ROOT = os.path.dirname(os.path.dirname(HERE))
COMPOSE = os.path.join(HERE, 'docker', 'compose.yaml')
DOCKERFILE = os.path.join(HERE, 'docker', 'Dockerfile')
PATIENCE = 60
# CTest reports the test as skipped, with what it prints.
SKIPPED = 77


def build_image(store, build, folder, whole):
    if whole:
        store.buildah('build', '--isolation', 'chroot', '--pull-never', '--format', 'docker', '--file', DOCKERFILE,
                      '--tag', 'sse-bridge', ROOT, timeout=7200)
        return
    call(['cpack', '-G', 'DEB', '-B', folder], cwd=build)
    (package,) = glob.glob(os.path.join(folder, '*.deb'))
    context = os.path.join(folder, 'context')
    os.makedirs(context, exist_ok=True)
    shutil.move(package, os.path.join(context, 'sse-bridge.deb'))
    with open(DOCKERFILE) as file:
        text = file.read()
    # All but the stage that compiles, as it stands there.
    stages = text.split('\nFROM ')
    if len(stages) != 3 or ' AS build' not in stages[1].splitlines()[0]:
        fail('the Dockerfile has other stages than this test knows')
    with open(os.path.join(context, 'Dockerfile'), 'w') as file:
        file.write('FROM scratch AS build\nCOPY sse-bridge.deb /sse-bridge.deb\nFROM ' + stages[2])
    store.buildah('build', '--isolation', 'chroot', '--pull-never', '--format', 'docker', '--tag', 'sse-bridge', context)


def redis_image(store):
    """What compose.yaml takes from a registry."""
    container = store.create('debian:12')
    store.run(container, 'sh', '-c', 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive '
              'apt-get install -y -qq --no-install-recommends redis-server && mkdir -p /data')
    store.buildah('config', '--workingdir', '/data', container)
    store.buildah('commit', '--quiet', '--rm', container, 'redis:7')


class Service:
    """A service of the compose file. `shift` is added to the ports of a second bridge."""

    def __init__(self, store, name, config, folder, key, shift=0):
        self.name = name
        create = ['--add-host', 'redis:127.0.0.1', '--add-host', 'backends:127.0.0.1']
        for name_of_cap in config.get('cap_drop', []):
            create += ['--cap-drop', name_of_cap]
        for limit, value in config.get('ulimits', {}).items():
            # Docker's daemon may raise it; this process may not.
            create += ['--ulimit', '%s=%d' % (limit, min(value, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))]
        self.store = store
        self.container = store.create(config['image'], *create)
        environment = dict(config.get('environment', {}))
        if shift:
            environment.update(SSE_BRIDGE_LISTEN='0.0.0.0:%d' % (8080 + shift), SSE_BRIDGE_ADMIN='0.0.0.0:%d' % (9090 + shift))
        self.port, self.admin = 8080 + shift, 9090 + shift
        self.options = [word for pair in environment.items() for word in ('--env', '%s=%s' % pair)]
        for volume in config.get('volumes', []):
            source = os.path.join(folder, volume.split(':')[0])
            os.makedirs(source, exist_ok=True)
            self.options += ['--volume', '%s:%s' % (source, volume.split(':')[1])]
        if 'secrets' in config:
            self.options += ['--volume', '%s:/run/secrets/key:ro' % key]
        self.command = config.get('command') or store.command_of(self.container)
        self.check = config.get('healthcheck', {}).get('test')
        self.process = None

    def start(self):
        self.process = self.store.start(self.container, self.command, self.options)

    def pids(self):
        """Those of buildah, and last the service's own."""
        pids = [self.process.pid]
        for pid in pids:
            for children in glob.glob('/proc/%d/task/*/children' % pid):
                with open(children) as file:
                    pids += [int(child) for child in file.read().split()]
        return pids

    def pid(self):
        return self.pids()[-1]

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            for pid in reversed(self.pids()):
                os.kill(pid, signal.SIGKILL)
            self.process.wait()

    def wait(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            if self.process.poll() is not None or time.monotonic() > end:
                fail('%s: %s\n%s' % (self.name, what, self.store.output(self.container)))
            time.sleep(0.1)

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        os.kill(self.pid(), signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        if code != 0:
            fail('%s ended with %d\n%s' % (self.name, code, self.store.output(self.container)))


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


def token(key):
    return call([os.path.join(ROOT, 'scripts/token.sh'), 'ann', '--key', key, '--scope', 'notifications:read',
                 '--scope', 'notifications:write'])


def request(port, method, path, bearer, body=None):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
    headers = {'Authorization': 'Bearer ' + bearer, 'Content-Type': 'application/json'}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    return connection.getresponse()


def data_of(stream):
    for line in stream:
        if line.startswith(b'data: '):
            return json.loads(line[6:])
    return fail('a stream ends without an event')


def expect_privileges(service):
    """It runs as the Dockerfile and the compose file say."""
    with open('/proc/%d/status' % service.pid()) as file:
        status = dict(line.rstrip().split(':\t', 1) for line in file if ':\t' in line)
    if status['Uid'].split()[0] != '65534' or int(status['CapEff'], 16) != 0:
        fail('%s has user %s and capabilities %s' % (service.name, status['Uid'], status['CapEff']))


def enable_loopback():
    siocsifflags, iff_up = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack('16sh22x', b'lo', iff_up))


def serve(folder):
    """In a network of its own: everything from `up` to `down`."""
    enable_loopback()
    with open(COMPOSE) as file:
        services = yaml.safe_load(file)['services']
    key = os.path.join(folder, 'key')
    with open(key, 'w') as file:
        file.write('0123456789abcdef' * 4 + '\n')
    os.chmod(key, 0o644)
    store = Store(os.path.join(folder, 'store'))
    running = {}
    try:
        for name in ('redis', 'backends', 'bridge-a', 'bridge-b'):
            service = running[name] = Service(store, name, services.pop(name), folder, key, 1 if name == 'bridge-b' else 0)
            service.start()
            port = {'redis': 6379, 'backends': 50051}.get(name, service.port)
            service.wait(lambda: listens(port), 'does not listen')
        if services:
            fail('compose.yaml has more services: %s' % ', '.join(services))
        check(store, running, key)
        for name in reversed(list(running)):
            running[name].stop()
    finally:
        for service in running.values():
            service.kill()


def check(store, running, key):
    redis = running['redis']
    if store.run(redis.container, *redis.check[1:]) != 'PONG':
        fail('redis is not healthy')
    bearer = token(key)
    bridges = [running['bridge-a'], running['bridge-b']]
    streams = []
    for bridge in bridges:
        # The image's HEALTHCHECK, and that it is ready.
        store.run(bridge.container, 'curl', '-fsS', 'http://127.0.0.1:%d/healthz' % bridge.admin)
        expect_privileges(bridge)
        stream = request(bridge.port, 'GET', '/notifications/stream', bearer)
        if stream.status != 200:
            fail('%s answers %d: %s' % (bridge.name, stream.status, stream.read()))
        streams.append(stream)
    for bridge in bridges:
        title = 'through ' + bridge.name
        answer = request(bridge.port, 'POST', '/notifications', bearer, {'user_id': 'ann', 'title': title})
        if answer.status != 200:
            fail('%s answers %d: %s' % (bridge.name, answer.status, answer.read()))
        for other, stream in zip(bridges, streams):
            got = data_of(stream)['title']
            if got != title:
                fail('%s streams %r instead of %r' % (other.name, got, title))
        print('an event through %s reaches both bridges' % bridge.name, flush=True)


def cannot_run():
    """Why this machine cannot run containers, or None."""
    if os.geteuid() != 0:
        return 'containers and namespaces need root'
    # buildah does this, too. Containers may forbid it, and in a chroot "/" is no mount.
    probe = subprocess.run(['unshare', '--mount', '--net', 'mount', '--make-rprivate', '/'],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return None if probe.returncode == 0 else 'mounts cannot be made private: %s' % probe.stdout.strip()


def main():
    if sys.argv[1:2] == ['--serve']:
        return serve(sys.argv[2])
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        sys.exit(__doc__)
    if (reason := cannot_run()) is not None:
        print('NOT RUN: %s' % reason)
        sys.exit(SKIPPED)
    build = os.path.realpath(sys.argv[1])
    kept = os.path.join(build, 'packaging')
    folder = os.path.join(kept, 'image-test')
    store = Store(os.path.join(folder, 'store'))
    store.remove()  # what an interrupted run has left
    shutil.rmtree(folder, ignore_errors=True)
    store = Store(os.path.join(folder, 'store'))
    begin = time.monotonic()

    def step(text):
        print('%3d s: %s' % (time.monotonic() - begin, text), flush=True)
    try:
        root = base_root(kept)
        step('base image')
        store.image_of(root, 'docker.io/library/debian:12', 'docker.io/library/debian:12-slim')
        step('Dockerfile')
        build_image(store, build, folder, '--whole' in sys.argv[2:])
        redis_image(store)
        step('compose.yaml')
        print(call(['unshare', '--net', sys.executable, __file__, '--serve', folder]), flush=True)
        if not os.path.exists('/sys/fs/cgroup/cgroup.controllers'):
            print('NOT RUN: the systemd unit; there is no unified hierarchy of cgroups')
            sys.exit(SKIPPED)
        step('systemd unit')
        boot_unit(store, folder)
        step('done')
    finally:
        store.remove()
        shutil.rmtree(folder, ignore_errors=True)
    return None


if __name__ == '__main__':
    main()

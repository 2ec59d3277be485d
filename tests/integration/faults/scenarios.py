"""What is done to the programs. Each function returns (what was done, for how many seconds,
what was seen, what else there is to say)."""

import http.client
import json
import os
import resource
import signal
import socket
import struct
import threading
import time

import programs
from programs import DURABLE, Link, backends, bridge, folder, redis, redis_command, stop, resume, token, until
from workload import Workload

SCENARIOS = []


def scenario(group):
    def add(function):
        SCENARIOS.append((group, function))
        return function
    return add


def url(port):
    return 'redis://127.0.0.1:%d' % port


def stack(*redis_options, redis_environment=None, linked=False):
    """Redis, two backends, two bridges; one of each writes, the other reads."""
    store = redis(*redis_options, environment=redis_environment)
    link = Link(store.port) if linked else None
    services = [backends(url(link.port if linked else store.port)) for _ in range(2)]
    bridges = [bridge(each.port) for each in services]
    return store, link, services, bridges


def through(work, fault, before=2.0, after=2.0):
    work.run(before)
    fault()
    work.run(after)
    return work.finish()


@scenario('Redis')
def redis_killed():
    store, _, _, bridges = stack(*DURABLE)

    def fault():
        store.kill()
        time.sleep(5)
        store.start()
    return 'SIGKILL, started again; `appendfsync always`', 5, through(Workload(*ports(bridges)), fault), ''


@scenario('Redis')
def redis_killed_everysec():
    store, _, _, bridges = stack('--appendonly', 'yes', '--appendfsync', 'everysec')

    def fault():
        store.kill()
        time.sleep(5)
        store.start()
    return ('SIGKILL, started again; `appendfsync everysec`', 5, through(Workload(*ports(bridges)), fault),
            'the kernel still has what was not synced; a power failure would lose up to a second')


@scenario('Redis')
def redis_killed_without_log():
    store, _, _, bridges = stack('--appendonly', 'no')

    def fault():
        store.kill()
        time.sleep(2)
        store.start()
    return ('SIGKILL, started again; `appendonly no`', 2, through(Workload(*ports(bridges)), fault),
            'the backends warn of this setting when they start')


@scenario('Redis')
def redis_paused():
    store, _, _, bridges = stack(*DURABLE)

    def fault():
        stop(store)
        time.sleep(5)
        resume(store)
    return 'SIGSTOP, SIGCONT', 5, through(Workload(*ports(bridges)), fault), ''


@scenario('Redis')
def redis_paused_long():
    store, _, _, bridges = stack(*DURABLE)

    def fault():
        stop(store)
        time.sleep(20)
        resume(store)
    return ('SIGSTOP, SIGCONT', 20, through(Workload(*ports(bridges)), fault),
            'writes wait 10 s for Redis, then fail; whether they were executed is unknown')


@scenario('Redis')
def redis_failover():
    store, link, _, bridges = stack(*DURABLE, linked=True)
    replica = redis(*DURABLE)
    redis_command(replica, 'replicaof', '127.0.0.1', str(store.port))
    until(lambda: 'master_link_status:up' in redis_command(replica, 'info', 'replication'), 'no replication')

    def fault():
        store.kill()
        time.sleep(2)
        redis_command(replica, 'replicaof', 'no', 'one')
        link.to = replica.port
        link.cut()
    return 'the primary is killed, its replica promoted', 2, through(Workload(*ports(bridges)), fault), ''


@scenario('Redis')
def redis_failover_lagging():
    store, link, _, bridges = stack(*DURABLE, linked=True)
    replication = Link(store.port)
    replica = redis(*DURABLE)
    redis_command(replica, 'replicaof', '127.0.0.1', str(replication.port))
    until(lambda: 'master_link_status:up' in redis_command(replica, 'info', 'replication'), 'no replication')

    def fault():
        replication.silent = True  # what is written from here on never arrives there
        time.sleep(1)
        store.kill()
        redis_command(replica, 'replicaof', 'no', 'one')
        link.to = replica.port
        link.cut()
    return ('the same with a replica that is one second behind', 1, through(Workload(*ports(bridges)), fault),
            'asynchronous replication loses what the replica did not have; with `min-replicas-to-write 1` '
            'Redis refuses writes while no replica follows')


@scenario('Network')
def partition_redis():
    _, link, _, bridges = stack(*DURABLE, linked=True)

    def fault():
        link.silent = True
        time.sleep(8)
        link.silent = False
    return 'backends and Redis cannot reach each other, silently', 8, through(Workload(*ports(bridges)), fault), ''


@scenario('Network')
def partition_backend():
    store = redis(*DURABLE)
    service = backends(url(store.port))
    link = Link(service.port)
    bridges = [bridge(service.port), bridge(link.port, '--upstream-keepalive', '3s', '--upstream-keepalive-timeout', '2s')]

    def fault():
        link.silent = True
        time.sleep(15)
        link.silent = False
        link.cut()
    return ('the reading bridge cannot reach its backend, silently; `upstream_keepalive` 3 s', 15,
            through(Workload(*ports(bridges)), fault), '')


@scenario('Processes')
def backend_killed():
    _, _, services, bridges = stack(*DURABLE)

    def fault():
        for each in services:
            each.kill()
        time.sleep(5)
        for each in services:
            each.start()
    return 'SIGKILL of both backends, started again', 5, through(Workload(*ports(bridges)), fault), ''


@scenario('Processes')
def bridge_killed():
    _, _, _, bridges = stack(*DURABLE)

    def fault():
        for each in bridges:
            each.kill()
        time.sleep(2)
        for each in bridges:
            each.start()
    return 'SIGKILL of both bridges, started again', 2, through(Workload(*ports(bridges)), fault), ''


def slow(directory, milliseconds):
    flag = os.path.join(directory, 'slow')
    return flag, {'LD_PRELOAD': programs.slow_disk_library(), 'SLOW_DISK_MS': str(milliseconds), 'SLOW_DISK_WHILE': flag}


def while_slow(flag, seconds):
    def fault():
        with open(flag, 'w'):
            pass
        time.sleep(seconds)
        os.unlink(flag)
    return fault


@scenario('Disk')
def slow_disk_redis():
    flag, environment = slow(folder(), 300)
    _, _, _, bridges = stack(*DURABLE, redis_environment=environment)
    return ('each fsync of Redis takes 300 ms longer; `appendfsync always`', 10,
            through(Workload(*ports(bridges)), while_slow(flag, 10)), '')


@scenario('Disk')
def stuck_disk_redis():
    flag, environment = slow(folder(), 14_000)
    _, _, _, bridges = stack(*DURABLE, redis_environment=environment)
    return ('one fsync of Redis takes 14 s; `appendfsync always`', 14,
            through(Workload(*ports(bridges)), while_slow(flag, 1), after=14), '')


@scenario('Disk')
def slow_disk_sqlite():
    directory = folder()
    flag, environment = slow(directory, 300)
    service = backends('sqlite:%s/events.db' % directory, environment=environment)
    one = bridge(service.port)
    return ('each fsync of SQLite takes 300 ms longer', 10,
            through(Workload(one.port), while_slow(flag, 10)), '')


class Clock:
    """The time of day that programs with `environment` see."""

    def __init__(self):
        self.path = os.path.join(folder(), 'shift')
        self.set(0)
        self.environment = {'LD_PRELOAD': programs.CLOCK_SHIFT, 'CLOCK_SHIFT_FILE': self.path}

    def set(self, seconds):
        # In place: the programs have mapped the file.
        with open(self.path, 'r+b' if os.path.exists(self.path) else 'wb') as file:
            file.write(struct.pack('<q', seconds))


@scenario('Clock')
def clock_steps():
    clock = Clock()
    store = redis(*DURABLE, environment=clock.environment)
    service = backends(url(store.port), environment=clock.environment)
    one = bridge(service.port, environment=clock.environment)

    def fault():
        for days in (1, -1, 0):
            clock.set(days * 86400)
            time.sleep(4)
    return ('the time of day of all programs: a day ahead, two days back, right again', 12,
            through(Workload(one.port), fault), '')


def timed_call(port):
    begin = time.monotonic()
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=40)
    connection.request('POST', '/notifications', json.dumps({'user_id': 'late', 'title': 't'}),
                       {'Authorization': 'Bearer ' + token('late'), 'Content-Type': 'application/json'})
    try:
        status = connection.getresponse().status
    except OSError:
        status = 'no answer'
    return status, time.monotonic() - begin


@scenario('Clock')
def unary_deadlines():
    """A call that must end after 3 s, while the clock is set."""
    clock = Clock()
    store = redis(*DURABLE)
    service = backends(url(store.port))
    link = Link(service.port)
    one = bridge(link.port, '--request-timeout', '3s', environment=clock.environment)
    timed_call(one.port)
    said = []
    for name, seconds in (('no step', 0), ('an hour ahead', 3600), ('20 s back', -20)):
        link.silent = True
        results = []
        call = threading.Thread(target=lambda: results.append(timed_call(one.port)))
        call.start()
        time.sleep(1)
        clock.set(seconds)
        call.join(60)
        link.silent = False
        clock.set(0)
        time.sleep(1)
        said.append('%s: %s after %.0f s' % (name, *results[0]))
    return ('a call with `request_timeout` 3 s is under way to a silent backend, and the bridge\'s time of day is set',
            0, None, '; '.join(said))


def memory_group(limit):
    """A control group with so many bytes; None if this machine lets us make none."""
    name = 'sse-faults-%d' % os.getpid()
    for base, file in (('/sys/fs/cgroup/memory', 'memory.limit_in_bytes'), ('/sys/fs/cgroup', 'memory.max')):
        path = os.path.join(base, name)
        try:
            os.mkdir(path)
            with open(os.path.join(path, file), 'w') as limits:
                limits.write(str(limit))
            return path
        except OSError:
            continue
    return None


def idle_streams(port, count, path='/notifications/stream', of_one=4):
    """Streams that are never read; how many of each answer."""
    sockets, answers = [], {}
    for i in range(count):
        try:
            one = socket.create_connection(('127.0.0.1', port), 5)
            one.settimeout(5)
            one.sendall(('GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n' %
                         (path, token('idle%d' % (i // of_one)))).encode())
            line = one.recv(12).decode(errors='replace')
            status = line[9:12] or 'closed'
            sockets.append(one)
        except OSError as error:
            status = type(error).__name__
        answers[status] = answers.get(status, 0) + 1
    return sockets, answers


@scenario('Memory')
def memory_exhausted():
    group = memory_group(96 << 20)
    if group is None:
        return 'the bridge may use 96 MB', 0, None, 'not done: this machine has no control groups to write to'

    def enter():
        with open(os.path.join(group, 'cgroup.procs'), 'w') as file:
            file.write(str(os.getpid()))
    store = redis(*DURABLE)
    service = backends(url(store.port))
    writer = bridge(service.port)
    reader = bridge(service.port, '--max-streams-per-address', '0', prepare=enter)
    deaths = []
    over = threading.Event()

    def supervise():
        while not over.is_set():
            if reader.stopped():
                deaths.append(reader.process.returncode)
                time.sleep(1)
                reader.start()
            time.sleep(0.05)
    work = Workload(writer.port, reader.port)
    threading.Thread(target=supervise, daemon=True).start()
    answers = {}

    def fault():
        held, seen = idle_streams(reader.port, 4000)
        answers.update(seen)
        for one in held:
            one.close()
    result = through(work, fault)
    over.set()
    reader.kill()
    until(lambda: not os.path.exists(group) or removed(group), 'the control group stays')
    killed = 'killed %d times (%s), started again after 1 s' % (len(deaths), ', '.join(map(str, sorted(set(deaths)))))
    return ('a bridge that may use 96 MB gets 4,000 more streams', 0, result,
            '%s; the streams: %s' % (killed if deaths else 'it was not killed', told(answers)))


def removed(group):
    try:
        os.rmdir(group)
        return True
    except OSError:
        return False


@scenario('Descriptors')
def descriptors_exhausted():
    store = redis(*DURABLE)
    service = backends(url(store.port))
    admin = programs.free_port()
    one = bridge(service.port, '--admin', '127.0.0.1:%d' % admin,
                 prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)))
    healthy, answers = [], {}

    def fault():
        held, seen = idle_streams(one.port, 400)
        answers.update(seen)
        connection = http.client.HTTPConnection('127.0.0.1', admin, timeout=10)
        connection.request('GET', '/healthz')
        healthy.append(connection.getresponse().status)
        time.sleep(3)
        for each in held:
            each.close()
    result = through(Workload(one.port), fault)
    return ('a bridge with 200 descriptors gets 400 more streams', 3, result,
            'the streams: %s; /healthz meanwhile: %s' % (told(answers), ', '.join(map(str, healthy))))


@scenario('Descriptors')
def backend_descriptors_exhausted():
    store = redis(*DURABLE)
    service = backends(url(store.port), prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48)))
    one = bridge(service.port)

    def fault():
        held = []
        for _ in range(100):
            try:
                held.append(socket.create_connection(('127.0.0.1', service.port), 1))
            except OSError:
                break
        time.sleep(3)
        for each in held:
            each.close()
    return ('a backend with 48 descriptors gets 100 connections', 3, through(Workload(one.port), fault), '')


def told(counts):
    return ', '.join('%d × %s' % (count, what) for what, count in sorted(counts.items(), key=str))


def ports(bridges):
    return [each.port for each in bridges]

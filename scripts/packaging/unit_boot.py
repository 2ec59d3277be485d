"""Boots the systemd unit of the package, for test_image.py: systemd as process 1 of a
container of systemd-nspawn, with no network but its own loopback."""

import os
import shutil
import subprocess

from image_store import fail

# Runs in the container. Each line that begins with "-- " is looked for below.
PROBE = r'''#!/bin/sh
exec >/probe.txt 2>&1
state() { systemctl is-active sse-bridge; }
stream() { curl -sN --max-time 20 'http://127.0.0.1:8080/prices/stream?symbols=AAPL' | grep -m1 '^data: '; }
pid() { systemctl show -P MainPID sse-bridge; }
echo "-- started: $(state)"
grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' "/proc/$(pid)/status"
echo "-- user: $(awk '/^Uid/ {print ($2 >= 61184 && $2 <= 65519) ? "dynamic" : $2}' "/proc/$(pid)/status")"
echo "-- confined: $(awk '/^(NoNewPrivs|Seccomp|CapEff):/ {printf "%s ", $2}' "/proc/$(pid)/status")"
echo "-- stream: $(stream)"
before=$(pid)
systemctl reload sse-bridge && echo "-- reloaded: $(state) $([ "$before" = "$(pid)" ] && echo same process)"
kill -KILL "$before"
i=0; while [ $i -lt 100 ] && { [ "$(pid)" = 0 ] || [ "$(pid)" = "$before" ] || [ "$(state)" != active ]; }; do sleep 0.1; i=$((i + 1)); done
echo "-- restarted after a crash: $(state)"
systemctl stop sse-bridge
echo "-- stopped: $(systemctl show -P Result sse-bridge) $(systemctl show -P ExecMainStatus sse-bridge)"
systemctl start sse-bridge.socket sse-bridge
( i=0; while [ $i -lt 50 ]; do curl -s -o /dev/null --max-time 20 http://127.0.0.1:8080/schema.json || echo refused; i=$((i + 1)); done >/refused ) &
systemctl restart sse-bridge
wait $!
echo "-- refused while it restarts with the socket: $(grep -c refused /refused)"
echo "-- stream: $(stream)"
journalctl --no-pager -u sse-bridge -u backends | tail -40
systemctl poweroff
'''

EXPECTED = [
    '-- started: active', '-- user: dynamic', '-- confined: 0000000000000000 1 2 ',
    '-- reloaded: active same process', '-- restarted after a crash: active', '-- stopped: success 0',
    '-- refused while it restarts with the socket: 0',
]


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as file:
        file.write(text)
    os.chmod(path, mode)


def boot_unit(store, folder):
    container = store.create('sse-bridge')
    store.run(container, 'sh', '-c', 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive '
              'apt-get install -y -qq --no-install-recommends systemd dbus', options=['--user', 'root'])
    mounted = store.buildah('mount', container)
    root = os.path.join(folder, 'unit')
    subprocess.run(['cp', '-a', mounted, root], check=True)
    units = os.path.join(root, 'etc/systemd/system')
    write(os.path.join(root, 'probe.sh'), PROBE, 0o755)
    write(os.path.join(units, 'backends.service'),
          '[Service]\nExecStart=/usr/bin/realtime-backends --store sqlite::memory: --market-interval 50ms\n')
    write(os.path.join(units, 'probe.service'),
          '[Unit]\nAfter=sse-bridge.service backends.service\nRequires=backends.service\n'
          '[Service]\nExecStart=/probe.sh\n')
    wanted = os.path.join(units, 'multi-user.target.wants')
    os.makedirs(wanted, exist_ok=True)
    os.symlink('/lib/systemd/system/sse-bridge.service', os.path.join(wanted, 'sse-bridge.service'))
    os.symlink('../probe.service', os.path.join(wanted, 'probe.service'))
    console = subprocess.run(
        ['systemd-nspawn', '--quiet', '--directory', root, '--register=no', '--keep-unit', '--private-network', '--boot'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
        timeout=180, check=False).stdout
    try:
        with open(os.path.join(root, 'probe.txt')) as file:
            text = file.read()
    except OSError:
        fail('the unit was not probed:\n' + console[-3000:])
    lines = text.splitlines()
    missing = [line for line in EXPECTED if line not in lines]
    if missing or sum(line.startswith('-- stream: data: {') for line in lines) != 2:
        fail('the unit: %s\n%s' % (missing or 'no stream', text))
    print('\n'.join(line for line in lines if line.startswith('-- ')), flush=True)
    shutil.rmtree(root, ignore_errors=True)

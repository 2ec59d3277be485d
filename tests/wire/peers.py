#!/usr/bin/env python3
"""tests/wire/peers.py [nchan] [node] [-- OPTION...]: runs the suite against nchan
(Debian's nginx module) and the Node bridge of the benchmarks, and prints what they
fail. Needs scripts/build.sh release load-backend; the servers are fetched and
unpacked below build/bench, as scripts/bench.sh does."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'bench'))

import bench  # noqa: E402
from fanout import Nchan, Node  # noqa: E402

ORIGIN = 'https://page.example'


def nchan(peer):
    port, path, _ = peer.start(20, 1)
    peer.begin()  # 20 events a second
    return port, {
        'endless': path, 'quiet': '/sub/quiet', 'resumable': '/sub/log',
        'publish': 'POST /pub/log {"n":"{n}"}', 'unary': 'POST /pub/unary {"n":1}',
        'error': ['404 /none', '403 POST /sub/log {}'], 'origin': ORIGIN,
    }


def node(peer):
    port, path, _ = peer.start(20, 1)
    peer.source.begin()
    return port, {'endless': path}


def run(kind, start, options):
    source = bench.backend(held=True)
    peer = kind(source.address)
    peer.source = source
    port, target = start(peer)
    folder = bench.temporary_directory()
    config = os.path.join(folder, 'target.json')
    report = os.path.join(folder, 'report.json')
    with open(config, 'w') as f:
        json.dump(target, f)
    subprocess.run(['node', os.path.join(HERE, 'wire.js'), 'http://127.0.0.1:%d' % port,
                    '--config', config, '--json', report, *options], check=False)
    peer.stop()
    source.stop()
    with open(report) as f:
        results = json.load(f)['results']
    print('\n%s fails:' % kind.name)
    for result in results:
        if result['outcome'] == 'fail':
            print('| %s | %s | %s |' % (result['name'], result['level'], result['detail']))
    print()


def main():
    names = sys.argv[1:]
    options = []
    if '--' in names:
        at = names.index('--')
        names, options = names[:at], names[at + 1:]
    peers = {'nchan': (Nchan, nchan), 'node': (Node, node)}
    if '-h' in names or '--help' in names or any(name not in peers for name in names):
        sys.exit(__doc__)
    for name in names or peers:
        run(*peers[name], options)


if __name__ == '__main__':
    main()

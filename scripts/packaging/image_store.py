"""Images and containers of buildah in a store of their own, for test_image.py: no daemon,
no registry, and nothing outside BUILD_DIR."""

import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 600


def fail(message):
    sys.exit('test_image.py: %s' % message)


def call(argv, log=None, **options):
    """What the command prints; ends the test if it fails."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=options.pop('timeout', SECONDS), **options)
    if log is not None:
        with open(log, 'a') as file:
            file.write(done.stdout)
    if done.returncode != 0:
        fail('%s failed:\n%s' % (' '.join(argv[:6]), done.stdout[-3000:]))
    return done.stdout.strip()


def release():
    """(codename, a mirror) of this machine's Debian."""
    with open('/etc/os-release') as file:
        words = dict(line.rstrip().split('=', 1) for line in file if '=' in line)
    codename = words['VERSION_CODENAME']
    targets = call(['apt-get', 'indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages'])
    mirrors = [line.split()[0] for line in targets.splitlines() if line.split()[1:] == [codename]]
    return codename, mirrors[0] if mirrors else 'http://deb.debian.org/debian'


def base_root(folder):
    """A minimal Debian, made by debootstrap the first time; the .deb of BUILD_DIR is for
    this machine's release."""
    codename, mirror = release()
    root = os.path.join(folder, 'debian-' + codename)
    if os.path.exists(root):
        return root
    partial = root + '.partial'
    shutil.rmtree(partial, ignore_errors=True)
    call(['debootstrap', '--variant=minbase', codename, partial, mirror], os.path.join(folder, 'debootstrap.log'))
    # As Docker's images have it: packages start nothing.
    policy = os.path.join(partial, 'usr/sbin/policy-rc.d')
    with open(policy, 'w') as file:
        file.write('#!/bin/sh\nexit 101\n')
    os.chmod(policy, 0o755)
    os.rename(partial, root)
    return root


class Store:
    def __init__(self, folder, driver='overlay'):
        self.folder = folder
        config = os.path.join(folder, 'storage.conf')
        os.makedirs(folder, exist_ok=True)
        with open(config, 'w') as file:
            file.write('[storage]\ndriver = "%s"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' %
                       (driver, folder, folder))
        self.environment = dict(os.environ, CONTAINERS_STORAGE_CONF=config, BUILDAH_ISOLATION='chroot')
        self.log = os.path.join(folder, 'buildah.log')

    def buildah(self, *argv, **options):
        return call(['buildah', *argv], self.log, env=self.environment, **options)

    def image_of(self, root, *names):
        """An image with the files of a folder."""
        container = self.create('scratch')
        self.buildah('add', '--quiet', container, root, '/')
        self.buildah('commit', '--quiet', '--rm', container, names[0])
        for name in names[1:]:
            self.buildah('tag', names[0], name)

    def create(self, image, *options):
        """A container; its name."""
        return self.buildah('from', '--pull-never', *options, image).splitlines()[-1]

    def run(self, container, *command, options=()):
        return self.buildah('run', '--isolation', 'chroot', *options, container, '--', *command)

    def command_of(self, container):
        return json.loads(self.buildah('inspect', container))['OCIv1']['config']['Cmd']

    def start(self, container, command, options):
        """Runs the command in the background."""
        return subprocess.Popen(
            ['buildah', 'run', '--isolation', 'chroot', *options, container, '--', *command],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=open(os.path.join(self.folder, container + '.log'), 'w'),
            stderr=subprocess.STDOUT)

    def output(self, container):
        with open(os.path.join(self.folder, container + '.log')) as file:
            return file.read()

    def remove(self):
        for argv in (['buildah', 'rm', '--all'], ['buildah', 'rmi', '--all', '--force']):
            subprocess.run(argv, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

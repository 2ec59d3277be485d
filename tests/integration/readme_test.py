#!/usr/bin/env python3
"""Runs README's commands as they stand there.

Each ```sh block is run in a folder that looks like the repository, after the
.proto of "Your own service" was written where the text says. The exceptions are
named below, with what tests them instead.
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = sys.argv[1]
BUILD = sys.argv[2]  # build/PRESET

ELSEWHERE = {
    "scripts/run.sh": "installs, builds and serves until Ctrl-C",
    "scripts/test.sh": "it is what runs this test",
    "scripts/build.sh": "has built what is tested",
    "(cd build/release && cpack)": "packaging_deb",
    "scripts/gen.sh --proto-dir my/protos --out my/gen --package": "tests/client",
    "cd my/app": "tests/client",
}
STARTS_BRIDGE = re.compile(r"^build/release/bridge/sse-bridge --")


def commands(text):
    """Blocks named sh, their lines joined at backslashes, without comments."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"\s+# .*$|\s{2,}#.*$", "", line).strip()
            if line and not line.startswith("#"):
                yield re.sub(r"\s+", " ", line)


def serves(command, folder):
    """The bridge that `command` starts says where it listens."""
    process = subprocess.Popen(command + " --listen 127.0.0.1:0", shell=True,
                               cwd=folder, stdout=subprocess.PIPE, text=True,
                               preexec_fn=os.setsid)
    try:
        return process.stdout.readline().startswith("listening on ")
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def main():
    text = open(os.path.join(ROOT, "README.md"), encoding="utf-8").read()
    ran = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("scripts", "proto", "tests", "gen"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        os.makedirs(os.path.join(folder, "build"))
        os.symlink(BUILD, os.path.join(folder, "build", "release"))
        proto = re.search(r"^( *)```proto\n(.*?)^ *```$", text, re.M | re.S)
        assert proto, "README has no .proto"
        os.makedirs(os.path.join(folder, "my/protos"))
        with open(os.path.join(folder, "my/protos/weather.proto"), "w") as file:
            file.write(re.sub("^" + proto.group(1), "", proto.group(2),
                              flags=re.M))
        for command in commands(text):
            if any(command.startswith(name) for name in ELSEWHERE):
                continue
            print("$", command, flush=True)
            if STARTS_BRIDGE.match(command):
                assert serves(command, folder), "the bridge did not start"
            else:
                subprocess.run(command, shell=True, cwd=folder, check=True,
                               timeout=60, stdout=subprocess.DEVNULL)
            ran += 1
    assert ran >= 5, "README's commands were not found"


main()

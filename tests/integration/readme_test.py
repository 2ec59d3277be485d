#!/usr/bin/env python3
"""Checks the documents, and runs their commands as they stand there.

Every relative link in every *.md must resolve, every file that is named must
exist, and README.md must stay short.

Each ```sh block of the documents is run, README.md's first, in a folder that
looks like the repository, after the .proto of "Your own service" was written
where the text says. The exceptions are named below, with what tests them
instead.
"""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.request

ROOT = sys.argv[1]
BUILD = sys.argv[2]  # build/PRESET

MAX_README_LINES = 250

# Folders without documents of this repository.
NOT_OURS = {"build", "node_modules", "vendor", "__pycache__"}

# Documents that are generated: their links are checked, their commands are
# tests/client's.
GENERATED = ("gen/", "tests/unit/codegen/golden/")

ELSEWHERE = {
    "git clone ": "this test runs in a clone",
    "curl -N ": "streams() reads the stream",
    "scripts/run.sh": "installs, builds and serves until Ctrl-C",
    "scripts/test.sh": "it is what runs this test",
    "scripts/build.sh": "has built what is tested",
    "(cd build/release && cpack)": "packaging_deb",
    "npm install --prefix my": "the packages of tests/foreign are the same",
    "npm create ": "client_apps_test",
    "node my/backend.js": "runs with the bridge, see streams()",
}
USUAL_BACKEND = "127.0.0.1:50051"
USUAL_BRIDGE = "http://127.0.0.1:8080"
STARTS_BRIDGE = re.compile(r"^build/release/bridge/sse-bridge --")
INSTALLS_CLIENT = re.compile(r"^cd my/app && npm install ")


def documents():
    """Paths of all documents, from the repository's root; README.md first."""
    paths = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in NOT_OURS and
                    (not name.startswith(".") or name == ".github")]
        paths += [os.path.relpath(os.path.join(folder, file), ROOT)
                  for file in files if file.endswith(".md")]
    return sorted(paths, key=lambda path: (path != "README.md", path))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def prose(text):
    """The text without code."""
    text = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`]*`", "`", text)


def anchors(path):
    """What links to headings of the document may name, as GitHub does."""
    text = re.sub(r"^ *```.*?^ *```$", "", read(path), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def broken_links(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(read(path))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        file = os.path.normpath(
            os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(os.path.join(ROOT, file)):
            yield "%s: %s leads nowhere" % (path, target)
        elif anchor and anchor not in anchors(file):
            yield "%s: %s has no such heading" % (path, target)


# A file of this repository, named in the text.
FILE = re.compile(r"`((?:bridge|backends|gen|proto|scripts|tests)/[\w./-]+\.\w+)`")


def missing_files(path):
    for file in FILE.findall(read(path)):
        if not os.path.exists(os.path.join(ROOT, file)):
            yield "%s: there is no %s" % (path, file)


def check_documents():
    broken = [link for path in documents() for link in broken_links(path)]
    broken += [file for path in documents() for file in missing_files(path)]
    assert not broken, "\n".join(broken)
    lines = read("README.md").count("\n")
    assert lines <= MAX_README_LINES, "README.md has %d lines" % lines


def commands(text):
    """Blocks named sh, their lines joined at backslashes, without comments."""
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"\s+# .*$|\s{2,}#.*$", "", line).strip()
            if line and not line.startswith("#"):
                yield re.sub(r"\s+", " ", line)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Running:
    """A program that has printed a line that begins with `first`."""

    def __init__(self, command, folder, first):
        self.process = subprocess.Popen(command, shell=True, cwd=folder,
                                        stdout=subprocess.PIPE, text=True,
                                        preexec_fn=os.setsid)
        self.line = self.process.stdout.readline()
        if not self.line.startswith(first):
            self.stop()
            raise AssertionError("%s did not start" % command)

    def stop(self):
        os.killpg(self.process.pid, 15)
        self.process.wait(30)


@contextlib.contextmanager
def weather(command, folder):
    """README's backend behind the bridge that `command` starts; its address."""
    port = free_port()
    with open(os.path.join(folder, "my/backend.js")) as file:
        backend_text = file.read()
    assert USUAL_BACKEND in backend_text and USUAL_BACKEND in command
    address = "127.0.0.1:%d" % port
    with open(os.path.join(folder, "my/backend_here.js"), "w") as file:
        file.write(backend_text.replace(USUAL_BACKEND, address))
    backend = Running("exec node my/backend_here.js", folder,
                      "listening on ")
    try:
        bridge = Running("exec " + command.replace(USUAL_BACKEND, address) +
                         " --listen 127.0.0.1:0 --drain-timeout 0s", folder,
                         "listening on ")
        try:
            yield bridge.line.split()[-1]
        finally:
            bridge.stop()
    finally:
        backend.stop()


def streams(command, folder):
    """A stream gives an event, and the page is there."""
    with weather(command, folder) as base:
        with urllib.request.urlopen(base + "/weather/Oslo/stream",
                                    timeout=20) as stream:
            for line in stream:
                if line.startswith(b"data: "):
                    break
        report = json.loads(line[6:])
        assert report["city"] == "Oslo" and report["celsius"] >= 20, report
        with urllib.request.urlopen(base, timeout=20) as page:
            assert b"<html" in page.read(), "no page"


def typed_client(text, bridge, folder):
    """The typed client's example, with the package that was installed, prints
    reports."""
    program = next(block for block in re.findall(r"^```js\n(.*?)^```$", text,
                                                 re.M | re.S)
                   if "weather-client" in block)
    assert USUAL_BRIDGE in program
    with weather(bridge, folder) as base:
        with open(os.path.join(folder, "my/app/app.mjs"), "w") as file:
            file.write("const myToken = () => undefined;\n" +
                       program.replace(USUAL_BRIDGE, base))
        app = subprocess.Popen(["node", "my/app/app.mjs"], cwd=folder,
                               stdout=subprocess.PIPE, text=True)
        try:
            assert float(app.stdout.readline()) >= 20
        finally:
            app.kill()
            app.wait()


def write(text, language, path):
    """The first block of this language that stands in a list, to a file."""
    block = re.search(r"^( +)```%s\n(.*?)^ *```$" % language, text, re.M | re.S)
    assert block, "README has no %s for %s" % (language, path)
    with open(path, "w") as file:
        file.write(re.sub("^" + block.group(1), "", block.group(2), flags=re.M))


def main():
    check_documents()
    text = read("README.md")
    everything = "\n".join(read(path) for path in documents()
                           if not path.startswith(GENERATED))
    ran = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("scripts", "proto", "tests", "gen"):
            os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
        os.makedirs(os.path.join(folder, "build"))
        os.symlink(BUILD, os.path.join(folder, "build", "release"))
        os.makedirs(os.path.join(folder, "my/protos"))
        write(text, "proto", os.path.join(folder, "my/protos/weather.proto"))
        write(text, "js", os.path.join(folder, "my/backend.js"))
        os.symlink(os.path.join(ROOT, "tests/foreign/node_modules"),
                   os.path.join(folder, "my/node_modules"))
        os.makedirs(os.path.join(folder, "my/app"))
        with open(os.path.join(folder, "my/app/package.json"), "w") as file:
            json.dump({"private": True}, file)
        for command in commands(everything):
            if any(command.startswith(name) for name in ELSEWHERE):
                continue
            print("$", command, flush=True)
            if STARTS_BRIDGE.match(command):
                bridge = command
                streams(command, folder)
            else:
                subprocess.run(command, shell=True, cwd=folder, check=True,
                               timeout=60, stdout=subprocess.DEVNULL)
            if INSTALLS_CLIENT.match(command):
                typed_client(everything, bridge, folder)
            ran += 1
    assert ran >= 5, "the documents' commands were not found"


main()

#!/usr/bin/env python3
"""tests/conformance/schemas/run.py [NAME...]: public schemas load, and each
method that is left out has its reason.

Clones the schemas' repositories to .run/schemas/git/OWNER/NAME, unless they are
there, compiles their .proto files
and runs `sse-bridge check --default-routes` on each descriptor set. Fails if a
schema does not load, if a method is neither served nor reported, or if a method
of grpc-gateway's examples is left out that is not client-streaming. Without
NAME, checks all schemas but `googleapis`, which takes minutes: it is all of
googleapis, and must load within 512 MiB.

Needs git, protoc, the built bridge (scripts/build.sh release sse-bridge) and,
for files in an edition, buf (BUF, on the PATH, or in tests/client/node_modules).
SCHEMAS_GIT is the address of a repository, in which {} stands for OWNER/NAME;
the default is https://github.com/{}.git. SCHEMAS_BRIDGE is the program.
scripts/test.sh does not run this script, because it needs the network.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
WORK = os.path.join(ROOT, ".run/schemas")
BRIDGE = os.environ.get(
    "SCHEMAS_BRIDGE", os.path.join(ROOT, "build/release/bridge/sse-bridge"))
GIT = os.environ.get("SCHEMAS_GIT", "https://github.com/{}.git")
OWN = [os.path.join(ROOT, "proto"), os.path.join(ROOT, "scripts/proto")]
MAX_MIB = 512

GATEWAY = "grpc-ecosystem/grpc-gateway"
GOOGLEAPIS = "googleapis/googleapis"

# The repositories of each schema, with the folder in which imports find them,
# and patterns of the files to compile, relative to that of the first one.
SCHEMAS = {
    "grpc-gateway": ([(GATEWAY, "")], [r"examples/internal/.*\.proto"]),
    "etcd": ([("etcd-io/etcd", "etcd"), (GATEWAY, "")],
             [r"api/etcdserverpb/rpc\.proto",
              r"server/etcdserver/api/v3\w+/v3\w+pb/v3\w+\.proto"]),
    "argo-cd": ([("argoproj/argo-cd", "github.com/argoproj/argo-cd/v3"),
                 ("kubernetes/api", "k8s.io/api"),
                 ("kubernetes/apimachinery", "k8s.io/apimachinery"),
                 ("kubernetes/apiextensions-apiserver",
                  "k8s.io/apiextensions-apiserver"),
                 ("gogo/protobuf", "")],
                [r"server/.*\.proto"]),
    "firestore": ([(GOOGLEAPIS, "")], [r"google/firestore/v1/firestore\.proto"]),
    "bigquery-storage": ([(GOOGLEAPIS, "")],
                         [r"google/cloud/bigquery/storage/v1/storage\.proto"]),
    "remote-apis": ([("bazelbuild/remote-apis", ""), (GOOGLEAPIS, "")],
                    [r"build/.*\.proto"]),
    "authzed": ([("authzed/api", ""), ("bufbuild/protoc-gen-validate", ""),
                 (GATEWAY, "")],
                [r"authzed/.*\.proto"]),
    "eliza": ([("connectrpc/examples-go", "proto:")], [r"proto/.*\.proto"]),
    "googleapis": ([(GOOGLEAPIS, "")], [r"(google|grafeas)/.*\.proto"]),
}
# Each folder of buf's quickstarts that has services is a schema of its own.
QUICKSTARTS = "bufbuild/buf-examples"


class Failure(Exception):
    """What is wrong with a schema."""


def run(command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failure("%s failed: %s" % (os.path.basename(command[0]),
                                         "\n  ".join(lines[-5:])))
    return done.stdout


def clone(repository):
    """The working tree of a repository."""
    path = os.path.join(WORK, "git", repository)
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.rmtree(path + ".new", ignore_errors=True)
        run(["git", "clone", "-q", "--depth", "1", GIT.format(repository),
             path + ".new"])
        os.rename(path + ".new", path)
    return path


def protos(folder):
    """Paths of all .proto files below a folder, relative to it."""
    found = []
    for path, _, files in os.walk(folder):
        found += [os.path.relpath(os.path.join(path, file), folder)
                  for file in files if file.endswith(".proto")]
    return sorted(found)


def text_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def import_folder(name, repository, below):
    """A folder in which the files of a repository are `below` it."""
    tree = clone(repository)
    if below.endswith(":"):  # a folder of the repository is the root
        return os.path.join(tree, below[:-1])
    if not below:
        return tree
    folder = os.path.join(WORK, "imports", name, repository.replace("/", "+"))
    link = os.path.join(folder, below)
    if not os.path.islink(link):
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(tree, link)
    return folder


def find_buf():
    for each in (os.environ.get("BUF"), shutil.which("buf"), os.path.join(
            ROOT, "tests/client/node_modules/.bin/buf")):
        if each and os.path.exists(each):
            return each
    raise Failure("its files are in an edition, and buf is missing: set BUF")


def compile_set(name, folders, files):
    """Writes the descriptor set of files, which are in the first folder."""
    out = os.path.join(WORK, name.replace("/", "+") + ".binpb")
    if not any(re.search(r"^\s*edition\s*=",
                         text_of(os.path.join(folders[0], file)), re.M)
               for file in files):
        run(["protoc", *["-I" + each for each in folders + OWN],
             "--include_imports", "--include_source_info",
             "--descriptor_set_out=" + out, *files], cwd=folders[0])
        return out
    # protoc 3.21 knows no editions, and buf wants one folder.
    module = os.path.join(WORK, "module")
    shutil.rmtree(module, ignore_errors=True)
    for folder in reversed(folders + OWN):
        for file in protos(folder):
            if folder == OWN[0] and file.startswith(("realtime/", "bridge/")):
                continue
            target = os.path.join(module, file)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(folder, file), target)
    run([find_buf(), "build", module, "--as-file-descriptor-set", "-o", out] +
        [arg for file in files
         for arg in ("--path", os.path.join(module, file))], cwd=WORK)
    return out


def fields(data):
    """The fields of a message on the wire: (number, value)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            size = varint()
            yield tag >> 3, data[at:at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[tag & 7]


def methods_of(path):
    """(full name, whether it is client-streaming) of all methods in a set."""
    with open(path, "rb") as file:
        data = memoryview(file.read())
    for number, file in fields(data):
        if number != 1:
            continue
        parts = list(fields(file))
        package = b"".join(bytes(v) for n, v in parts if n == 2).decode()
        for service in (list(fields(v)) for n, v in parts if n == 6):
            name = bytes(next(v for n, v in service if n == 1)).decode()
            for method in (dict(fields(v)) for n, v in service if n == 2):
                yield (".".join(filter(None, (package, name,
                                              bytes(method[1]).decode()))),
                       bool(method.get(5)))


def check(name, descriptor_set):
    """Runs `check`; returns what to print of the schema."""
    methods = dict(methods_of(descriptor_set))
    if not methods:
        return None
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, \
            tempfile.TemporaryFile("w+") as err:
        bridge = subprocess.Popen(
            [BRIDGE, "check", "--upstream", "127.0.0.1:1", "--default-access",
             "public", "--default-routes", "--descriptor-set", descriptor_set],
            stdout=out, stderr=err)
        # The usage of this process only, not of protoc.
        _, status, usage = os.wait4(bridge.pid, 0)
        bridge.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        out.seek(0)
        err.seek(0)
        table, warnings = out.read(), err.read()
    if bridge.returncode != 0:
        raise Failure("it does not load: " + warnings.strip()[-2000:])
    served = {line.split()[0] for line in table.splitlines()[1:]
              if line.strip() and not line.startswith(" ")}
    reasons = dict(re.findall(r"warning: (\S+) is not served: (.*)",
                              warnings))
    for method, streams in methods.items():
        if method not in served and method not in reasons:
            raise Failure("%s is neither served nor reported" % method)
        if name == "grpc-gateway" and method not in served and not streams:
            raise Failure("%s: %s" % (method, reasons[method]))
    text = "%d methods served" % len(served & methods.keys())
    if reasons:
        text += ", %d left out" % len(reasons.keys() & methods.keys())
        for method in sorted(reasons.keys() & methods.keys()):
            if not methods[method]:
                text += "\n    %s: %s" % (method, reasons[method][:300])
    if name == "googleapis":
        used = usage.ru_maxrss / 1024
        text += ", %.1f s, %d MiB" % (seconds, used)
        if used > MAX_MIB:
            raise Failure(text + ": too much memory")
    return text


def parts_of(name):
    """(name, import folders, files) of the descriptor sets of a schema."""
    if name == "quickstarts":
        yield from quickstarts()
        return
    repositories, patterns = SCHEMAS[name]
    folders = [import_folder(name, *each) for each in repositories]
    tree = clone(repositories[0][0])
    chosen = [file for file in protos(tree)
              if any(re.fullmatch(each, file) for each in patterns)]
    if not chosen:
        raise Failure("its files have moved: nothing matches %s" % patterns)
    below = repositories[0][1]
    chosen = [os.path.relpath(file, below[:-1]) if below.endswith(":")
              else os.path.join(below, file) for file in chosen]
    if name != "grpc-gateway":
        yield name, folders, chosen
        return
    # Some of its examples have the same routes: each file is one schema.
    for file in chosen:
        yield name, folders, [file]


def quickstarts():
    tree = clone(QUICKSTARTS)
    roots = {}
    for file in protos(tree):
        package = re.search(r"^\s*package\s+([\w.]+)\s*;",
                            text_of(os.path.join(tree, file)), re.M)
        below = package.group(1).replace(".", "/") if package else ""
        folder = os.path.dirname(file)
        if below and folder.endswith(below):
            root = folder[:-len(below)].rstrip("/")
            roots.setdefault(root, []).append(os.path.relpath(file, root))
    for root, files in sorted(roots.items()):
        if not any(re.search(r"^service\s", text_of(os.path.join(
                tree, root, file)), re.M) for file in files):
            continue
        # The other modules of a workspace, the nearest first.
        near = sorted((each for each in roots if each != root and
                       each.split("/")[:2] == root.split("/")[:2]),
                      key=lambda each: each.split("/")[:3] !=
                      root.split("/")[:3])
        yield (os.path.join(QUICKSTARTS, root),
               [os.path.join(tree, each) for each in [root, *near]], files)


def main():
    names = sys.argv[1:] or [each for each in [*SCHEMAS, "quickstarts"]
                             if each != "googleapis"]
    if names[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    for each in names:
        if each not in SCHEMAS and each != "quickstarts":
            print("run.py: there is no schema '%s'; known: %s" %
                  (each, ", ".join([*SCHEMAS, "quickstarts"])), file=sys.stderr)
            return 2
    if not os.access(BRIDGE, os.X_OK):
        print("run.py: %s is missing: run scripts/build.sh release sse-bridge" %
              BRIDGE, file=sys.stderr)
        return 2
    os.makedirs(WORK, exist_ok=True)
    failed = 0
    for name in names:
        try:
            for part, folders, files in parts_of(name):
                try:
                    text = check(part, compile_set(part, folders, files))
                except Failure as failure:
                    failed += 1
                    text = "FAILED: %s" % failure
                if text:
                    print("%s: %s" % (files[0] if part == "grpc-gateway"
                                      else part, text), flush=True)
        except Failure as failure:
            failed += 1
            print("%s: FAILED: %s" % (name, failure), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

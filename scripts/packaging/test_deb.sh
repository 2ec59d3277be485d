#!/usr/bin/env bash
# test_deb.sh BUILD_DIR: makes the .deb, installs it into a root of its own,
# starts the bridge from there, and removes it: nothing but the configuration
# may be left. Needs root (dpkg), and touches nothing outside a temporary folder
# and BUILD_DIR.
set -euo pipefail
build=$(realpath "${1:?usage: test_deb.sh BUILD_DIR}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
fail() { echo "test_deb.sh: $*" >&2; exit 1; }

(cd "$build" && cpack -G DEB -B "$work/out" >"$work/cpack.log" 2>&1) ||
  { cat "$work/cpack.log" >&2; fail "cpack"; }
deb=$(echo "$work"/out/*.deb)
dpkg-deb -f "$deb" Package Version Depends Suggests
dpkg-deb -f "$deb" Depends | grep -q libgrpc || fail "no dependency on gRPC"
dpkg-deb -f "$deb" Depends | grep -qE '(^|, )tzdata(,|$)' || fail "no dependency on tzdata"
dpkg-deb -f "$deb" Suggests | grep -qx tzdata-legacy || fail "no suggestion of tzdata-legacy"

root=$work/root
mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info"
touch "$root/var/lib/dpkg/status"
in_root() {
  dpkg --root="$root" --force-script-chrootless --force-depends --force-not-root \
    --log=/dev/null "$@" >"$work/dpkg.log" 2>&1 || { cat "$work/dpkg.log" >&2; fail "dpkg $1"; }
}
files() { (cd "$root" && find . -path ./var/lib/dpkg -prune -o ! -type d -print | sort); }
in_root --install "$deb"
files

for file in usr/bin/sse-bridge usr/bin/realtime-backends etc/sse-bridge/config.yaml \
  lib/systemd/system/sse-bridge.service lib/systemd/system/sse-bridge.socket \
  usr/share/sse-bridge/proto/sse/v1/sse.proto usr/share/bash-completion/completions/sse-bridge \
  usr/share/man/man1/sse-bridge.1.gz usr/share/man/man1/realtime-backends.1.gz \
  usr/share/doc/sse-bridge/README.md usr/share/doc/sse-bridge/bridge/config/README.md \
  usr/share/doc/sse-bridge/changelog.gz; do
  [ -f "$root/$file" ] || [ -f "$root/usr/$file" ] || fail "$file is missing"
done
"$root/usr/bin/sse-bridge" check --config "$root/etc/sse-bridge/config.yaml" >/dev/null

# Starts as the unit does, and says so to who started it.
python3 - "$root" >"$work/started" <<'PY' &
import os, socket, subprocess, sys
root = sys.argv[1]
path = os.path.join(root, "notify")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(path)
notify.settimeout(30)
bridge = subprocess.Popen(
    [root + "/usr/bin/sse-bridge", "--config", root + "/etc/sse-bridge/config.yaml",
     "--listen", "127.0.0.1:0", "--drain-timeout", "1s"],
    env={"NOTIFY_SOCKET": path, "PATH": "/usr/bin"}, stdout=subprocess.PIPE, text=True)
try:
    assert notify.recv(256) == b"READY=1"
    address = bridge.stdout.readline().removeprefix("listening on ").strip()
    import urllib.request
    assert urllib.request.urlopen(address + "/schema.json", timeout=10).status == 200
    bridge.send_signal(1)
    assert [notify.recv(256), notify.recv(256)] == [b"RELOADING=1", b"READY=1"]
    bridge.terminate()
    assert notify.recv(256) == b"STOPPING=1"
    assert bridge.wait(30) == 0
    print("started, reloaded, stopped")
finally:
    bridge.kill()
    os.unlink(path)
PY
pid=$!
wait "$pid" || fail "the installed bridge did not run"
pid=
cat "$work/started"

in_root --remove sse-bridge
left=$(files)
[ "$left" = ./etc/sse-bridge/config.yaml ] || fail "left after removal: $left"
in_root --purge sse-bridge
left=$(files)
[ -z "$left" ] || fail "left after purge: $left"
echo "removed: only the configuration was left, and purge took that"

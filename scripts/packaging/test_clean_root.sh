#!/usr/bin/env bash
# test_clean_root.sh BUILD_DIR ROOT: installs the .deb with what it depends on into
# a minimal Debian below ROOT, of the release that this machine has, reads a stream
# there, and removes it again.
# ROOT is made by debootstrap if it is not there. Needs root and a Debian mirror.
set -euo pipefail
build=$(realpath "${1:?usage: test_clean_root.sh BUILD_DIR ROOT}")
root=$(realpath -m "${2:?usage: test_clean_root.sh BUILD_DIR ROOT}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "test_clean_root.sh: $*" >&2; exit 1; }

if [ ! -d "$root/usr" ]; then
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v suite="$suite" '$2 == suite {print $1; exit}')
  debootstrap --variant=minbase "$suite" "$root" "${mirror:-http://deb.debian.org/debian}" \
    >"$work/debootstrap.log" 2>&1 || { tail -5 "$work/debootstrap.log" >&2; fail debootstrap; }
fi
(cd "$build" && cpack -G DEB -B "$work/out" >"$work/cpack.log" 2>&1) ||
  { cat "$work/cpack.log" >&2; fail cpack; }
in_root() { chroot "$root" "$@"; }
ours() { (cd "$root" && find etc usr lib var -path 'var/lib/dpkg' -prune -o -name '*sse-bridge*' -print); }

[ -z "$(ours)" ] || fail "$root has the package already"
cp "$work"/out/*.deb "$root/tmp/sse-bridge.deb"
in_root apt-get update -qq
in_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  /tmp/sse-bridge.deb >"$work/apt.log" 2>&1 || { tail -5 "$work/apt.log" >&2; fail "apt-get install"; }
rm "$root/tmp/sse-bridge.deb"
# For rules in CEL that name a time zone.
[ -e "$root/usr/share/zoneinfo/Europe/Berlin" ] || fail "there are no time zones"

# Both programs, and a stream between them; perl is what a minimal Debian has.
in_root sh -s <<'SH' >"$work/out.txt" || { cat "$work/out.txt" >&2; fail "no stream"; }
set -e
work=$(mktemp -d)
trap 'kill $backends $bridge 2>/dev/null || true; rm -rf "$work"' EXIT
says() { # FILE TEXT
  for i in $(seq 100); do grep -qs "$2" "$1" && return; sleep 0.1; done
  cat "$1"
  return 1
}
realtime-backends --listen 127.0.0.1:0 --store sqlite::memory: >"$work/backends" 2>&1 &
backends=$!
says "$work/backends" '^listening on '
sse-bridge --config /etc/sse-bridge/config.yaml --listen 127.0.0.1:0 --drain-timeout 0s \
  --upstream "$(sed -n 's/^listening on //p' "$work/backends")" >"$work/bridge" 2>&1 &
bridge=$!
says "$work/bridge" '^listening on '
perl -MIO::Socket::INET -e '
  alarm 20;
  my $socket = IO::Socket::INET->new($ARGV[0]) or die "cannot connect";
  print $socket "GET /prices/stream?symbols=AAPL HTTP/1.1\r\nHost: x\r\n\r\n";
  while (<$socket>) { if (/^data: /) { print; exit 0 } }
  exit 1' "$(sed -n 's|^listening on http://||p' "$work/bridge")"
kill $bridge
wait $bridge
SH
cat "$work/out.txt"

in_root dpkg --remove sse-bridge >/dev/null 2>&1
[ "$(ours)" = etc/sse-bridge ] || fail "left after removal: $(ours)"
in_root dpkg --purge sse-bridge >/dev/null 2>&1
[ -z "$(ours)" ] || fail "left after purge: $(ours)"
echo "a clean root ran the bridge; only the configuration was left, and purge took that"

#!/usr/bin/env bash
# scripts/install.sh [build]: installs what scripts/packages.txt names and this
# machine lacks; with "build", only what the two programs need.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
case "${1:-}" in
  "") sections='build|test' ;;
  build) sections=build ;;
  *) echo "usage: scripts/install.sh [build]" >&2; exit 2 ;;
esac

# Elsewhere packages have other names and libraries other versions: better one
# sentence now than an error of the compiler later.
system=$(unset ID VERSION_ID; . "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-}${VERSION_ID:+ $VERSION_ID}") || system=
case "$system" in
  "debian 12" | "debian 13") ;;
  "ubuntu 24.04")
    # Its Chromium is a snap, which the tests cannot drive.
    [ "$sections" = build ] || {
      echo "install.sh: the tests need Debian 12 or 13; on Ubuntu 24.04 only the programs may build" >&2
      exit 1
    }
    echo "install.sh: Ubuntu 24.04 is untested; Debian 12 and 13 are supported" >&2 ;;
  *)
    echo "install.sh: this is ${system:-an unknown system}; sse-bridge is built on Debian 12 or 13" >&2
    exit 1 ;;
esac

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
while read -r package; do
  installed "$package" || missing+=("$package")
done < <(awk -v wanted="^\\\\[($sections)\\\\]$" \
  '/^\[/ {on = $0 ~ wanted; next} on && !/^(#|$)/' "$root/scripts/packages.txt")

# Node may come from elsewhere, and then Debian's npm conflicts with it: what
# counts is that the commands are there.
if [ "$sections" != build ]; then
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
fi

# A minimal root has no /etc/hosts, and calls nobody localhost.
knows_localhost() { getent hosts localhost >/dev/null; }
if [ ${#missing[@]} -eq 0 ] && knows_localhost; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install.sh: these are missing, and neither root nor sudo is at hand:" >&2
    echo "  ${missing[*]:-localhost in /etc/hosts}" >&2
    exit 1
  }
  as_root=(sudo)
fi
knows_localhost || echo '127.0.0.1 localhost' | "${as_root[@]}" tee -a /etc/hosts >/dev/null
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
echo "installing: ${missing[*]}"

# Tests run the proxies themselves; the packages shall start no servers, now or
# at the next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    case "$package" in
      caddy | haproxy | nginx | prometheus | redis-server) "${as_root[@]}" systemctl disable --quiet "$package" ;;
    esac
  done
fi

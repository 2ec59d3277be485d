#!/usr/bin/env bash
# scripts/install.sh [build]: installs missing packages from scripts/packages.txt;
# with "build", only those needed to build the two programs.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
case "${1:-}" in
  "") sections='build|test' ;;
  build) sections=build ;;
  *) echo "usage: scripts/install.sh [build]" >&2; exit 2 ;;
esac

# Other systems have different package names and library versions. Fail now with
# a clear message instead of a compiler error later.
system=$(unset ID VERSION_ID; . "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-}${VERSION_ID:+ $VERSION_ID}") || system=
case "$system" in
  "debian 12" | "debian 13") ;;
  "ubuntu 24.04")
    # Ubuntu's Chromium is a snap, which the tests cannot control.
    [ "$sections" = build ] || {
      echo "install.sh: the tests need Debian 12 or 13; Ubuntu 24.04 can only build the programs" >&2
      exit 1
    }
    echo "install.sh: Ubuntu 24.04 is untested; Debian 12 and 13 are supported" >&2 ;;
  *)
    echo "install.sh: unsupported system: ${system:-unknown}; sse-bridge builds on Debian 12 or 13" >&2
    exit 1 ;;
esac

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
while read -r package; do
  installed "$package" || missing+=("$package")
done < <(awk -v wanted="^\\\\[($sections)\\\\]$" \
  '/^\[/ {on = $0 ~ wanted; next} on && !/^(#|$)/' "$root/scripts/packages.txt")

# Node may have been installed from another source, which conflicts with Debian's
# npm package. So check for the commands, not the packages.
if [ "$sections" != build ]; then
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  # Tests use old names of time zones. Debian 13 has them in a separate package.
  if [ "$system" = "debian 13" ] && ! installed tzdata-legacy; then
    missing+=(tzdata-legacy)
  fi
fi

# A minimal root file system has no /etc/hosts, so localhost does not resolve.
knows_localhost() { getent hosts localhost >/dev/null; }
if [ ${#missing[@]} -eq 0 ] && knows_localhost; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install.sh: run this as root or install sudo; missing:" >&2
    echo "  ${missing[*]:-localhost in /etc/hosts}" >&2
    exit 1
  }
  as_root=(sudo)
fi
knows_localhost || echo '127.0.0.1 localhost' | "${as_root[@]}" tee -a /etc/hosts >/dev/null
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi
echo "installing: ${missing[*]}"

# The tests start the proxies themselves. Keep the packages from starting servers
# now or at the next boot.
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

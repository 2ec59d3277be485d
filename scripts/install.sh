#!/usr/bin/env bash
# Installs what scripts/packages.txt names and this machine lacks.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
while read -r package; do
  installed "$package" || missing+=("$package")
done < <(grep -v -e '^#' -e '^$' "$root/scripts/packages.txt")

# Node may come from elsewhere, and then Debian's npm conflicts with it: what
# counts is that the commands are there.
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)

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

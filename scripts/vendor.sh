#!/usr/bin/env bash
# scripts/vendor.sh [--check]: copies the npm libraries that the web pages and the
# typed client use
# (see bridge/web/vendor/package-lock.json) to bridge/web/vendor/, so that building
# the bridge does not need npm. --check fails if the copies differ.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
vendor=$(cd "$(dirname "$0")/../bridge/web/vendor" && pwd)
files=(
  uplot/LICENSE uplot/dist/uPlot.iife.min.js uplot/dist/uPlot.min.css
  eventsource-parser/LICENSE eventsource-parser/dist/index.js
)
case "${1:-}" in
  "" | --check) ;;
  *) echo "usage: scripts/vendor.sh [--check]" >&2; exit 2 ;;
esac

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp "$vendor"/package.json "$vendor"/package-lock.json "$vendor"/.npmrc "$tmp"
(cd "$tmp" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null)
for file in "${files[@]}"; do
  if [ "${1:-}" = --check ]; then
    cmp "$tmp/node_modules/$file" "$vendor/$file" || {
      echo "vendor.sh: bridge/web/vendor/$file differs from the npm package: run scripts/vendor.sh" >&2
      exit 1
    }
  else
    install -D -m 644 "$tmp/node_modules/$file" "$vendor/$file"
  fi
done

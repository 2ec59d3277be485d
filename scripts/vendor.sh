#!/usr/bin/env bash
# scripts/vendor.sh [--check]: copies the libraries that the pages bundle from
# npm (bridge/web/vendor/package-lock.json says which) to bridge/web/vendor/,
# so that building the bridge needs no npm. --check fails when they differ.
set -euo pipefail
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
      echo "vendor.sh: bridge/web/vendor/$file is not npm's: run scripts/vendor.sh" >&2
      exit 1
    }
  else
    install -D -m 644 "$tmp/node_modules/$file" "$vendor/$file"
  fi
done

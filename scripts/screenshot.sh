#!/usr/bin/env bash
# scripts/screenshot.sh [FILE]: starts the programs, opens the dashboard in
# Chromium and writes a screenshot of it. Default: the one that README.md shows.
#
# scripts/screenshot.sh --states DIR [NAME...]: every state of the pages, or those
# named (tests/browser/support/states.js), at three widths, light and dark.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
  --states) [ $# -ge 2 ] || { echo "usage: scripts/screenshot.sh --states DIR [NAME...]" >&2; exit 2; } ;;
  -*) echo "screenshot.sh: unknown option $1 (see --help)" >&2; exit 2 ;;
  "") set -- bridge/web/screenshot.png ;;
esac
scripts/install.sh
scripts/build.sh release sse-bridge realtime-backends
(cd tests/browser && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
[ -e tests/foreign/node_modules ] ||
  (cd tests/foreign && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
node tests/browser/screenshot.js "$@"

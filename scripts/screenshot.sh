#!/usr/bin/env bash
# scripts/screenshot.sh [FILE]: starts the programs, opens the dashboard in
# Chromium and writes a screenshot of it. Default: the one that README.md shows.
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-}" in
  -h | --help) sed -n '2,3s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
file=${1:-bridge/web/screenshot.png}
scripts/install.sh
scripts/build.sh release sse-bridge realtime-backends
(cd tests/browser && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error)
node tests/browser/screenshot.js "$file"

#!/usr/bin/env bash
# scripts/bench.sh NAME [OPTION...]: builds and runs one benchmark (a script
# tests/bench/NAME.sh). Each prints ratios of things measured in the same run.
#
#   scripts/bench.sh transcode      wire bytes to JSON, beside libprotobuf
#   scripts/bench.sh fanout         events to many browsers, beside its peers
#   scripts/bench.sh connections    how many streams one machine holds
#   scripts/bench.sh slow_clients   what browsers that never read do to others
#   scripts/bench.sh symbols        many browsers with symbols of their own
#   scripts/bench.sh attack         normal requests during slow-client attacks
#   scripts/bench.sh metrics        what a scrape costs, and whether it is right
set -euo pipefail
cd "$(dirname "$0")/.."
usage() { sed -n '2,/^set/s/^# \{0,1\}//p' scripts/bench.sh | sed '$d'; }
case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  "") usage >&2; exit 2 ;;
esac
name=$1
shift
[ -f "tests/bench/$name.sh" ] || {
  echo "bench.sh: no benchmark '$name'" >&2
  usage >&2
  exit 2
}
scripts/install.sh
exec bash "tests/bench/$name.sh" "$@"

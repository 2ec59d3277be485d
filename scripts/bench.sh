#!/usr/bin/env bash
# scripts/bench.sh NAME [OPTION...]: builds and runs the benchmark
# tests/bench/NAME.sh. Each prints ratios of values measured in the same run.
# Progress goes to stderr.
#
#   scripts/bench.sh transcode      wire format to JSON, compared with libprotobuf
#   scripts/bench.sh validate       validation rules, native and in CEL
#   scripts/bench.sh fanout         events to many browsers, compared with other servers
#   scripts/bench.sh chat           one channel whose members are admitted by name
#   scripts/bench.sh private        browsers with events of their own
#   scripts/bench.sh unary          calls, compared with grpc-gateway
#   scripts/bench.sh connections    how many streams one machine holds
#   scripts/bench.sh slow_clients   how browsers that never read affect others
#   scripts/bench.sh symbols        many browsers, each with its own symbols
#   scripts/bench.sh attack         normal requests during attacks: slow clients, floods of HTTP/2
#   scripts/bench.sh wire           bytes and CPU of a delivery, plain and compressed
#   scripts/bench.sh metrics        cost and correctness of a metrics scrape
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
echo "bench.sh: $name (--help for its options)" >&2
# Most benchmarks are silent until they compare.
(
  trap 'kill "$sleep"; exit' TERM
  while true; do
    sleep 30 &
    sleep=$!
    wait "$sleep"
    echo "bench.sh: $name has run for ${SECONDS}s" >&2
  done
) &
heartbeat=$!
trap 'kill "$heartbeat" 2>/dev/null || true' EXIT
bash "tests/bench/$name.sh" "$@"

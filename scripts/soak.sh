#!/usr/bin/env bash
# scripts/soak.sh [SECONDS] [--clients N] [--storm CONNECTS] [--tls-streams N]
#
# Lets N browsers (2,000) come and go at the bridge for so long (600 s), and
# fails when the bridge's memory does not stay flat: what it holds in the last
# minute must be within 2 % of the second minute. Runs shorter than four minutes
# compare their last tenth with the tenth after the first.
#
#   --storm CONNECTS    instead: so many connects and aborts, after which every
#                       counter must be at zero (20,000 are meant)
#   --tls-streams N     instead: N streams over TLS, of which a reload of the
#                       certificate may drop none (10,000 are meant)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' scripts/soak.sh | sed '$d'; }
fail() { echo "soak.sh: $*" >&2; exit 2; }

seconds=600 clients=2000 storm='' tls=''
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --clients) clients=${2:?--clients needs a number}; shift ;;
    --storm) storm=${2:?--storm needs a number}; shift ;;
    --tls-streams) tls=${2:?--tls-streams needs a number}; shift ;;
    [0-9]*) seconds=$1 ;;
    *) fail "unknown option '$1'" ;;
  esac
  shift
done

scripts/install.sh
ulimit -n "$(ulimit -Hn)"
if [ -n "$storm" ]; then
  scripts/build.sh release limits_test
  STORM_CONNECTS=$storm exec build/release/tests/integration/limits_test \
    --gtest_filter='*AfterAStorm*'
fi
if [ -n "$tls" ]; then
  scripts/build.sh release tls_test
  TLS_STREAMS=$tls exec build/release/tests/integration/tls_test \
    --gtest_filter='*ReloadDropsNoStream*'
fi

scripts/build.sh release sse-bridge realtime-backends
work=$(mktemp -d)
pids=()
stop() {
  trap - EXIT INT TERM
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

# start NAME COMMAND...: sets $address and $pid.
start() {
  local name=$1 line
  shift
  "$@" >"$work/$name.out" 2>"$work/$name.log" &
  pid=$!
  pids+=("$pid")
  for _ in $(seq 100); do
    line=$(head -n 1 "$work/$name.out")
    case "$line" in "listening on "*) address=${line#listening on }; return ;; esac
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/$name.log" >&2
  fail "$name did not start"
}

openssl rand -hex 32 >"$work/key"
start backends build/release/backends/realtime-backends \
  --listen 127.0.0.1:0 --store sqlite::memory: --market-interval 100ms
start bridge build/release/bridge/sse-bridge --listen 127.0.0.1:0 \
  --upstream "$address" --auth-key "$work/key" --max-streams-per-subject 0 \
  --drain-timeout 1s
python3 tests/soak/churn.py --address "$address" --pid "$pid" \
  --clients "$clients" --seconds "$seconds" \
  --token "$(scripts/token.sh soak --key "$work/key" --ttl $((seconds + 600)))"

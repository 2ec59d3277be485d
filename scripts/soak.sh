#!/usr/bin/env bash
# scripts/soak.sh [SECONDS] [--clients N] [--storm CONNECTS] [--tls-streams N]
#                 [--hostile]
#
# Connects and disconnects N browsers (default 2,000) for SECONDS (default 600).
# Fails if the bridge's memory grows: memory in the last minute must be within
# 2 % of memory in the second minute. Runs shorter than four minutes compare the
# last tenth of the run with the second tenth.
#
# Other tests, run instead of this one:
#   --storm CONNECTS    opens and aborts CONNECTS connections (typically 20,000);
#                       afterwards every counter must be zero
#   --tls-streams N     opens N streams over TLS (typically 10,000); a certificate
#                       reload must not drop any of them
#   --hostile           runs 1,000 well-behaved streams among attackers of every
#                       kind (tests/soak/hostile.py) for SECONDS; memory must stay
#                       within its limit, and no well-behaved stream may lose
#                       events or be slow
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' scripts/soak.sh | sed '$d'; }
fail() { echo "soak.sh: $*" >&2; exit 2; }

seconds=600 clients=2000 storm='' tls='' hostile=''
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --clients) clients=${2:?--clients needs a number}; shift ;;
    --storm) storm=${2:?--storm needs a number}; shift ;;
    --tls-streams) tls=${2:?--tls-streams needs a number}; shift ;;
    --hostile) hostile=yes ;;
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

# start NAME COMMAND...: starts COMMAND; sets $address and $pid.
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
if [ -n "$hostile" ]; then
  redis_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no \
    --dir "$work" >"$work/redis.log" 2>&1 &
  pids+=($!)
  start backends build/release/backends/realtime-backends \
    --listen 127.0.0.1:0 --store sqlite::memory: --market-interval 50ms
  backends=$address
  start hostile node tests/soak/hostile_backend.mjs
  buffered=$((64 << 20)) queue=$((256 << 10))
  # A low descriptor limit, so that attackers can exhaust it.
  start bridge bash -c 'ulimit -n 6000; exec "$@"' bridge \
    build/release/bridge/sse-bridge --listen 127.0.0.1:0 --admin 127.0.0.1:0 \
    --upstream "$backends" --upstream "realtime.v1.Tasks=$address" \
    --auth-key "$work/key" --limits-redis "redis://127.0.0.1:$redis_port" \
    --max-buffered-bytes "$buffered" --queue-bytes "$queue" \
    --drain-timeout 1s
  admin=$(sed -n 's/^admin on //p' "$work/bridge.out")
  python3 tests/soak/hostile.py --address "$address" --admin "$admin" --pid "$pid" \
    --key "$work/key" --redis-port "$redis_port" --seconds "$seconds" \
    --max-buffered-bytes "$buffered" --queue-bytes "$queue" || {
    tail -n 20 "$work/bridge.log" >&2
    exit 1
  }
  exit 0
fi
start backends build/release/backends/realtime-backends \
  --listen 127.0.0.1:0 --store sqlite::memory: --market-interval 100ms
start bridge build/release/bridge/sse-bridge --listen 127.0.0.1:0 \
  --upstream "$address" --auth-key "$work/key" --max-streams-per-subject 0 \
  --drain-timeout 1s
python3 tests/soak/churn.py --address "$address" --pid "$pid" \
  --clients "$clients" --seconds "$seconds" \
  --token "$(scripts/token.sh soak --key "$work/key" --ttl $((seconds + 600)))"

#!/usr/bin/env bash
# Installs missing packages, builds and starts the backends and the bridge, and
# prints a link to the dashboard that carries a development token, and a curl
# command for each stream.
# Ctrl-C stops everything. Data and the development key are stored in .run/.
#
#   scripts/run.sh [--listen HOST:PORT] [--tls] [BRIDGE OPTION...]
#
# --tls: HTTPS and HTTP/2, with a certificate that is made in .run/. Browsers warn
#        of it once; on HTTP/2, any number of windows share a connection.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
listen=127.0.0.1:8080
bridge_options=()
tls=
while [ $# -gt 0 ]; do
  case "$1" in
    --listen) listen=${2:?--listen needs HOST:PORT}; shift ;;
    --tls) tls=1 ;;
    --listen=*) listen=${1#--listen=} ;;
    -h|--help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) bridge_options+=("$1") ;;
  esac
  shift
done

step() { printf '== %s (%ds)\n' "$*" "$SECONDS"; }

step "installing missing packages"
"$root/scripts/install.sh" build
step "building: several minutes the first time"
"$root/scripts/build.sh" release sse-bridge realtime-backends
step "starting the backends and the bridge"

run=$root/.run
mkdir -p "$run"
chmod 700 "$run"
if [ ! -s "$run/dev.key" ]; then
  (umask 077; openssl rand -hex 32 > "$run/dev.key")
fi

curl_options=()
if [ -n "$tls" ]; then
  # Valid for a year; browsers take no more.
  if ! openssl x509 -in "$run/cert.pem" -checkend 86400 -noout >/dev/null 2>&1; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
      -keyout "$run/cert.key" -out "$run/cert.pem" -subj /CN=localhost \
      -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
    chmod 600 "$run/cert.key"
  fi
  bridge_options+=(--tls-cert "$run/cert.pem" --tls-key "$run/cert.key")
  curl_options=(--cacert "$run/cert.pem")
fi

pids=()
stop() {
  trap - EXIT INT TERM
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap stop EXIT
trap 'exit 0' INT TERM

# start NAME COMMAND...: starts COMMAND and sets $address to its listening address.
start() {
  local name=$1 line pid
  shift
  : > "$run/$name.out"
  "$@" > "$run/$name.out" 2> "$run/$name.log" &
  pid=$!
  pids+=("$pid")
  for _ in $(seq 100); do
    line=$(head -n 1 "$run/$name.out")
    case "$line" in "listening on "*) address=${line#listening on }; return ;; esac
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "run.sh: $name did not start:" >&2
  cat "$run/$name.log" >&2
  exit 1
}

start backends "$root/build/release/backends/realtime-backends" \
  --listen 127.0.0.1:0 --store "sqlite:$run/events.db"
backends=$address
start bridge "$root/build/release/bridge/sse-bridge" --listen "$listen" \
  --upstream "$backends" --auth-key "$run/dev.key" --auth-cookie token \
  --drain-timeout 1s "${bridge_options[@]}"

token=$("$root/scripts/token.sh" dev --ttl 86400 --role admin \
  --scope notifications:read --scope notifications:write \
  --scope prices:publish --scope tasks:write)
# curl reads the header from this file, so that commands stay short.
header=$run/authorization
(umask 077; echo "Authorization: Bearer $token" > "$header")

# Give each stream some data.
call() { curl -sS "${curl_options[@]}" -o /dev/null -H "@$header" -H 'Content-Type: application/json' "$@"; }
task=demo-$(date +%s)
call "$address/tasks" -d "{\"task_id\": \"$task\", \"message\": \"waiting for progress\"}"
call "$address/notifications" \
  -d '{"user_id": "dev", "type": "welcome", "title": "Welcome", "body": "The bridge is up."}'

curl="curl -N${tls:+ --cacert '$run/cert.pem'}"
cat <<TEXT

Live dashboard, as the user "dev" (all scopes, role admin, valid for one day):

$address/#token=$token

All streams and methods, with forms; the same fragment sets the token there:

$address/explorer

One command per stream (Ctrl-C stops curl):

$curl -X POST $address/prices/stream -d '{"symbols": ["AAPL", "MSFT"]}'
$curl '$address/prices/stream?symbols=AAPL&symbols=MSFT'
$curl -H '@$header' $address/notifications/stream
$curl -H '@$header' $address/tasks/$task/progress
$curl -H '@$header' $address/channels/general/stream
$curl -H '@$header' $address/admin/metrics/stream
$curl -H '@$header' $address/events

EventSource cannot send headers. To use it, set the token as a cookie in the
browser's console at that address, then open new EventSource('/events'):
document.cookie = "token=..."

Backends: $backends   Logs: .run/*.log   Press Ctrl-C to stop.
TEXT

wait -n "${pids[@]}" || true
echo "run.sh: a program exited; see .run/*.log" >&2
exit 1

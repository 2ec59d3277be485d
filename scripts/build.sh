#!/usr/bin/env bash
# scripts/build.sh PRESET [TARGET...]: configures and builds one preset. The
# steps, and the number of each file among those to build, go to stderr and
# stdout.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
cd "$(dirname "$0")/.."
# Share ccache entries between checkouts.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
shift
step() { echo "build.sh: $* (${SECONDS}s)" >&2; }
step "configuring $preset"
cmake --preset "$preset" >"/tmp/sse-bridge-configure.$$" 2>&1 || {
  cat "/tmp/sse-bridge-configure.$$" >&2
  rm -f "/tmp/sse-bridge-configure.$$"
  exit 1
}
rm -f "/tmp/sse-bridge-configure.$$"
# Build the generated files first. ccache reports headers relative to the build
# folder, so ninja does not recognise them as outputs and would not notice that
# they changed during the same build.
step "generating code from the .proto files"
generated=$(cmake --build --preset "$preset" --target gen_cpp 2>&1) || {
  echo "$generated" >&2
  exit 1
}
step "building $preset: ${*:-all}"
exec cmake --build --preset "$preset" ${@:+--target "$@"}

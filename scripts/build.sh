#!/usr/bin/env bash
# scripts/build.sh PRESET [TARGET...]: configures and builds one preset.
set -euo pipefail
cd "$(dirname "$0")/.."
# What another checkout compiled serves this one too.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
shift
cmake --preset "$preset" >"/tmp/sse-bridge-configure.$$" 2>&1 || {
  cat "/tmp/sse-bridge-configure.$$" >&2
  rm -f "/tmp/sse-bridge-configure.$$"
  exit 1
}
rm -f "/tmp/sse-bridge-configure.$$"
# First what is generated: ccache names headers relative to the build folder, by
# which ninja does not know them for outputs, and only sees that they changed
# when it looks anew.
generated=$(cmake --build --preset "$preset" --target gen_cpp 2>&1) || {
  echo "$generated" >&2
  exit 1
}
exec cmake --build --preset "$preset" ${@:+--target "$@"}

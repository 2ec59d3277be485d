#!/usr/bin/env bash
# scripts/bench.sh wire [OPTION...]; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
case " $* " in
  *" --help "* | *" -h "*) ;;
  *) scripts/build.sh release sse-bridge realtime-backends >&2 ;;
esac
exec python3 tests/bench/wire.py "$@"

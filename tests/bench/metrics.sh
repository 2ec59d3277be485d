#!/usr/bin/env bash
# scripts/bench.sh metrics [OPTION...]; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
case " $* " in
  *" --help "* | *" -h "*) ;;
  *) scripts/build.sh release bench_tools >&2 ;;
esac
exec python3 tests/bench/metrics.py "$@"

#!/usr/bin/env bash
# scripts/bench.sh private [OPTION...]; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
case " $* " in
  *" --help "* | *" -h "*) ;;
  *) scripts/build.sh release bench_tools >/dev/null ;;
esac
exec python3 tests/bench/private.py "$@"

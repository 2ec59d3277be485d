#!/usr/bin/env bash
# scripts/bench.sh unary [OPTION...]; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
case " $* " in
  *" --help "* | *" -h "*) ;;
  *) scripts/build.sh release sse-bridge load-backend unary-backend >&2 ;;
esac
exec python3 tests/bench/unary.py "$@"

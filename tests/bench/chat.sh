#!/usr/bin/env bash
# scripts/bench.sh chat [OPTION...]; --help lists them.
set -euo pipefail
cd "$(dirname "$0")/../.."
case " $* " in
  *" --help "* | *" -h "*) ;;
  *) scripts/build.sh release bench_tools realtime-backends >/dev/null ;;
esac
exec python3 tests/bench/chat.py "$@"

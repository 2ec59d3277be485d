#!/usr/bin/env bash
# scripts/bench.sh validate [OPTION...]: the time and the allocations of one
# validation of a request with three fields: without rules, by native rules, and
# by the same rules as expressions in CEL. Options go to Google Benchmark.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/build.sh release validate_bench >&2
exec build/release/tests/bench/validate_bench \
  --benchmark_min_time=0.05 --benchmark_repetitions=9 \
  --benchmark_enable_random_interleaving=true \
  --benchmark_display_aggregates_only=true "$@"

#!/usr/bin/env bash
# scripts/bench.sh transcode [OPTION...]: wire bytes to JSON, four ways side by
# side in one run, for the five services' messages and a large nested one. The
# table at the end: how many times faster than libprotobuf's parse and
# MessageToJsonString, of what a pass written by hand for that one message
# needs, and the allocations for each message. Options go to Google Benchmark.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/build.sh release transcode_bench >&2
# Several short runs, of which the reporter takes the median.
exec build/release/tests/bench/transcode_bench \
  --benchmark_min_time=0.05 --benchmark_repetitions=9 \
  --benchmark_enable_random_interleaving=true \
  --benchmark_display_aggregates_only=true "$@"

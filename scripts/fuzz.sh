#!/usr/bin/env bash
# scripts/fuzz.sh TARGET|all SECONDS: runs one fuzz target (tests/fuzz), or all
# of them, for SECONDS each. If a target fails, its input is saved in .run/fuzz/
# and the script fails.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
cd "$(dirname "$0")/.."
target=${1:?usage: scripts/fuzz.sh TARGET|all SECONDS}
seconds=${2:?usage: scripts/fuzz.sh TARGET|all SECONDS}

scripts/build.sh asan fuzz_targets
names=$(cd build/asan/tests/fuzz && ls -- *_fuzz)
if [ "$target" != all ]; then
  names=${target%_fuzz}_fuzz
  [ -x "build/asan/tests/fuzz/$names" ] || {
    echo "fuzz.sh: no target '$target'" >&2
    exit 2
  }
fi

# See scripts/test.sh.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:allow_user_poisoning=0

run_one() { # NAME
  local work
  work=.run/fuzz/$1
  mkdir -p "$work/corpus"
  "build/asan/tests/fuzz/$1" "$work/corpus" "tests/fuzz/corpus/${1%_fuzz}" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$work/" >"$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    echo "fuzz.sh: $1 failed: see $work" >&2
    return 1
  }
  printf '%-24s %s runs, no failures\n' "$1" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")"
}
export -f run_one
export seconds
count=$(wc -w <<<"$names")
echo "fuzz.sh: $count targets, $seconds s each, on $(nproc) cores:" \
  "about $(((count + $(nproc) - 1) / $(nproc) * seconds)) s" >&2
# Run one target per core.
printf '%s\n' $names | xargs -P "$(nproc)" -I{} bash -c 'run_one {}'

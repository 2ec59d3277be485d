#!/usr/bin/env bash
# scripts/lint.sh [FILE...]: clang-tidy (.clang-tidy) over bridge/ and backends/,
# or over the files given; each finding is an error. Needs the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/release/compile_commands.json ] || scripts/build.sh release
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(find bridge backends -name '*.cc' | LC_ALL=C sort)
tidy() {
  # Only what it finds, not how many warnings of system headers it left out.
  clang-tidy -p build/release --quiet "$1" 2> >(grep -v 'warnings\? generated' >&2)
}
export -f tidy
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'tidy {}'

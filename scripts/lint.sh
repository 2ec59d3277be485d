#!/usr/bin/env bash
# scripts/lint.sh [FILE...]: runs clang-tidy (.clang-tidy) on bridge/ and
# backends/, or on the given files. Every finding is an error. Uses the release
# build, and runs it if there is none.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
cd "$(dirname "$0")/.."
[ -f build/release/compile_commands.json ] || scripts/build.sh release
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(find bridge backends -name '*.cc' | LC_ALL=C sort)
tidy() {
  # Hide the count of suppressed warnings from system headers.
  clang-tidy -p build/release --quiet "$1" 2> >(grep -v 'warnings\? generated' >&2)
}
export -f tidy
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'tidy {}'

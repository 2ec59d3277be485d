#!/usr/bin/env bash
# scripts/lint.sh [FOLDER...]: runs clang-tidy (.clang-tidy) on bridge and
# backends, or on the given folders of them, such as bridge/feed. Every finding
# is an error. Uses the release build's commands, and builds first if there are
# none.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
cd "$(dirname "$0")/.."
commands=build/release/compile_commands.json
[ -f "$commands" ] || scripts/build.sh release
folders=("$@")
[ ${#folders[@]} -gt 0 ] || folders=(bridge backends)
# The build compiles several files as one, and so does clang-tidy: the files
# themselves count as headers.
mapfile -t sources < <(
  for folder in "${folders[@]}"; do
    sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$commands" |
      grep -E "^$PWD/(build/release/)?${folder%/}/.*\.(cc|cxx)$"
  done | LC_ALL=C sort -u)
[ ${#sources[@]} -gt 0 ] || { echo "lint.sh: nothing is compiled in: ${folders[*]}" >&2; exit 1; }
tidy() {
  # Hide the count of suppressed warnings from system headers.
  clang-tidy -p build/release --quiet --extra-arg=-Wno-unknown-warning-option \
    "$1" 2> >(grep -v 'warnings\? generated' >&2)
}
export -f tidy
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'tidy {}'

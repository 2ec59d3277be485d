#!/usr/bin/env bash
# scripts/lint.sh [--check | FOLDER...]: runs clang-tidy (.clang-tidy) on bridge
# and backends, or on the given folders of them, such as bridge/feed. Every
# finding is an error. Uses the release build's commands, and builds first if
# there are none.
#
# Versions of clang-tidy differ in what they find. The reference is Debian 12's
# version, which CI uses: with any other, --check is skipped.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
cd "$(dirname "$0")/.."
deciding=14
if [ "${1:-}" = --check ]; then
  shift
  version=$(clang-tidy --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
  if [ "$version" != "$deciding" ]; then
    echo "lint.sh: check skipped: needs clang-tidy $deciding, found $version"
    exit 0
  fi
fi
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
# Prints which file of how many begins.
tidy() { # NUMBER FILE
  echo "lint.sh: [$1/$count] ${2#"$PWD/"}" >&2
  # Hide the count of suppressed warnings from system headers.
  clang-tidy -p build/release --quiet --extra-arg=-Wno-unknown-warning-option \
    "$2" 2> >(grep -v 'warnings\? generated' >&2)
}
export -f tidy
export count=${#sources[@]}
for i in "${!sources[@]}"; do printf '%s\0%s\0' $((i + 1)) "${sources[i]}"; done |
  xargs -0 -P "$(nproc)" -n 2 bash -c 'tidy "$1" "$2"' tidy

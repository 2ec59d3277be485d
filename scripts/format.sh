#!/usr/bin/env bash
# Formats every C++ file. With --check, only reports files that need formatting.
#
# Versions of clang-format format a few lines differently. The reference is
# Debian 12's version, which CI uses: with any other, --check is skipped.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
cd "$(dirname "$0")/.."
deciding=14
mode=(-i)
case "${1:-}" in
  "") ;;
  --check) mode=(--dry-run -Werror) ;;
  *) echo "usage: scripts/format.sh [--check]" >&2; exit 2 ;;
esac
version=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "${1:-}" = --check ] && [ "$version" != "$deciding" ]; then
  echo "format.sh: check skipped: needs clang-format $deciding, found $version"
  exit 0
fi
find bridge backends tests \( -name node_modules -prune \) -o \
  \( -name '*.h' -o -name '*.cc' \) -print0 | xargs -0 clang-format "${mode[@]}"

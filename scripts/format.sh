#!/usr/bin/env bash
# Formats every C++ file; with --check only tells which are not formatted.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
case "${1:-}" in
  "") ;;
  --check) mode=(--dry-run -Werror) ;;
  *) echo "usage: scripts/format.sh [--check]" >&2; exit 2 ;;
esac
find bridge backends tests \( -name node_modules -prune \) -o \
  \( -name '*.h' -o -name '*.cc' \) -print0 | xargs -0 clang-format "${mode[@]}"

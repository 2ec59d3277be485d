#!/usr/bin/env bash
# Updates the settings tables in README.md from proto/bridge/v1/config.proto, as
# compiled into sse-bridge.
#
#   scripts/settings.sh [PRESET]      default: release
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
scripts/build.sh "$preset" sse-bridge >/dev/null
tables=$(mktemp)
trap 'rm -f "$tables"' EXIT
"build/$preset/bridge/sse-bridge" config --reference >"$tables"
sed -i -e '/^<!-- settings: begin -->$/,/^<!-- settings: end -->$/{
  /^<!-- settings: begin -->$/{
    p
    r '"$tables"'
    d
  }
  /^<!-- settings: end -->$/!d
}' README.md

#!/usr/bin/env bash
# Updates the settings tables in bridge/config/README.md from
# proto/bridge/v1/config.proto, as compiled into sse-bridge.
#
#   scripts/settings.sh [PRESET]      default: release
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
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
}' bridge/config/README.md

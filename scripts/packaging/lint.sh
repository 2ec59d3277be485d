#!/usr/bin/env bash
# lint.sh BRIDGE BACKENDS: checks the files of this folder, and what the two
# programs print for packages, with what Debian offers: promtool, yamllint, man,
# systemd-analyze. No container engine and no cluster is asked for.
set -euo pipefail
bridge=$(realpath "${1:?usage: lint.sh BRIDGE BACKENDS}")
backends=$(realpath "${2:?usage: lint.sh BRIDGE BACKENDS}")
cd "$(dirname "$0")"
fail() { echo "lint.sh: $*" >&2; exit 1; }
yamllint -s -c .yamllint .
promtool check rules prometheus/rules.yml
(cd prometheus && promtool test rules rules_test.yml)
python3 - <<'PY'
import json, re, subprocess
dashboard = json.load(open("grafana/dashboard.json"))
titles = [panel["title"] for panel in dashboard["panels"]]
assert len(set(titles)) == len(titles) and all(
    panel["targets"] for panel in dashboard["panels"])
PY
if command -v systemd-analyze >/dev/null; then
  # What the unit starts is not installed where it is checked.
  found=$(systemd-analyze verify systemd/*.service systemd/*.socket 2>&1 | grep -v 'is not executable' || true)
  [ -z "$found" ] || { echo "$found" >&2; exit 1; }
fi

# The version is the same everywhere.
version=$("$bridge" --version | cut -d ' ' -f 2)
[ "$(sed -n '1s/^sse-bridge (\(.*\)) .*/\1/p' debian/changelog)" = "$version" ] ||
  fail "debian/changelog does not begin with version $version"
grep -q "image: sse-bridge:$version$" kubernetes/sse-bridge.yaml ||
  fail "kubernetes/sse-bridge.yaml is not about version $version"
grep -q "sse-bridge_${version}_" README.md || fail "README.md names another version than $version"

# The manual pages: nothing that groff warns of, and no flag is missing.
for page in <("$bridge" config --manual) realtime-backends.1; do
  warned=$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
  [ -z "$warned" ] || fail "$page: $warned"
done
help=$("$backends" --help || true)
flags=$(sed -nE 's/^  --(\[no\])?([a-z-]+).*/\2/p' <<<"$help" |
  grep -vxE 'help|version' || true)
[ -n "$flags" ] || fail "realtime-backends --help lists no flag"
for flag in $flags; do
  grep -qE -- "(\\\\-|\[no\])${flag//-/\\\\-}\\\\fR" realtime-backends.1 ||
    fail "realtime-backends.1 has no --$flag"
done

# The completion, as bash calls it.
completes() { # WORD... WANTED
  (
    eval "$("$bridge" config --completion)"
    COMP_WORDS=("${@:1:$#-1}")
    COMP_CWORD=$(($# - 2))
    compopt() { :; }
    _sse_bridge
    [ "${COMPREPLY[*]}" = "${*: -1}" ] || fail "completion: ${COMPREPLY[*]} for $*"
  )
}
completes sse-bridge che check
completes sse-bridge --max-h --max-head=
completes sse-bridge --log-level = de debug
completes sse-bridge check --descr --descriptor-set=
completes sse-bridge --config "$PWD/lint" "$PWD/lint.sh"

#!/usr/bin/env bash
# Checks the files of this folder with what Debian offers: promtool, yamllint,
# systemd-analyze. No container engine and no cluster is asked for.
set -euo pipefail
cd "$(dirname "$0")"
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

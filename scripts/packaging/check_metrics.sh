#!/usr/bin/env bash
# check_metrics.sh FILE: a scrape is what Prometheus takes, and has every metric
# that the dashboard and the alerts ask for. FILE holds the text of /metrics.
set -euo pipefail
scrape=$(realpath "${1:?usage: check_metrics.sh FILE}")
cd "$(dirname "$0")"
promtool check metrics <"$scrape"
asked=$(grep -oh 'sse_bridge_[a-z_]*' grafana/dashboard.json prometheus/rules.yml kubernetes/*.yaml | sort -u)
missing=0
for metric in $asked; do
  grep -q "^# TYPE ${metric%_bucket} " "$scrape" || {
    echo "check_metrics.sh: nothing is called $metric" >&2
    missing=1
  }
done
exit $missing

#!/usr/bin/env bash
# tests/simulation/faults.sh [--seeds N] [FAULT...]: plants each fault of
# tests/simulation/faults (or those named) in a copy of the code, and checks that
# the simulation finds it within N seeds (10,000). All are planted at once and
# built once: which of them is active is chosen by SSE_FAULT.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
root=$(cd "$(dirname "$0")/../.." && pwd)
seeds=10000
if [ "${1:-}" = --seeds ]; then seeds=${2:?}; shift 2; fi
copy=$root/build/faults
mkdir -p "$copy"
# The build folder of the copy is kept, and with it what has not changed.
git -C "$root" ls-files -z --cached --others --exclude-standard |
  tar -C "$root" --null --ignore-failed-read -T - -c | tar -C "$copy" -x
python3 "$root"/tests/simulation/plant.py "$copy" "$root"/tests/simulation/faults/*.fault
(cd "$copy" && scripts/build.sh release simulation)
simulation=$copy/build/release/tests/simulation/simulation

if [ $# -eq 0 ]; then
  for file in "$root"/tests/simulation/faults/*.fault; do
    set -- "$@" "$(basename "$file" .fault)"
  done
fi
echo "without a fault: $("$simulation" --seeds 200 --jobs 2 | tail -1)"
missed=0
for fault in "$@"; do
  file=$root/tests/simulation/faults/$fault.fault
  [ -f "$file" ] || { echo "no fault $fault" >&2; exit 2; }
  found=$(SSE_FAULT=$fault "$simulation" --seeds "$seeds" --jobs 2 --failures 1 | grep FAILED | head -1 || true)
  if [ -n "$found" ]; then
    echo "found   $fault: $(cut -c1-120 <<<"$found")"
  else
    echo "MISSED  $fault: $(head -1 "$file")"
    missed=$((missed + 1))
  fi
done
echo "$(($# - missed)) of $# faults found"
[ "$missed" -eq 0 ]

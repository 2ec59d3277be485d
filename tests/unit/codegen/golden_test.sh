#!/usr/bin/env bash
# What the generators make of shop.proto is what golden/ has.
#
#   golden_test.sh PLUGIN_DIR            fails where it differs
#   golden_test.sh PLUGIN_DIR --update   takes what there is as right: look at
#                                        the diff before it is committed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
plugins=$(cd "$1" && pwd)
proto=$here/../../../proto
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# run PLUGIN FOLDER OPTIONS
run() {
  mkdir -p "$out/$2"
  protoc -I "$here" -I "$proto" --plugin="$plugins/protoc-gen-sse-$1" \
    "--sse-${1}_out=$3:$out/$2" shop.proto
}
run openapi openapi-3.2 title=Shop
run openapi openapi-3.1 openapi=3.1,auth_cookie=session
run openapi json format=json,version=7
run ts ts package=shop-client,version=1.2.3
# The runtime is the same for all.
rm -r "$out/ts/runtime"

if [ "${2:-}" = --update ]; then
  rm -rf "$here/golden"
  cp -r "$out" "$here/golden"
  exit
fi
diff -r "$here/golden" "$out"

# What a user got wrong is told, and nothing is written.
if run openapi wrong openapi=2.0 2>"$out/errors"; then exit 1; fi
grep -q 'openapi is 3.1 or 3.2, not "2.0"' "$out/errors"
if run ts wrong package=Shop 2>"$out/errors"; then exit 1; fi
grep -q 'package: "Shop" cannot be the name of an npm package' "$out/errors"
if run ts wrong nonsense=1 2>"$out/errors"; then exit 1; fi
grep -q 'unknown parameter "nonsense"' "$out/errors"

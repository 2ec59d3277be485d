#!/usr/bin/env bash
# Installs missing packages, builds, and runs all tests: committed outputs,
# formatting and lint, unit tests under asan+ubsan and tsan, fuzz targets
# (FUZZ_SECONDS each, default 30), then all tests with the release build.
set -euo pipefail
case "${1:-}" in
  -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

steps=$(grep -c '^step ' "$0")
current=0
step() { printf '\n== [%d/%d] %s (%ds)\n' $((++current)) "$steps" "$*" "$SECONDS"; }

step install
scripts/install.sh

step "committed outputs and formatting"
scripts/gen.sh --check
scripts/format.sh --check

step "build: release"
scripts/build.sh release

step lint
scripts/lint.sh --check

# The sanitizers' runtimes are looked for by whoever runs first; halting on the
# first finding makes each finding a failure. Abseil poisons unused slots of its
# hash tables in headers; newer versions unpoison them within Debian's library,
# which is not instrumented.
export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1:detect_stack_use_after_return=0:allow_user_poisoning=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:suppressions=$root/tests/tsan.supp

step "build: asan"
scripts/build.sh asan unit_tests fuzz_targets
step "test: asan"
ctest --preset asan -L unit -j2

step "build: tsan"
scripts/build.sh tsan tsan_tests
step "test: tsan"
ctest --preset tsan -L tsan -j2

step "fuzz"
scripts/fuzz.sh all "${FUZZ_SECONDS:-30}"

step "test: release"
ctest --preset release -j2

#!/usr/bin/env bash
# tests/conformance/suite.sh [--record]: protobuf's own conformance suite
# against `sse-bridge transcode`: every case of binary input and JSON output,
# required and recommended, of TestAllTypesProto3 and TestAllTypesProto2.
#
# The suite is in Debian's source package of protobuf. This script fetches and
# builds it (some minutes, in .run/conformance), so that scripts/test.sh does
# not run it; it runs conformance_test, which compares the program's answers
# with those in cases.txt. --record writes cases.txt anew: the suite's inputs,
# and the answers that its runner has accepted. It refuses to where one failed.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/conformance
work=$root/.run/conformance
mkdir -p "$work"
cd "$work"

if [ ! -x conformance_test_runner ]; then
  # Apt's own lists stay as they are: these say deb-src.
  mkdir -p lists/partial cache/archives/partial parts
  . /etc/os-release
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v release="$VERSION_CODENAME" '$2 == release { print $1; exit }')
  echo "deb-src $mirror $VERSION_CODENAME main" >sources.list
  apt=(-o Dir::Etc::sourcelist="$work/sources.list"
    -o Dir::Etc::sourceparts="$work/parts"
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache")
  apt-get "${apt[@]}" update -qq
  apt-get "${apt[@]}" source --download-only -qq protobuf
  rm -rf source
  mkdir source
  tar xf protobuf_*.orig.tar.* -C source --strip-components=1
  protoc -Isource/conformance -Isource/src --cpp_out=. \
    source/conformance/conformance.proto \
    google/protobuf/test_messages_proto{2,3}.proto
  printf '%s\n' source/conformance/{binary_json,text_format}_conformance_suite.cc \
    source/conformance/conformance_test{,_main,_runner}.cc \
    source/conformance/third_party/jsoncpp/jsoncpp.cpp \
    conformance.pb.cc google/protobuf/test_messages_proto{2,3}.pb.cc |
    xargs -P "$(nproc)" -I{} sh -c 'g++ -std=c++17 -O0 -w -I. -Isource/conformance \
      -Isource/conformance/third_party/jsoncpp -idirafter source/src \
      -c -o "$(basename "$1").o" "$1"' sh {}
  g++ -o conformance_test_runner ./*.o -lprotobuf -lpthread
fi

"$root/scripts/build.sh" release sse-bridge >&2
protoc -Isource/src --include_imports --descriptor_set_out=types.binpb \
  google/protobuf/test_messages_proto{2,3}.proto
rm -f cases.log
status=0
timeout 120 ./conformance_test_runner --verbose --enforce_recommended \
  "$here/testee.py" "$root/build/release/bridge/sse-bridge" types.binpb cases.log \
  >runner.log 2>&1 || status=$?
grep -a -m1 '^CONFORMANCE SUITE' runner.log
[ "$status" -eq 0 ] || {
  sed -n 's/^ERROR, test=\([^:]*\):.*/\1/p' runner.log
  exit 1
}
[ "${1:-}" = --record ] || exit 0
# The runner's names beside the testee's cases: both are in the same order.
grep -a '^conformance test: name=' runner.log |
  grep -a 'requested_output_format: JSON' |
  grep -av ', request=\(json\|jspb\|text\)_payload' |
  sed 's/^conformance test: name=\([^,]*\),.*/\1/' >names.log
[ "$(wc -l <names.log)" = "$(wc -l <cases.log)" ]
{
  echo "# NAME TYPE BASE64 ANSWER, recorded by suite.sh. Of errors only ERR counts."
  paste -d' ' names.log cases.log | sed 's/ ERR .*/ ERR/'
} >"$here/cases.txt"

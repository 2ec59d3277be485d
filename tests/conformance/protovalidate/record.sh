#!/usr/bin/env bash
# tests/conformance/protovalidate/record.sh [SOURCES]: writes cases.bin.gz anew
# from protovalidate's conformance suite, and runs protovalidate_test on it.
#
# SOURCES is a checkout of github.com/bufbuild/protovalidate; without it, the
# script clones the repository. Go and its protobuf library are those of Debian
# 13, in .run/protovalidate: Debian 12's are too old for the suite.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/tests/conformance/protovalidate
work=$root/.run/protovalidate
sources=${1:+$(cd "$1" && pwd)}
mkdir -p "$work"
cd "$work"

if [ ! -d go ]; then
  # Apt's own lists stay as they are.
  mkdir -p lists/partial cache/archives/partial parts debs
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
  echo "deb $mirror trixie main" >sources.list
  apt=(-o Dir::Etc::sourcelist="$work/sources.list"
    -o Dir::Etc::sourceparts="$work/parts"
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache")
  apt-get "${apt[@]}" update -qq
  (cd debs && apt-get "${apt[@]}" download -qq golang-1.24-go golang-1.24-src \
    golang-google-protobuf-dev)
  for deb in debs/*.deb; do dpkg -x "$deb" go.new; done
  mv go.new go
fi
[ -n "$sources" ] || {
  [ -d suite ] || git clone -q --depth 1 https://github.com/bufbuild/protovalidate suite
  sources=$work/suite
}

# Without a go.mod, imports are found in GOPATH.
rm -rf path
package=path/src/github.com/bufbuild/protovalidate
mkdir -p "$package"
cp -r "$sources/tools" "$package/tools"
cp -r go/usr/share/gocode/src/google.golang.org path/src/
record=$package/tools/protovalidate-conformance/record
mkdir "$record"
cp "$here/record.go" "$record/main.go"
(cd "$record" && env GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local GOPATH="$work/path" \
  GOCACHE="$work/gocache" GOROOT="$work/go/usr/lib/go-1.24" \
  "$work/go/usr/lib/go-1.24/bin/go" run .) | gzip -9n >cases.bin.gz
mv cases.bin.gz "$here/cases.bin.gz"
"$root/scripts/build.sh" release protovalidate_test >&2
ctest --test-dir "$root/build/release" -R '^protovalidate_test$' --output-on-failure

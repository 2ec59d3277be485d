#!/usr/bin/env bash
# tests/conformance/protovalidate/record.sh [--ref REF] [SOURCES]: writes
# cases.bin.gz anew from protovalidate's conformance suite, and runs
# protovalidate_test on it.
#
# SOURCES is a checkout of github.com/bufbuild/protovalidate. Without it, the
# script clones the repository, or brings its clone to REF: a tag such as v1.2.2,
# or a branch; the default is main. Go and its protobuf library are those of
# Debian 13, in .run/protovalidate, because Debian 12's are too old for the suite.
# Needs apt, git and the network. scripts/test.sh does not run this script; it
# runs protovalidate_test on the recorded cases.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/tests/conformance/protovalidate
work=$root/.run/protovalidate
repository=https://github.com/bufbuild/protovalidate
ref=main
sources=

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" | sed '$d'; }
fail() { echo "record.sh: $*" >&2; exit 1; }
misuse() { echo "record.sh: $*" >&2; usage >&2; exit 2; }

while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help) usage; exit 0 ;;
    --ref) [ $# -ge 2 ] || misuse "--ref needs a tag or a branch"
      ref=$2; shift ;;
    -*) misuse "unknown option '$1'" ;;
    *) [ -z "$sources" ] || misuse "more than one folder of sources"
      [ -d "$1" ] || misuse "folder '$1' does not exist"
      sources=$(cd "$1" && pwd) ;;
  esac
  shift
done
for tool in apt-get dpkg git gzip awk; do
  command -v "$tool" >/dev/null || fail "$tool is missing"
done

# What failed is said once, with the output of the command above it.
step="starting"
trap '[ $? -eq 0 ] || echo "record.sh: failed while $step; cases.bin.gz is as it was, unless the new cases are being tested" >&2' EXIT
mkdir -p "$work"
cd "$work"

if [ ! -x go/usr/lib/go-1.24/bin/go ]; then
  step="downloading Go from Debian 13"
  # Apt's own lists stay as they are.
  mkdir -p lists/partial cache/archives/partial parts debs
  . /etc/os-release
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v release="${VERSION_CODENAME:-}" '$2 == release && uri == "" { uri = $1 } END { print uri }')
  [ -n "$mirror" ] || fail "apt has no mirror of Debian ${VERSION_CODENAME:-}: see /etc/apt"
  echo "deb $mirror trixie main" >sources.list
  apt=(-o Dir::Etc::sourcelist="$work/sources.list"
    -o Dir::Etc::sourceparts="$work/parts"
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache")
  apt-get "${apt[@]}" update -qq
  (cd debs && apt-get "${apt[@]}" download -qq golang-1.24-go golang-1.24-src \
    golang-google-protobuf-dev)
  step="unpacking Go"
  rm -rf go go.new
  for deb in debs/*.deb; do dpkg -x "$deb" go.new; done
  mv go.new go
fi

if [ -z "$sources" ]; then
  step="fetching $ref of $repository"
  if [ ! -d suite ]; then
    rm -rf suite.new
    git init -q suite.new
    git -C suite.new remote add origin "$repository"
    mv suite.new suite
  fi
  git -C suite fetch -q --depth 1 origin "$ref"
  git -C suite checkout -q --detach FETCH_HEAD
  sources=$work/suite
fi
[ -d "$sources/tools/protovalidate-conformance" ] ||
  fail "$sources has no tools/protovalidate-conformance: is it a checkout of bufbuild/protovalidate?"
version=$(git -C "$sources" describe --tags --always 2>/dev/null || echo "no commit")

step="running the suite's sources ($version)"
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
  "$work/go/usr/lib/go-1.24/bin/go" run .) >cases.bin
[ -s cases.bin ] || fail "the suite has no cases"
gzip -9n <cases.bin >cases.bin.gz
rm cases.bin

step="building protovalidate_test"
"$root/scripts/build.sh" release protovalidate_test >&2
cp "$here/cases.bin.gz" before.bin.gz
mv cases.bin.gz "$here/cases.bin.gz"
step="testing the new cases (the former ones are $work/before.bin.gz)"
ctest --test-dir "$root/build/release" -R '^protovalidate_test$' --output-on-failure
echo "recorded $version: tests/conformance/protovalidate/cases.bin.gz"

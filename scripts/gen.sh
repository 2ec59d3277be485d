#!/usr/bin/env bash
# Runs protoc for everything in gen/, or for your own .proto files.
#
#   scripts/gen.sh                        writes gen/: C++, descriptors, the
#                                         OpenAPI document, the TypeScript client
#   scripts/gen.sh --check                fails if a committed output is stale
#   scripts/gen.sh --proto-dir DIR --out DIR [--package NAME] [--title TITLE]
#                  [-I DIR]... [--openapi 3.1] [--default-routes] [--strict]
#                  [--service-config FILE] [--package-version VERSION]
#                  [--license LICENSE]
#                                         the same for the .proto files in DIR:
#                                         descriptors/schema.binpb,
#                                         openapi/openapi.yaml (titled TITLE),
#                                         ts/ (an npm package NAME)
#   scripts/gen.sh --image FILE --out DIR ...
#                                         the same for a descriptor set or an
#                                         image of buf, of the files in it that
#                                         are no imports
#   scripts/gen.sh --cpp-only             only gen/cpp (used by the build)
#   scripts/gen.sh --own-descriptors DIR  only the bridge's own descriptor sets,
#                                         in DIR (used by the build)
#
# --openapi 3.1: omits the events of streams, for tools that do not support 3.2.
# --default-routes: includes methods without a route, like the bridge's option
#                   of the same name.
# --strict: fails if a method cannot be served; otherwise it is left out with a
#           warning.
# --service-config FILE: routes and options by selector, like the bridge's option
#           of the same name, which needs the file too.
# --package-version VERSION, --license LICENSE: of the npm package; by default
#           0.1.0 and UNLICENSED.
# -I DIR: also searches this folder for imports. May be repeated.
# google/api (annotations, http, httpbody, client, field_behavior, field_info,
# launch_stage, resource, routing, visibility), google/rpc, buf/validate and
# sse/v1 are always found and need not be copied.
# Files in an edition, and images, need buf: the one in BUF, on the
# PATH or in node_modules, else npm fetches @bufbuild/buf.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
proto_dir=$root/proto
out=$root/gen
mode=all
package=
package_options=
title=
openapi=3.2
routes=
service_config=
image=
includes=()

npm_name='[a-z0-9~-][a-z0-9._~-]*'

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }
fail() { echo "gen.sh: $*" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case "$1" in
    --check) mode=check ;;
    --cpp-only) mode=cpp ;;
    --own-descriptors) [ $# -ge 2 ] || fail "--own-descriptors needs a folder"
      out=$2; mode=own; shift ;;
    --proto-dir) [ $# -ge 2 ] || fail "--proto-dir needs a folder"
      proto_dir=$2; mode=user; shift ;;
    --image) [ $# -ge 2 ] || fail "--image needs a file"
      image=$2; mode=user; shift ;;
    -I | -I*)
      include=${1#-I}
      if [ -z "$include" ]; then
        [ $# -ge 2 ] || fail "-I needs a folder"
        include=$2; shift
      fi
      [ -d "$include" ] || fail "folder '$include' does not exist"
      includes+=("$(cd "$include" && pwd)") ;;
    --out) [ $# -ge 2 ] || fail "--out needs a folder"
      out=$2; shift ;;
    --package) [ $# -ge 2 ] || fail "--package needs a name"
      [ ${#2} -le 214 ] && [[ $2 =~ ^(@$npm_name/)?$npm_name$ ]] ||
        fail "--package: '$2' cannot be the name of an npm package: it is NAME or" \
          "@SCOPE/NAME in lower case, without blanks"
      package=$2; shift ;;
    --package-version | --license) [ $# -ge 2 ] || fail "$1 needs a value"
      case "$2" in *,*) fail "$1 must not contain a comma" ;; esac
      name=${1#--}
      package_options+=${name#package-}=$2, ; shift ;;
    --title) [ $# -ge 2 ] || fail "--title needs a value"
      case "$2" in *,*) fail "--title must not contain a comma" ;; esac
      title=$2; shift ;;
    --openapi) [ $# -ge 2 ] || fail "--openapi needs a version"
      openapi=$2; shift ;;
    --default-routes) routes+=default_routes, ;;
    --strict) routes+=strict, ;;
    --service-config) [ $# -ge 2 ] || fail "--service-config needs a file"
      [ -f "$2" ] || fail "file '$2' does not exist"
      [ -z "$service_config" ] || fail "--service-config is given twice"
      service_config=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
      case "$service_config" in
        *,*) fail "the path of --service-config must not contain a comma" ;;
      esac
      routes+=service_config=$service_config, ; shift ;;
    -h|--help) usage; exit 0 ;;
    *) fail "unknown option '$1'" ;;
  esac
  shift
done
[ "$mode" != user ] || [ "$out" != "$root/gen" ] ||
  fail "--proto-dir and --image need --out"
[ -z "$image" ] || [ "$proto_dir" = "$root/proto" ] ||
  fail "either --proto-dir or --image"
[ -z "$image" ] || [ -f "$image" ] || fail "file '$image' does not exist"
[ -d "$proto_dir" ] || fail "folder '$proto_dir' does not exist"
[ ${#includes[@]} -eq 0 ] || [ "$proto_dir" != "$root/proto" ] ||
  fail "-I needs --proto-dir"
proto_dir=$(cd "$proto_dir" && pwd)
# Where imports are found, the first folder first. What has no C++ here is in
# scripts/proto.
import_path=("$proto_dir" "${includes[@]}" "$root/proto" "$root/scripts/proto")
command -v protoc >/dev/null || fail "protoc is missing: run scripts/install.sh"

protos_in() { (cd "$1" && find . -name '*.proto' -printf '%P\n' | LC_ALL=C sort); }

# write_if_changed SRC DST: keeps the timestamps of unchanged files, so that
# their dependents are not rebuilt.
write_if_changed() {
  cmp -s "$1" "$2" && return
  mkdir -p "$(dirname "$2")"
  mv "$1" "$2.tmp.$$"
  mv "$2.tmp.$$" "$2"
}

tmp=$(mktemp -d)
# Both plugins have the same to say.
clean_up() {
  [ ! -e "$tmp/messages" ] || awk '!seen[$0]++' "$tmp/messages" >&2
  rm -rf "$tmp"
}
trap clean_up EXIT

# write_descriptors OUT_FILE FILE...: writes a self-contained descriptor set, with
# imports and comments.
write_descriptors() {
  local to=$1 files=("${@:2}")
  [ ${#files[@]} -gt 0 ] || fail "no .proto files in '$proto_dir'"
  (cd "$proto_dir" && protoc "${import_path[@]/#/-I}" \
    --include_imports --include_source_info \
    --descriptor_set_out="$tmp/set.binpb" "${files[@]}")
  write_if_changed "$tmp/set.binpb" "$to"
}

# write_own DIR: writes the descriptor sets of the built-in services and of the
# settings.
write_own() {
  local served
  # Leave out services that the bridge calls itself but does not serve.
  mapfile -t served < <(protos_in "$root/proto" | grep -v -e '^grpc/' -e '^bridge/')
  write_descriptors "$1/builtin.binpb" "${served[@]}"
  write_descriptors "$1/config.binpb" bridge/v1/config.proto
}

write_cpp() {
  local files grpc_files
  mapfile -t files < <(protos_in "$root/proto")
  mapfile -t grpc_files < <(cd "$root/proto" && grep -l '^service ' "${files[@]}")
  mkdir -p "$tmp/cpp"
  protoc -I "$root/proto" --cpp_out="$tmp/cpp" "${files[@]/#/$root/proto/}"
  protoc -I "$root/proto" --grpc_out="$tmp/cpp" \
    --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" \
    "${grpc_files[@]/#/$root/proto/}"
  (cd "$tmp/cpp" && find . -type f -printf '%P\n') | while read -r f; do
    write_if_changed "$tmp/cpp/$f" "$root/gen/cpp/$f"
  done
}

# SSE_BRIDGE_PLUGINS: folder with prebuilt plugins.
plugins=${SSE_BRIDGE_PLUGINS:-$root/build/release/bridge/codegen}
plugin_names=(protoc-gen-sse-openapi protoc-gen-sse-ts)
outputs=(openapi ts)

build_plugins() {
  [ -z "${SSE_BRIDGE_PLUGINS:-}" ] || return 0
  "$root/scripts/build.sh" release "${plugin_names[@]}" >"$tmp/build" 2>&1 || {
    cat "$tmp/build" >&2
    exit 1
  }
}

# Sets ${options[NAME]}: the parameters of each plugin.
plugin_options() {
  declare -gA options=(
    [openapi]=${routes}openapi=$openapi${title:+,title=$title}
    [ts]=${routes}${package_options}${package:+package=$package,}
  )
}

# Runs the plugins on ${protos[@]}; each writes to its own folder in DIR.
run_plugins() { # DIR
  local name
  plugin_options
  for name in "${outputs[@]}"; do
    mkdir -p "$1/$name"
    (cd "$proto_dir" && protoc "${import_path[@]/#/-I}" \
      --plugin="$plugins/protoc-gen-sse-$name" \
      "--sse-${name}_out=${options[$name]%,}:$1/$name" "${protos[@]}" \
      2>>"$tmp/messages")
  done
}

# Sets ${buf[@]}, which runs buf. protoc 3.21 knows no editions.
find_buf() {
  local candidate
  for candidate in "${BUF:-}" "$(command -v buf || true)" \
    {"$PWD","$root"}/node_modules/.bin/buf; do
    [ ! -x "$candidate" ] || { buf=("$candidate"); return; }
  done
  command -v npm >/dev/null ||
    fail "buf is missing: install it or npm, or set BUF"
  buf=(npm exec --yes --package=@bufbuild/buf@^1.50 -- buf)
}

# in_editions: whether one of ${protos[@]} needs buf.
in_editions() {
  [ ${#protos[@]} -gt 0 ] &&
    (cd "$proto_dir" && grep -q -E '^[[:space:]]*edition[[:space:]]*=' "${protos[@]}")
}

# Builds ${protos[@]} as an image, in which all other files are imports.
write_image() { # OUT_FILE
  local module=$tmp/module file i except paths=()
  mkdir -p "$module"
  # The first folder of the import path last, so that its files prevail.
  for ((i = ${#import_path[@]} - 1; i > 0; --i)); do
    except=()
    [ "${import_path[i]}" != "$root/proto" ] ||
      except=(! -path './realtime/*' ! -path './bridge/*')
    (cd "${import_path[i]}" && find . -name '*.proto' "${except[@]}" -print0 |
      xargs -0 -r cp --no-preserve=mode --parents -t "$module")
  done
  for file in "${protos[@]}"; do
    install -D -m 644 "$proto_dir/$file" "$module/$file"
    paths+=(--path "$module/$file")
  done
  (cd "$tmp" && "${buf[@]}" build "$module" "${paths[@]}" -o "$1")
}

json_string() { sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&"/' <<<"$1"; }

# Runs the plugins on an image; each writes to its own folder in DIR.
run_plugins_on_image() { # IMAGE DIR
  local name list=
  plugin_options
  for name in "${outputs[@]}"; do
    mkdir -p "$2/$name"
    list+=${list:+,}$(printf '{"local":%s,"out":%s,"opt":%s,"strategy":"all"}' \
      "$(json_string "$plugins/protoc-gen-sse-$name")" \
      "$(json_string "$2/$name")" "$(json_string "${options[$name]%,}")")
  done
  (cd "$tmp" && "${buf[@]}" generate "$1" --template \
    "{\"version\":\"v2\",\"plugins\":[$list]}" 2>>"$tmp/messages")
}

# copy FROM TO: copies the files of FROM to TO and keeps other files in TO.
copy() {
  (cd "$1" && find . -type f -printf '%P\n') | while read -r f; do
    [ ! -e "$2/$f" ] || cmp -s "$1/$f" "$2/$f" || rm "$2/$f"
    [ -e "$2/$f" ] || { mkdir -p "$(dirname "$2/$f")"; cp "$1/$f" "$2/$f"; }
  done
}

# Says what is in OUT.
report() {
  local file name
  for file in descriptors/schema.binpb openapi/openapi.yaml; do
    [ ! -e "$out/$file" ] || echo "gen.sh: wrote $out/$file"
  done
  [ -e "$out/ts/package.json" ] || return 0
  name=$(sed -n 's/^  "name": "\(.*\)",$/\1/p' "$out/ts/package.json")
  echo "gen.sh: wrote $out/ts, the npm package $name"
}

# differs NAME: compares committed with generated outputs, including extra files.
differs() { diff -r -q -x node_modules -x package-lock.json "$tmp/gen/$1" "$root/gen/$1"; }

# Runs the plugins on the bridge's own .proto files; writes to DIR.
run_own_plugins() { # DIR
  mapfile -t protos < <(protos_in "$root/proto" | grep '^realtime/')
  package=realtime-client
  run_plugins "$1"
}

case "$mode" in
  all)
    write_cpp
    write_own "$root/gen/descriptors"
    build_plugins
    run_own_plugins "$tmp/gen"
    for name in "${outputs[@]}"; do
      copy "$tmp/gen/$name" "$root/gen/$name"
      { differs "$name" || true; } |
        sed -n 's|^Only in \('"$root"'/gen/[^:]*\): |\1/|p' | xargs -r rm -r
    done ;;
  cpp) write_cpp ;;
  own) write_own "$out" ;;
  user)
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    mapfile -t protos < <(protos_in "$proto_dir")
    if [ -n "$image" ]; then
      image=$(cd "$(dirname "$image")" && pwd)/$(basename "$image")
      find_buf
    elif in_editions; then
      find_buf
      image=$tmp/image.binpb
      write_image "$image"
    else
      write_descriptors "$out/descriptors/schema.binpb" "${protos[@]}"
    fi
    if [ -n "$image" ]; then
      (cd "$tmp" && "${buf[@]}" build "$image" --as-file-descriptor-set -o set.binpb)
      write_if_changed "$tmp/set.binpb" "$out/descriptors/schema.binpb"
    fi
    for name in "${plugin_names[@]}"; do
      [ -x "$plugins/$name" ] || { build_plugins; break; }
    done
    if [ -n "$image" ]; then
      run_plugins_on_image "$image" "$tmp/gen"
    else
      run_plugins "$tmp/gen"
    fi
    # Files of the runtime that another version has written.
    [ ! -e "$tmp/gen/ts/runtime" ] || rm -rf "$out/ts/runtime"
    copy "$tmp/gen" "$out"
    report ;;
  check)
    write_own "$tmp/own"
    for set in builtin config; do
      cmp -s "$tmp/own/$set.binpb" "$root/gen/descriptors/$set.binpb" || {
        echo "gen.sh: gen/descriptors/$set.binpb is stale: run scripts/gen.sh" >&2
        exit 1
      }
    done
    build_plugins
    run_own_plugins "$tmp/gen"
    for name in "${outputs[@]}"; do
      differs "$name" >&2 || {
        echo "gen.sh: gen/$name is stale: run scripts/gen.sh" >&2
        exit 1
      }
    done ;;
esac

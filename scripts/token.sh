#!/usr/bin/env bash
# Prints a token (JWT, HS256) signed with the development key.
#
#   scripts/token.sh SUBJECT [--scope S]... [--role R]... [--ttl SECONDS]
#                    [--key FILE] [--issuer I] [--audience A]
#
# FILE holds the HMAC secret, at least 32 bytes; one trailing newline is ignored.
# Default: .run/dev.key, which scripts/run.sh creates. SECONDS is how long the
# token is valid; default: 3600.
set -euo pipefail
# Treat arguments as bytes, so that they are passed on unchanged.
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)

fail() {
  echo "token.sh: $1" >&2
  exit 2
}

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# json_string TEXT: prints TEXT as a JSON string.
json_string() {
  local text=$1 out='' c i
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case "$c" in
      '"') out+='\"' ;;
      \\) out+='\\' ;;
      [[:cntrl:]]) out+=$(printf '\\u%04x' "'$c") ;;
      *) out+=$c ;;
    esac
  done
  printf '"%s"' "$out"
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

subject='' scopes='' roles='' ttl=3600 key=$root/.run/dev.key issuer='' audience=''
has_subject=no
while [ $# -gt 0 ]; do
  option=$1
  case "$option" in
    --help | -h) usage; exit 0 ;;
    --*=*) set -- "${option%%=*}" "${option#*=}" "${@:2}"; continue ;;
    --scope | --role | --ttl | --key | --issuer | --audience)
      [ $# -ge 2 ] || fail "$option needs a value"
      value=$2
      shift
      ;;
    -*) fail "unknown option $option (see --help)" ;;
    *)
      [ $has_subject = no ] || fail "only one SUBJECT is allowed (see --help)"
      subject=$option has_subject=yes
      ;;
  esac
  case "$option" in
    --scope)
      case "$value" in '' | *' '*) fail "--scope must be one word: '$value'" ;; esac
      scopes+=${scopes:+ }$value
      ;;
    --role)
      [ -n "$value" ] || fail "--role is empty"
      roles+=${roles:+,}$(json_string "$value")
      ;;
    --ttl) ttl=$value ;;
    --key) key=$value ;;
    --issuer) issuer=$value ;;
    --audience) audience=$value ;;
  esac
  shift
done
[ -n "$subject" ] || fail "no SUBJECT given (see --help)"
[[ $ttl =~ ^[1-9][0-9]{0,9}$ ]] || fail "--ttl must be a positive number of seconds: '$ttl'"
[ -e "$key" ] || fail "no key file $key (scripts/run.sh creates the development key)"
[ -r "$key" ] || fail "cannot read $key"
[ ! -d "$key" ] || fail "$key is a directory"

secret=$(od -An -tx1 -v < "$key" | tr -d ' \n')
case "$secret" in
  *2d2d2d2d2d424547494e20* | 7b* | 5b*) fail "$key does not hold an HMAC secret" ;;
esac
secret=${secret%0a}
[ ${#secret} -ge 64 ] || fail "the secret in $key is shorter than 32 bytes"

now=$(date +%s)
claims="{\"sub\":$(json_string "$subject"),\"iat\":$now,\"exp\":$((now + ttl))"
claims+=",\"jti\":\"$(openssl rand -hex 8)\""
[ -z "$scopes" ] || claims+=",\"scope\":$(json_string "$scopes")"
[ -z "$roles" ] || claims+=",\"roles\":[$roles]"
[ -z "$issuer" ] || claims+=",\"iss\":$(json_string "$issuer")"
[ -z "$audience" ] || claims+=",\"aud\":$(json_string "$audience")"
claims+='}'

signed=$(printf '%s' '{"alg":"HS256","typ":"JWT"}' | base64url)
signed+=.$(printf '%s' "$claims" | base64url)
signature=$(printf '%s' "$signed" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" -binary | base64url)
printf '%s.%s\n' "$signed" "$signature"

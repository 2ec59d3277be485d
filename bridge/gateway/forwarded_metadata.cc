#include "bridge/gateway/forwarded_metadata.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/name_pattern.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/upstream/metadata_name.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kOwnPrefix = "x-sse-";

// Headers that are specific to one connection (RFC 9110, 7.6.1), belong to the
// bridge, or describe the body that it reads.
constexpr absl::string_view kNotForwarded[] = {
    "accept-encoding",     "content-encoding", "expect",
    "http2-settings",      "last-event-id",    "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "traceparent",
};

// Headers with which clients could forge their address.
constexpr absl::string_view kAddressHeaders[] = {"forwarded", "x-real-ip",
                                                 kAddressMetadata};

// Forwarded only if named in full: credentials, and headers set by proxies.
constexpr absl::string_view kForwardedInFull[] = {"authorization", "cookie"};
constexpr absl::string_view kProxyPrefix = "x-forwarded-";

// Checks whether a header with this name may be forwarded at all.
absl::Status CheckName(absl::string_view name) {
  if (!IsMetadataName(name)) {
    return absl::InvalidArgumentError(
        "not a valid metadata name; use letters, digits, '-', '_' and '.'");
  }
  if (IsReservedMetadata(name)) {
    return absl::InvalidArgumentError("reserved by gRPC or HTTP/2");
  }
  if (absl::StartsWith(name, kOwnPrefix) ||
      absl::c_linear_search(kNotForwarded, name)) {
    return absl::InvalidArgumentError(
        "reserved by the bridge, or specific to one connection");
  }
  if (absl::c_linear_search(kAddressHeaders, name)) {
    return absl::InvalidArgumentError(
        "clients can forge it; use forward_client_address for the client's "
        "address");
  }
  return absl::OkStatus();
}

absl::Status Quoted(absl::string_view name, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("\"", absl::CHexEscape(name),
                                                  "\": ", status.message()));
}

// Adds the values of a header "...-bin": base64, with or without padding,
// separated by commas (gRPC over HTTP/2, "Requests"). Returns false if
// malformed.
bool AddBinary(const std::string& name, absl::string_view value,
               Metadata* metadata) {
  for (absl::string_view text : absl::StrSplit(value, ',')) {
    std::string bytes;
    if (!absl::Base64Unescape(absl::StripAsciiWhitespace(text), &bytes)) {
      return false;
    }
    metadata->emplace_back(name, std::move(bytes));
  }
  return true;
}

}  // namespace

absl::Status ForwardedMetadata::CheckHeader(absl::string_view name) {
  const std::string lower = absl::AsciiStrToLower(name);
  if (!IsNamePattern(lower)) return Quoted(name, CheckName(lower));
  std::string rest = lower;
  rest.erase(std::remove(rest.begin(), rest.end(), '*'), rest.end());
  if (!rest.empty() && !IsMetadataName(rest)) {
    return Quoted(name, absl::InvalidArgumentError(
                            "not a valid metadata name pattern; use letters, "
                            "digits, '-', '_', '.' and '*'"));
  }
  // Such a pattern could match only headers that are never forwarded.
  const std::string fixed = lower.substr(0, lower.find('*'));
  if (absl::StartsWith(fixed, "grpc-") || absl::StartsWith(fixed, kOwnPrefix) ||
      absl::StartsWith(fixed, kProxyPrefix)) {
    return Quoted(
        name, absl::InvalidArgumentError("patterns never match such headers"));
  }
  return absl::OkStatus();
}

absl::Status ForwardedMetadata::CheckClaimName(absl::string_view name) {
  if (absl::StartsWith(name, kOwnPrefix) && IsMetadataName(name) &&
      name != kSubjectMetadata && !IsBinaryMetadata(name)) {
    return absl::OkStatus();
  }
  if (IsBinaryMetadata(name) || absl::c_linear_search(kForwardedInFull, name)) {
    return Quoted(name, absl::InvalidArgumentError(
                            "a claim cannot be sent under this name"));
  }
  return Quoted(name, CheckName(name));
}

absl::StatusOr<ForwardedMetadata> ForwardedMetadata::Create(Options options) {
  for (std::string& name : options.headers) {
    if (absl::Status good = CheckHeader(name); !good.ok()) return good;
    absl::AsciiStrToLower(&name);
    if (absl::c_linear_search(options.claim_names, name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", name, "\": a claim is sent under this name"));
    }
  }
  for (const std::string& name : options.claim_names) {
    if (absl::Status good = CheckClaimName(name); !good.ok()) return good;
  }
  return ForwardedMetadata(std::move(options));
}

ForwardedMetadata::ForwardedMetadata(Options options)
    : options_(std::move(options)) {}

bool ForwardedMetadata::Forwards(absl::string_view name) const {
  // The names of claims are reserved even if the token lacks the claim.
  if (!CheckName(name).ok() ||
      absl::c_linear_search(options_.claim_names, name))
    return false;
  const bool named_in_full = absl::c_linear_search(kForwardedInFull, name) ||
                             absl::StartsWith(name, kProxyPrefix);
  return std::any_of(options_.headers.begin(), options_.headers.end(),
                     [&](const std::string& header) {
                       return IsNamePattern(header)
                                  ? !named_in_full &&
                                        MatchesPattern(header, name)
                                  : header == name;
                     });
}

absl::StatusOr<Metadata> ForwardedMetadata::Of(
    const HttpExchange& exchange, const std::optional<Identity>& identity,
    const BrowserRules* browsers) const {
  Metadata metadata;
  if (options_.client_address && !exchange.client_address().empty()) {
    metadata.emplace_back(kAddressMetadata, exchange.client_address());
  }
  if (identity.has_value()) {
    metadata.insert(metadata.end(), identity->claims.begin(),
                    identity->claims.end());
  }
  if (!options_.headers.empty()) {
    for (const auto& [header, value] : exchange.headers()) {
      const std::string name = absl::AsciiStrToLower(header);
      if (!Forwards(name)) continue;
      if (name == "cookie" && browsers != nullptr &&
          !browsers->MayUseCookies(exchange)) {
        return absl::PermissionDeniedError(
            "cookies are not accepted from pages of this origin");
      }
      if (IsBinaryMetadata(name)) {
        if (AddBinary(name, value, &metadata)) continue;
        return absl::InvalidArgumentError(
            absl::StrCat("the header ", name, " is not base64"));
      }
      if (!IsMetadataText(value)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the header ", name, " contains a non-ASCII character"));
      }
      metadata.emplace_back(name, value);
    }
  }
  size_t bytes = 0;
  for (const auto& [name, value] : metadata)
    bytes += name.size() + value.size();
  if (bytes > kMaxBytes || metadata.size() > kMaxValues) {
    return absl::InvalidArgumentError(
        absl::StrCat("the headers and claims to forward exceed ", kMaxValues,
                     " values or ", kMaxBytes, " bytes"));
  }
  return metadata;
}

std::string MetadataKey(Metadata metadata) {
  std::stable_sort(
      metadata.begin(), metadata.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string key;
  for (const auto& [name, value] : metadata) {
    absl::StrAppend(&key, name.size(), ":", name, value.size(), ":", value);
  }
  return key;
}

}  // namespace sse_bridge

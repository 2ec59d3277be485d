#include "bridge/access/token_claims.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/access/escaped_text.h"
#include "bridge/access/strict_json.h"
#include "bridge/access/visible_text.h"

namespace sse_bridge {
namespace {

using nlohmann::json;

// The last second of the year 9999. Later times are invalid and would cause
// overflows.
constexpr double kMaxNumericDate = 253402300799.0;

const json* FindPath(const json& object, absl::string_view path) {
  if (const json* whole = FindMember(object, path)) return whole;
  const size_t dot = path.find('.');
  if (dot == absl::string_view::npos) return nullptr;
  const json* member = FindMember(object, path.substr(0, dot));
  return member == nullptr ? nullptr : FindPath(*member, path.substr(dot + 1));
}

// Reads the NumericDate `name`, which may have a fraction. Returns false if it
// is present but invalid.
bool ReadTime(const json& claims, absl::string_view name,
              std::optional<absl::Time>* time) {
  const json* claim = FindMember(claims, name);
  if (claim == nullptr) return true;
  if (!claim->is_number()) return false;
  const double seconds = claim->get<double>();
  if (!(seconds >= 0 && seconds <= kMaxNumericDate)) return false;
  *time = absl::UnixEpoch() + absl::Seconds(seconds);
  return true;
}

TokenError CheckTimes(const json& claims, const ClaimRules& rules,
                      absl::Time now, Identity* identity) {
  std::optional<absl::Time> expires, not_before, issued;
  if (!ReadTime(claims, "exp", &expires) ||
      !ReadTime(claims, "nbf", &not_before) ||
      !ReadTime(claims, "iat", &issued)) {
    return TokenError::kClaims;
  }
  if (!expires && rules.require_expiry) return TokenError::kClaims;
  if (expires) {
    identity->expires = *expires + rules.leeway;
    if (now >= identity->expires) return TokenError::kExpired;
  }
  if (not_before && now + rules.leeway < *not_before) {
    return TokenError::kNotYetValid;
  }
  if (issued && now + rules.leeway < *issued) return TokenError::kNotYetValid;
  return TokenError::kNone;
}

TokenError CheckIssuer(const json& claims, const std::string& issuer) {
  const json* claim = FindMember(claims, "iss");
  if (claim != nullptr && !claim->is_string()) return TokenError::kClaims;
  if (issuer.empty()) return TokenError::kNone;
  return claim != nullptr && *claim == issuer ? TokenError::kNone
                                              : TokenError::kIssuer;
}

TokenError CheckAudience(const json& claims, const std::string& audience) {
  const json* claim = FindMember(claims, "aud");
  bool found = false;
  if (claim != nullptr && claim->is_string()) {
    found = *claim == audience;
  } else if (claim != nullptr && claim->is_array()) {
    for (const json& value : *claim) {
      if (!value.is_string()) return TokenError::kClaims;
      found = found || value == audience;
    }
  } else if (claim != nullptr) {
    return TokenError::kClaims;
  }
  return found || audience.empty() ? TokenError::kNone : TokenError::kAudience;
}

// Reads an array of strings, or a string, which is split at spaces if `split`
// is set. Returns false for anything else.
bool ReadNames(const json* claim, bool split, std::vector<std::string>* names) {
  if (claim == nullptr) return true;
  if (claim->is_array()) {
    for (const json& value : *claim) {
      if (!value.is_string()) return false;
      names->push_back(value.get_ref<const std::string&>());
    }
  } else if (!claim->is_string()) {
    return false;
  } else if (const auto& text = claim->get_ref<const std::string&>(); split) {
    *names = absl::StrSplit(text, ' ', absl::SkipEmpty());
  } else if (!text.empty()) {
    names->push_back(text);
  }
  return std::none_of(
      names->begin(), names->end(),
      [](const std::string& name) { return name.empty() || !IsVisible(name); });
}

// Converts a claim to a metadata value.
std::string MetadataValue(const json& claim) {
  if (claim.is_string())
    return EscapedText(claim.get_ref<const std::string&>());
  return claim.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/true);
}

}  // namespace

ForwardedClaim ParseForwardedClaim(absl::string_view text) {
  const size_t mark = text.rfind('=');
  if (mark != absl::string_view::npos) {
    return {std::string(text.substr(0, mark)),
            std::string(text.substr(mark + 1))};
  }
  return {std::string(text),
          absl::StrCat("x-sse-claim-", absl::AsciiStrToLower(text))};
}

absl::string_view TokenErrorText(TokenError error) {
  switch (error) {
    case TokenError::kNone:
      return "none";
    case TokenError::kTooLong:
      return "too long";
    case TokenError::kMalformed:
      return "malformed";
    case TokenError::kHeader:
      return "invalid header";
    case TokenError::kAlgorithm:
      return "unsupported algorithm";
    case TokenError::kCritical:
      return "critical extension";
    case TokenError::kType:
      return "wrong type";
    case TokenError::kUnknownKey:
      return "unknown key";
    case TokenError::kSignature:
      return "wrong signature";
    case TokenError::kClaims:
      return "invalid claims";
    case TokenError::kExpired:
      return "expired";
    case TokenError::kNotYetValid:
      return "not yet valid";
    case TokenError::kIssuer:
      return "wrong issuer";
    case TokenError::kAudience:
      return "wrong audience";
    case TokenError::kSubject:
      break;
  }
  return "invalid subject";
}

TokenError ReadClaims(const json& claims, const ClaimRules& rules,
                      absl::Time now, Identity* identity) {
  TokenError error = CheckTimes(claims, rules, now, identity);
  if (error != TokenError::kNone) return error;
  error = CheckIssuer(claims, rules.issuer);
  if (error != TokenError::kNone) return error;
  error = CheckAudience(claims, rules.audience);
  if (error != TokenError::kNone) return error;

  const json* subject = FindPath(claims, rules.subject_claim);
  if (subject == nullptr || !subject->is_string()) return TokenError::kSubject;
  identity->subject = subject->get_ref<const std::string&>();
  if (identity->subject.size() > kMaxSubjectBytes ||
      !IsVisibleName(identity->subject)) {
    return TokenError::kSubject;
  }

  if (!ReadNames(FindPath(claims, rules.scopes_claim), /*split=*/true,
                 &identity->scopes) ||
      !ReadNames(FindPath(claims, rules.roles_claim), /*split=*/false,
                 &identity->roles)) {
    return TokenError::kClaims;
  }

  for (const ForwardedClaim& forwarded : rules.forwarded) {
    const json* claim = FindPath(claims, forwarded.claim);
    if (claim == nullptr || claim->is_null()) continue;
    identity->claims.emplace_back(forwarded.metadata, MetadataValue(*claim));
  }

  if (const json* id = FindMember(claims, "jti")) {
    if (!id->is_string()) return TokenError::kClaims;
    identity->token_id = id->get_ref<const std::string&>();
    // Otherwise the deny list could not name it.
    if (identity->token_id.size() > kMaxTokenIdBytes ||
        (!identity->token_id.empty() && !IsVisibleName(identity->token_id))) {
      return TokenError::kClaims;
    }
  }
  return TokenError::kNone;
}

}  // namespace sse_bridge

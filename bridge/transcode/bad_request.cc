#include "bridge/transcode/bad_request.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/transcode/scalar_text.h"
#include "google/rpc/error_details.pb.h"

namespace sse_bridge {

namespace {

constexpr size_t kMaxQuotedBytes = 100;

}  // namespace

absl::Status BadRequestError(std::vector<FieldViolation> violations) {
  if (violations.size() > kMaxFieldViolations) {
    violations.resize(kMaxFieldViolations);
  }
  const FieldViolation& first = violations.front();
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(
      first.field, first.field.empty() ? "" : ": ", first.description));
  google::rpc::BadRequest details;
  for (FieldViolation& violation : violations) {
    auto* out = details.add_field_violations();
    out->set_field(std::move(violation.field));
    out->set_description(std::move(violation.description));
  }
  status.SetPayload(kBadRequestTypeUrl,
                    absl::Cord(absl::string_view(details.SerializeAsString())));
  return status;
}

absl::Status BadRequestError(absl::string_view field,
                             absl::string_view description) {
  std::vector<FieldViolation> violations;
  violations.push_back({std::string(field), std::string(description)});
  return BadRequestError(std::move(violations));
}

std::string NameForMessage(absl::string_view text) {
  const bool cut = text.size() > kMaxQuotedBytes;
  text = CutText(text, kMaxQuotedBytes);
  std::string out =
      IsValidUtf8(text) ? absl::Utf8SafeCEscape(text) : absl::CHexEscape(text);
  if (cut) out += "...";
  return out;
}

std::string QuoteForMessage(absl::string_view text) {
  return absl::StrCat("\"", NameForMessage(text), "\"");
}

}  // namespace sse_bridge

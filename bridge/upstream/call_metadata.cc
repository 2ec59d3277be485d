#include "bridge/upstream/call_metadata.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/read_file.h"
#include "bridge/upstream/metadata_name.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxFileBytes = 64 * 1024;

// Prefix of metadata that the bridge sets itself.
constexpr absl::string_view kOwnPrefix = "x-sse-";

absl::Status ParseLine(absl::string_view line, Metadata* metadata) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos) {
    return absl::InvalidArgumentError("expected `name: value`");
  }
  const std::string name =
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(line.substr(0, colon)));
  std::string value(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  if (value.empty()) {
    return absl::InvalidArgumentError("the value is missing");
  }
  if (absl::StartsWith(name, kOwnPrefix)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "names that begin with ", kOwnPrefix, " are reserved for the bridge"));
  }
  if (absl::EndsWith(name, "-bin")) {
    std::string bytes;
    if (!absl::Base64Unescape(value, &bytes)) {
      return absl::InvalidArgumentError(
          "the value of a name that ends in -bin must be base64");
    }
    value = std::move(bytes);
  }
  Metadata one = {{name, std::move(value)}};
  if (absl::Status status = CheckMetadata(one); !status.ok()) return status;
  metadata->push_back(std::move(one.front()));
  return absl::OkStatus();
}

}  // namespace

Metadata SelectMetadata(Metadata metadata, const MetadataFilter& wanted) {
  Metadata selected;
  size_t bytes = 0;
  for (auto& [name, value] : metadata) {
    if (!wanted(name)) continue;
    const size_t size = name.size() + value.size();
    if (size > kMaxToldMetadataBytes - bytes) continue;
    bytes += size;
    selected.emplace_back(std::move(name), std::move(value));
  }
  return selected;
}

absl::Status CheckMetadata(const Metadata& metadata) {
  for (const auto& [name, value] : metadata) {
    const std::string key = absl::AsciiStrToLower(name);
    if (!IsMetadataName(key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata: \"", absl::CHexEscape(name),
                       "\" is not a name that can be sent"));
    }
    if (IsReservedMetadata(key)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata: the name \"", key, "\" is reserved"));
    }
    // gRPC aborts the program if metadata cannot be sent, so check here.
    if (!IsBinaryMetadata(key) && !IsMetadataText(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("metadata: the value of \"", key,
                       "\" is not printable ASCII; names of binary values "
                       "end in -bin"));
    }
  }
  return absl::OkStatus();
}
absl::StatusOr<Metadata> ParseCallMetadata(absl::string_view text) {
  Metadata metadata;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    if (absl::Status status = ParseLine(line, &metadata); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", status.message()));
    }
  }
  return metadata;
}

absl::StatusOr<std::shared_ptr<CallMetadata>> CallMetadata::Load(
    std::string file) {
  std::shared_ptr<CallMetadata> metadata(new CallMetadata(std::move(file)));
  if (absl::Status status = metadata->Reload(); !status.ok()) return status;
  return metadata;
}

absl::Status CallMetadata::Reload() {
  auto text = ReadFile(file_, kMaxFileBytes);
  if (!text.ok()) return text.status();
  auto metadata = ParseCallMetadata(*text);
  if (!metadata.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_, ": ", metadata.status().message()));
  }
  MutexLock lock(&mu_);
  metadata_ = std::make_shared<const Metadata>(*std::move(metadata));
  return absl::OkStatus();
}

void CallMetadata::AddTo(Metadata* metadata) const {
  std::shared_ptr<const Metadata> own;
  {
    MutexLock lock(&mu_);
    own = metadata_;
  }
  const auto is_own = [&own](const auto& entry) {
    return std::any_of(own->begin(), own->end(), [&entry](const auto& mine) {
      return absl::EqualsIgnoreCase(mine.first, entry.first);
    });
  };
  metadata->erase(std::remove_if(metadata->begin(), metadata->end(), is_own),
                  metadata->end());
  metadata->insert(metadata->end(), own->begin(), own->end());
}

}  // namespace sse_bridge

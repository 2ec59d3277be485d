#include "bridge/schema/option_origin.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// No comment begins like this: the merger drops the comments that the sources
// have in this place.
constexpr absl::string_view kOriginMark = "\1origin:";

}  // namespace

void SetOptionOrigins(const std::map<SourcePath, std::string>& origins,
                      pb::FileDescriptorProto* file) {
  if (origins.empty()) return;
  auto* locations = file->mutable_source_code_info()->mutable_location();
  // Of two locations with one path, protobuf uses the last. Those in the file
  // belong to the value that was replaced.
  for (pb::SourceCodeInfo::Location& location : *locations) {
    const SourcePath path(location.path().begin(), location.path().end());
    if (origins.contains(path)) location.Clear();
  }
  for (const auto& [path, origin] : origins) {
    pb::SourceCodeInfo::Location* location = locations->Add();
    for (int number : path) location->add_path(number);
    for (int i = 0; i < 3; ++i) location->add_span(0);
    location->add_leading_detached_comments(absl::StrCat(kOriginMark, origin));
  }
}

std::string OptionOrigin(const pb::SourceLocation& location) {
  if (location.leading_detached_comments.empty()) return "";
  const absl::string_view text = location.leading_detached_comments.front();
  return absl::StartsWith(text, kOriginMark)
             ? std::string(text.substr(kOriginMark.size()))
             : "";
}

}  // namespace sse_bridge

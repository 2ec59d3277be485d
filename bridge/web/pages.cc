#include "bridge/web/pages.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bridge/web/page_headers.h"

namespace sse_bridge {
namespace {

// If-None-Match (RFC 9110, 13.1.2): a list of tags or "*", compared weakly.
bool Matches(absl::string_view if_none_match, absl::string_view etag) {
  for (absl::string_view tag : absl::StrSplit(if_none_match, ',')) {
    tag = absl::StripAsciiWhitespace(tag);
    if (tag == "*") return true;
    absl::ConsumePrefix(&tag, "W/");
    if (tag == etag) return true;
  }
  return false;
}

}  // namespace

Pages::Pages(absl::Span<const WebFile> files) {
  for (const WebFile& file : files) files_.emplace(file.path, &file);
}

const WebFile* Pages::Find(absl::string_view raw_path) const {
  const auto it = files_.find(raw_path);
  return it == files_.end() ? nullptr : it->second;
}

HttpResponse Pages::Answer(const WebFile& file, const HttpExchange& exchange) {
  HttpResponse response;
  response.headers = {{"Cache-Control", "no-cache"},
                      {"ETag", std::string(file.etag)}};
  AddPageHeaders(&response);
  for (absl::string_view tags : exchange.HeaderValues("If-None-Match")) {
    if (!Matches(tags, file.etag)) continue;
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", std::string(file.content_type));
  response.body = std::string(file.content);
  return response;
}

}  // namespace sse_bridge

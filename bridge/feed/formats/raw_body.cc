#include "bridge/feed/formats/raw_body.h"

namespace sse_bridge {

OutputFormat::Traits RawBodyFormat::traits() const {
  return {.verbatim = true, .bytes = true};
}

void RawBodyFormat::SetContentType(std::string type) {
  content_type_ = SafeContentType(type);
}

std::vector<std::pair<std::string, std::string>> RawBodyFormat::headers()
    const {
  return RawBodyHeaders();
}

std::optional<std::string> RawBodyFormat::EmptyBody() const {
  return std::nullopt;
}

void RawBodyFormat::AppendEvent(const StreamEvent& event, int,
                                std::string* out) {
  if (event.kind != EventKind::kMessage) return;
  out->append(event.data.data(), event.data.size());
}

void RawBodyFormat::AppendEnd(const StreamEvent*, CloseReason, std::string*) {}

std::string SafeContentType(absl::string_view type) {
  constexpr char kUnknown[] = "application/octet-stream";
  for (unsigned char c : type) {
    if (c < 0x20 || c == 0x7f) return kUnknown;
  }
  return type.empty() ? kUnknown : std::string(type);
}

std::vector<std::pair<std::string, std::string>> RawBodyHeaders() {
  // Prevents browsers from running scripts in the body.
  return {{"Content-Security-Policy", "default-src 'none'; sandbox"}};
}

}  // namespace sse_bridge

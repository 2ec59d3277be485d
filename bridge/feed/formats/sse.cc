#include "bridge/feed/formats/sse.h"

#include "absl/strings/str_cat.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {

OutputFormat::Traits SseFormat::traits() const {
  return {.verbatim = true, .comments = true, .ids = true};
}

std::string SseFormat::Open(const Opening& opening) const {
  std::string text = RetryLine(absl::ToInt64Milliseconds(opening.retry));
  absl::StrAppend(&text, CommentFrame("open"));
  if (!opening.comment.empty()) {
    absl::StrAppend(&text, CommentFrame(opening.comment));
  }
  return text;
}

std::optional<std::string> SseFormat::EmptyBody() const { return std::nullopt; }

void SseFormat::AppendEvent(const StreamEvent& event, int, std::string* out) {
  AppendSseEvent(event, out);
}

void SseFormat::AppendEnd(const StreamEvent* last, CloseReason,
                          std::string* out) {
  if (last != nullptr) AppendSseEvent(*last, out);
}

}  // namespace sse_bridge

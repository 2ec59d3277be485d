#include "bridge/transcode/sse_format.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

bool EndsLine(char c) { return c == '\r' || c == '\n' || c == '\0'; }

TextSpan AppendLine(absl::string_view field, absl::string_view value,
                    std::string* out) {
  out->append(field.data(), field.size());
  const size_t begin = out->size();
  out->append(value.data(), value.size());
  if (!IsOneLine(value)) {
    std::replace_if(out->begin() + static_cast<ptrdiff_t>(begin), out->end(),
                    EndsLine, ' ');
  }
  const TextSpan span = SpanOf(begin, out->size());
  *out += '\n';
  return span;
}

}  // namespace

std::string CommentFrame(absl::string_view text) {
  std::string frame;
  AppendLine(": ", text, &frame);
  frame += '\n';
  return frame;
}

std::string RetryLine(int64_t milliseconds) {
  return absl::StrCat("retry: ", std::max<int64_t>(milliseconds, 0), "\n");
}

void AppendSseEvent(const StreamEvent& event, std::string* out,
                    EventSpans* spans) {
  EventSpans unused;
  if (spans == nullptr) spans = &unused;
  *spans = EventSpans();
  if (!event.comment.empty()) {
    spans->comment = AppendLine(": ", event.comment, out);
    *out += '\n';
  }
  if (!event.name.empty()) {
    spans->name = AppendLine(kSseName, event.name, out);
  }
  // An empty id makes a browser reset its last event ID (WHATWG HTML, 9.2.6).
  if (!event.id.empty() || event.kind == EventKind::kReset) {
    spans->id = AppendLine(kSseId, event.id, out);
  }
  spans->data = AppendLine(kSseData, event.data, out);
  *out += '\n';
}

bool IsOneLine(absl::string_view value) {
  // Three passes of memchr are much faster than one search for all three
  // characters.
  return value.find('\n') == absl::string_view::npos &&
         value.find('\r') == absl::string_view::npos &&
         value.find('\0') == absl::string_view::npos;
}

void RemoveLineEnds(size_t from, std::string* s) {
  const auto begin = s->begin() + static_cast<ptrdiff_t>(from);
  s->erase(std::remove_if(begin, s->end(), EndsLine), s->end());
}

}  // namespace sse_bridge

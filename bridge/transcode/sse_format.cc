#include "bridge/transcode/sse_format.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

bool EndsLine(char c) { return c == '\r' || c == '\n' || c == '\0'; }

}  // namespace

std::string CommentFrame(absl::string_view text) {
  std::string frame = absl::StrCat(": ", text);
  std::replace_if(frame.begin(), frame.end(), EndsLine, ' ');
  frame += "\n\n";
  return frame;
}

std::string RetryLine(int64_t milliseconds) {
  return absl::StrCat("retry: ", std::max<int64_t>(milliseconds, 0), "\n");
}

std::string EventFrame(absl::string_view event, absl::string_view data) {
  std::string frame;
  if (!event.empty()) {
    frame = absl::StrCat("event: ", event);
    RemoveLineEnds(0, &frame);
    frame += '\n';
  }
  frame += "data: ";
  for (size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '\r' || data[i] == '\n') {
      if (data[i] == '\r' && i + 1 < data.size() && data[i + 1] == '\n') ++i;
      frame += "\ndata: ";
    } else {
      frame += data[i];
    }
  }
  frame += "\n\n";
  return frame;
}

std::string StatusEvent(absl::string_view status_json, absl::string_view id) {
  std::string frame = EventFrame(kStatusEventName, status_json);
  if (!id.empty()) {
    frame.insert(frame.find('\n') + 1, absl::StrCat("id: ", id, "\n"));
  }
  return frame;
}

bool IsOneLine(absl::string_view value) {
  return std::none_of(value.begin(), value.end(), EndsLine);
}

void RemoveLineEnds(size_t from, std::string* s) {
  const auto begin = s->begin() + static_cast<ptrdiff_t>(from);
  s->erase(std::remove_if(begin, s->end(), EndsLine), s->end());
}

}  // namespace sse_bridge

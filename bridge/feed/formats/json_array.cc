#include "bridge/feed/formats/json_array.h"

#include "absl/strings/str_cat.h"

namespace sse_bridge {

absl::string_view JsonArrayFormat::Separator() {
  if (!first_) return ",\n";
  first_ = false;
  return "";
}

void JsonArrayFormat::AppendEvent(const StreamEvent& event, int,
                                  std::string* out) {
  switch (event.kind) {
    case EventKind::kMessage:
      absl::StrAppend(out, Separator(), event.data);
      break;
    case EventKind::kReset:
    case EventKind::kUnreadable:
      absl::StrAppend(out, Separator(), "{\"", event.name, "\":", event.data,
                      "}");
      break;
    case EventKind::kUpstream:
      break;
    case EventKind::kStatus:
      ended_ = true;
      if (event.code != absl::StatusCode::kOk) {
        absl::StrAppend(out, Separator(), "{\"error\":", event.data, "}");
      }
      *out += "]\n";
      break;
  }
}

void JsonArrayFormat::AppendEnd(const StreamEvent* last, CloseReason reason,
                                std::string* out) {
  if (ended_) return;
  AppendEvent(last != nullptr ? *last : StatusOfEnd(reason), /*tag=*/0, out);
}

}  // namespace sse_bridge

#include "bridge/feed/formats/ndjson.h"

#include "absl/strings/str_cat.h"

namespace sse_bridge {

void NdjsonFormat::AppendEvent(const StreamEvent& event, int,
                               std::string* out) {
  switch (event.kind) {
    case EventKind::kMessage:
      absl::StrAppend(out, event.data, "\n");
      break;
    case EventKind::kReset:
    case EventKind::kUnreadable:
    case EventKind::kUpstream:
      absl::StrAppend(out, "{\"", event.name, "\":", event.data, "}\n");
      break;
    case EventKind::kStatus:
      ended_ = true;
      if (event.code == absl::StatusCode::kOk) break;
      absl::StrAppend(out, "{\"error\":", event.data, "}\n");
      break;
  }
}

void NdjsonFormat::AppendEnd(const StreamEvent* last, CloseReason reason,
                             std::string* out) {
  if (ended_) return;
  AppendEvent(last != nullptr ? *last : StatusOfEnd(reason), /*tag=*/0, out);
}

}  // namespace sse_bridge

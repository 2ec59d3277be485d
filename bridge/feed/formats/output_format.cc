#include "bridge/feed/formats/output_format.h"

#include "bridge/base/event_names.h"

namespace sse_bridge {
namespace {

// Keeps the info that delivery's counters and queues need. The spans refer to
// the rendered SSE and are not valid here.
FramePtr Rendered(absl::string_view text, FrameInfo info) {
  if (text.empty()) return nullptr;
  info.spans = EventSpans();
  return Frame::Create(text, info);
}

}  // namespace

FramePtr OutputFormat::Rewrite(const Frame& frame, int tag) {
  if (!frame.info().is_event) {
    return traits().comments ? Frame::Create(frame.payload(), frame.info())
                             : nullptr;
  }
  std::string text;
  AppendEvent(frame.event(), tag, &text);
  return Rendered(text, frame.info());
}

FramePtr OutputFormat::RewriteEnd(const FramePtr& last, CloseReason reason) {
  std::string text;
  if (last == nullptr) {
    AppendEnd(nullptr, reason, &text);
    return Rendered(text, {});
  }
  const StreamEvent event = last->event();
  AppendEnd(&event, reason, &text);
  return Rendered(text, last->info());
}

StreamEvent StatusOfEnd(CloseReason reason) {
  StreamEvent event;
  event.kind = EventKind::kStatus;
  event.name = kStatusEventName;
  switch (reason) {
    case CloseReason::kEnded:
      event.data = R"({"code":0})";
      break;
    case CloseReason::kMaxAge:
      event.code = absl::StatusCode::kUnavailable;
      event.data = R"({"code":14,"message":"the stream's max_age is over"})";
      break;
    default:
      event.code = absl::StatusCode::kUnavailable;
      event.data = R"({"code":14,"message":"the bridge is shutting down"})";
  }
  return event;
}

}  // namespace sse_bridge

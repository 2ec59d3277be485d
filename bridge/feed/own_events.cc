#include "bridge/feed/own_events.h"

#include <string>
#include <utility>

#include "bridge/base/event_names.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kAwayComment = "upstream is away";

FramePtr UpstreamFrame(absl::string_view comment, absl::string_view json,
                       int8_t condition) {
  StreamEvent event;
  event.kind = EventKind::kUpstream;
  event.name = kUpstreamEventName;
  event.data = json;
  event.comment = comment;
  event.key = kUpstreamKey;
  FrameInfo info;
  info.condition = condition;
  return EventFrame(event, info);
}

}  // namespace

FramePtr EncodedEventFrame(const EncodedFrame& encoded, FrameInfo info) {
  info.spans = encoded.spans;
  info.audience = Audience::Create(encoded.only_to, encoded.not_to);
  return Frame::Create(encoded.payload, std::move(info));
}

FramePtr EventFrame(const StreamEvent& event, FrameInfo info) {
  info.kind = event.kind;
  info.code = event.code;
  info.key = event.key;
  info.born_ns = event.born_ns;
  std::string text;
  AppendSseEvent(event, &text, &info.spans);
  return Frame::Create(text, info);
}

FramePtr StatusFrame(absl::StatusCode code, absl::string_view json,
                     absl::string_view id, uint32_t retry_ms) {
  StreamEvent event;
  event.kind = EventKind::kStatus;
  event.name = kStatusEventName;
  event.id = id;
  event.data = json;
  event.code = code;
  FrameInfo info;
  info.retry_ms = retry_ms;
  return EventFrame(event, info);
}

FramePtr UnreadableFrame(const EncodedFrame& encoded) {
  FrameInfo info;
  info.kind = EventKind::kUnreadable;
  info.key = kUnreadableKey;
  return EncodedEventFrame(encoded, info);
}

FramePtr AwayFrame(bool hidden) {
  static const FramePtr* const comment = new FramePtr(
      Frame::Create(CommentFrame(kAwayComment), {.is_event = false}));
  static const FramePtr* const event = new FramePtr(
      UpstreamFrame(kAwayComment, R"({"state":"away"})", /*condition=*/1));
  return hidden ? *comment : *event;
}

FramePtr BackFrame() {
  static const FramePtr* const event =
      new FramePtr(UpstreamFrame("", R"({"state":"back"})", /*condition=*/-1));
  return *event;
}

}  // namespace sse_bridge

#include "bridge/feed/own_events.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

FramePtr UpstreamFrame(absl::string_view comment, absl::string_view state,
                       int8_t condition) {
  const std::string event =
      absl::StrCat(comment, "event: ", kUpstreamEventName, "\n");
  const std::string head = absl::StrCat(event, "data: ");
  const std::string data = absl::StrCat("{\"state\":\"", state, "\"}");
  FrameInfo info;
  info.event_end = info.id_end = static_cast<uint32_t>(event.size());
  info.data_begin = static_cast<uint32_t>(head.size());
  info.data_end = static_cast<uint32_t>(head.size() + data.size());
  info.key = kUpstreamKey;
  info.kind = FrameKind::kUpstream;
  info.condition = condition;
  return Frame::Create(absl::StrCat(head, data, "\n\n"), info);
}

std::string AwayComment() { return CommentFrame("upstream is away"); }

}  // namespace

FramePtr UnreadableFrame(const EncodedFrame& encoded) {
  FrameInfo info;
  info.event_end = static_cast<uint32_t>(encoded.event_end);
  info.id_end = static_cast<uint32_t>(encoded.id_end);
  info.data_begin = static_cast<uint32_t>(encoded.data_begin);
  info.data_end = static_cast<uint32_t>(encoded.data_end);
  info.key = kUnreadableKey;
  info.kind = FrameKind::kUnreadable;
  return Frame::Create(encoded.payload, info);
}

FramePtr AwayFrame(bool hidden) {
  static const FramePtr* const comment =
      new FramePtr(Frame::Create(AwayComment(), {.is_event = false}));
  static const FramePtr* const event =
      new FramePtr(UpstreamFrame(AwayComment(), "away", 1));
  return hidden ? *comment : *event;
}

FramePtr BackFrame() {
  static const FramePtr* const event =
      new FramePtr(UpstreamFrame("", "back", -1));
  return *event;
}

}  // namespace sse_bridge

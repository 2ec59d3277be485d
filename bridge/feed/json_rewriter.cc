#include "bridge/feed/json_rewriter.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/base/event_names.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {

FramePtr JsonRewriter::Rewrite(const Frame& frame, int) {
  const FrameInfo& info = frame.info();
  if (!info.is_event) return nullptr;
  if (info.kind != FrameKind::kEvent || info.data_begin == 0) {
    return RewriteOwn(frame);
  }
  const absl::string_view json =
      frame.payload().substr(info.data_begin, info.data_end - info.data_begin);
  const std::string text = form_ == Form::kLines
                               ? absl::StrCat(json, "\n")
                               : absl::StrCat(first_ ? "" : ",\n", json);
  first_ = false;
  return Frame::Create(text, info);
}

FramePtr JsonRewriter::RewriteOwn(const Frame& frame) {
  constexpr absl::string_view kData = "data: ";
  absl::string_view json = frame.payload();
  const size_t data = json.find(kData);
  if (data == absl::string_view::npos) return nullptr;
  json.remove_prefix(data + kData.size());
  json = json.substr(0, json.find('\n'));
  const bool lines = form_ == Form::kLines;
  absl::string_view name;
  switch (frame.info().kind) {
    case FrameKind::kReset:
      name = kResetEventName;
      break;
    case FrameKind::kUnreadable:
      name = kUnreadableEventName;
      break;
    case FrameKind::kUpstream:
      // An array is read when it is whole: how it came about is no news then.
      if (!lines) return nullptr;
      name = kUpstreamEventName;
      break;
    case FrameKind::kEvent:
    case FrameKind::kStatus:
      break;
  }
  if (!name.empty()) {
    const std::string text =
        absl::StrCat(lines || first_ ? "" : ",\n", "{\"", name, "\":", json,
                     "}", lines ? "\n" : "");
    first_ = false;
    return Frame::Create(text, frame.info());
  }
  // The code comes first; canonical JSON leaves 0 out. Details may well have
  // members of this name too.
  constexpr absl::string_view kCode = "{\"code\":";
  const bool ok = json.substr(0, kCode.size()) != kCode ||
                  json.substr(kCode.size(), 1) == "0";
  std::string text;
  if (!ok) {
    text = absl::StrCat(form_ == Form::kArray && !first_ ? ",\n" : "",
                        "{\"error\":", json, "}",
                        form_ == Form::kLines ? "\n" : "");
  }
  ended_ = true;
  if (form_ == Form::kArray) text += "]\n";
  if (text.empty()) return nullptr;
  return Frame::Create(text, frame.info());
}

FramePtr JsonRewriter::RewriteEnd(const FramePtr& last, CloseReason reason) {
  if (ended_) return nullptr;
  if (last) return RewriteOwn(*last);
  switch (reason) {
    case CloseReason::kEnded:
      return RewriteOwn(*Frame::Create(StatusEvent("{\"code\":0}")));
    case CloseReason::kMaxAge:
      return RewriteOwn(*Frame::Create(StatusEvent(
          R"({"code":14,"message":"the stream's max_age is over"})")));
    default:
      return RewriteOwn(*Frame::Create(StatusEvent(
          R"({"code":14,"message":"the bridge is shutting down"})")));
  }
}

}  // namespace sse_bridge

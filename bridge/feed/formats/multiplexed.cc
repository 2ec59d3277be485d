#include "bridge/feed/formats/multiplexed.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/bundle_cursor.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {

MultiplexedFormat::MultiplexedFormat(std::vector<Part> parts) {
  for (Part& part : parts) {
    const size_t stream = streams_.size();
    streams_.push_back({std::move(part.name), std::nullopt, "", ""});
    if (!part.keys.empty()) {
      streams_.back().cursor.emplace(std::move(part.keys));
    }
    for (size_t i = 0; i < part.ids.size(); ++i) {
      calls_.push_back({stream, i});
      SetId(calls_.back(), part.ids[i]);
    }
    Refresh(&streams_.back());
  }
}

void MultiplexedFormat::SetId(const Call& call, absl::string_view id) {
  Stream& stream = streams_[call.stream];
  if (stream.cursor.has_value()) {
    stream.cursor->Set(call.index, id);
  } else {
    stream.id = std::string(id);
  }
}

void MultiplexedFormat::Refresh(Stream* stream) {
  if (stream->cursor.has_value()) stream->id = stream->cursor->Text();
  stream->piece.clear();
  if (!stream->id.empty() && !stream->name.empty()) {
    BundleCursor::AppendTo(stream->name, stream->id, &stream->piece);
  }
}

std::string MultiplexedFormat::Cursor() const {
  if (streams_.size() == 1 && streams_[0].name.empty()) return streams_[0].id;
  std::string cursor;
  for (const Stream& stream : streams_) {
    if (stream.piece.empty()) continue;
    absl::StrAppend(&cursor, cursor.empty() ? "" : "&", stream.piece);
  }
  return cursor.size() <= kMaxIdBytes ? cursor : std::string(kLostId);
}

OutputFormat::Traits MultiplexedFormat::traits() const {
  Traits traits = SseFormat::traits();
  traits.verbatim = false;
  return traits;
}

void MultiplexedFormat::AppendEvent(const StreamEvent& event, int tag,
                                    std::string* out) {
  const Call& call = calls_[static_cast<size_t>(tag)];
  if (event.kind != EventKind::kMessage) return AppendOwn(event, call, out);
  StreamEvent told = event;
  if (const std::string& name = streams_[call.stream].name; !name.empty()) {
    told.name = name;
  }
  if (event.id.empty()) return AppendSseEvent(told, out);
  SetId(call, event.id);
  Refresh(&streams_[call.stream]);
  const std::string cursor = Cursor();
  told.id = cursor;
  AppendSseEvent(told, out);
}

void MultiplexedFormat::AppendOwn(StreamEvent event, const Call& call,
                                  std::string* out) {
  const std::string& name = streams_[call.stream].name;
  const bool reset = event.kind == EventKind::kReset;
  // The end of the only stream on a connection is the end of the connection.
  // Its ID marks the end and contains no positions.
  if (name.empty() && !reset && event.kind != EventKind::kUnreadable) {
    return AppendSseEvent(event, out);
  }
  std::string cursor, data;
  if (reset || !event.id.empty()) {
    // After a reset, this call has no position; after its end, the position is
    // the end; after an unreadable message, that message. The other calls keep
    // their positions.
    SetId(call, event.id);
    Refresh(&streams_[call.stream]);
    cursor = Cursor();
    event.id = cursor;
  }
  absl::string_view members = event.data;
  if (!name.empty() && absl::ConsumePrefix(&members, "{")) {
    // Names are validated as plain words, so they need no JSON escapes.
    absl::StrAppend(&data, "{\"stream\":\"", name, "\"",
                    members == "}" ? "" : ",", members);
    event.data = data;
  }
  AppendSseEvent(event, out);
}

}  // namespace sse_bridge

#include "bridge/feed/bundle_rewriter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/bundle_cursor.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kId = "id: ";

// Between "id: " and the end of the line; empty without an id.
absl::string_view IdOf(const Frame& frame) {
  const FrameInfo& info = frame.info();
  if (info.id_end == info.event_end) return {};
  return frame.payload().substr(info.event_end + kId.size(),
                                info.id_end - info.event_end - kId.size() - 1);
}

}  // namespace

BundleRewriter::BundleRewriter(std::vector<Part> parts) {
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

void BundleRewriter::SetId(const Call& call, absl::string_view id) {
  Stream& stream = streams_[call.stream];
  if (stream.cursor.has_value()) {
    stream.cursor->Set(call.index, id);
  } else {
    stream.id = std::string(id);
  }
}

void BundleRewriter::Refresh(Stream* stream) {
  if (stream->cursor.has_value()) stream->id = stream->cursor->Text();
  stream->piece.clear();
  if (!stream->id.empty() && !stream->name.empty()) {
    BundleCursor::AppendTo(stream->name, stream->id, &stream->piece);
  }
}

std::string BundleRewriter::Cursor() const {
  if (streams_.size() == 1 && streams_[0].name.empty()) return streams_[0].id;
  std::string cursor;
  for (const Stream& stream : streams_) {
    if (stream.piece.empty()) continue;
    absl::StrAppend(&cursor, cursor.empty() ? "" : "&", stream.piece);
  }
  return cursor.size() <= kMaxIdBytes ? cursor : std::string(kLostId);
}

FramePtr BundleRewriter::Rewrite(const Frame& frame, int tag) {
  const FrameInfo& info = frame.info();
  if (!info.is_event) return Frame::Create(frame.payload(), info);
  const Call& call = calls_[static_cast<size_t>(tag)];
  if (info.kind != FrameKind::kEvent || info.data_begin == 0) {
    return RewriteOwn(frame, call);
  }

  const absl::string_view payload = frame.payload();
  const std::string& name = streams_[call.stream].name;
  const absl::string_view id = IdOf(frame);
  FrameInfo rewritten = info;
  std::string text = name.empty()
                         ? std::string(payload.substr(0, info.event_end))
                         : absl::StrCat("event: ", name, "\n");
  rewritten.event_end = static_cast<uint32_t>(text.size());
  if (!id.empty()) {
    SetId(call, id);
    Refresh(&streams_[call.stream]);
    absl::StrAppend(&text, kId, Cursor(), "\n");
  }
  rewritten.id_end = static_cast<uint32_t>(text.size());
  const uint32_t data_line = std::max(info.event_end, info.id_end);
  rewritten.data_begin += rewritten.id_end - data_line;
  rewritten.data_end += rewritten.id_end - data_line;
  const absl::string_view rest = payload.substr(data_line);
  text.append(rest.data(), rest.size());
  return Frame::Create(text, rewritten);
}

FramePtr BundleRewriter::RewriteOwn(const Frame& frame, const Call& call) {
  constexpr absl::string_view kData = "data: {";
  const absl::string_view payload = frame.payload();
  const std::string& name = streams_[call.stream].name;
  const size_t data = payload.find(kData);
  if (data == absl::string_view::npos) return nullptr;
  // Of a stream that is alone on the connection the end is the connection's:
  // its id says so, and nothing of the calls.
  const bool reset = frame.info().kind == FrameKind::kReset;
  if (name.empty() && !reset && frame.info().kind != FrameKind::kUnreadable) {
    return Frame::Create(payload, frame.info());
  }

  FrameInfo info = frame.info();
  std::string text(payload.substr(0, info.event_end));
  if (reset || !IdOf(frame).empty()) {
    // After a reset this call stands nowhere, after its end at the end, after
    // a message that cannot be shown there; the others where they stood.
    SetId(call, reset ? absl::string_view() : IdOf(frame));
    Refresh(&streams_[call.stream]);
    absl::StrAppend(&text, kId, Cursor(), "\n");
    info.id_end = static_cast<uint32_t>(text.size());
  } else {
    text = std::string(payload.substr(0, data));
  }
  absl::StrAppend(&text, kData);
  info.data_begin = info.data_end = 0;  // of no use any more
  const absl::string_view members = payload.substr(data + kData.size());
  if (!name.empty()) {
    // Names are checked to be plain words, so they need no JSON escapes.
    absl::StrAppend(&text, "\"stream\":\"", name, "\"",
                    members[0] == '}' ? "" : ",");
  }
  absl::StrAppend(&text, members);
  return Frame::Create(text, info);
}

}  // namespace sse_bridge

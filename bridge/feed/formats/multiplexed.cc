#include "bridge/feed/formats/multiplexed.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/bundle_cursor.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {

void MultiplexedFormat::Changes::Add(std::vector<Part> parts, int tag) {
  MutexLock lock(&mu_);
  auto next = static_cast<size_t>(tag);
  for (Part& part : parts) {
    const size_t calls = part.ids.size();
    waiting_.push_back({true, std::move(part), next});
    next += calls;
  }
  any_.store(true, std::memory_order_release);
}

void MultiplexedFormat::Changes::Remove(std::string name) {
  MutexLock lock(&mu_);
  for (auto change = waiting_.begin(); change != waiting_.end(); ++change) {
    if (!change->adds || change->part.name != name) continue;
    waiting_.erase(change);
    return;
  }
  waiting_.push_back({false, {std::move(name), {}, {}}, 0});
  any_.store(true, std::memory_order_release);
}

std::vector<MultiplexedFormat::Changes::Change>
MultiplexedFormat::Changes::Take() {
  MutexLock lock(&mu_);
  any_.store(false, std::memory_order_relaxed);
  return std::exchange(waiting_, {});
}

MultiplexedFormat::MultiplexedFormat(std::vector<Part> parts,
                                     std::shared_ptr<Changes> changes)
    : changes_(std::move(changes)) {
  for (Part& part : parts) Add(std::move(part), calls_.size());
}

void MultiplexedFormat::Add(Part part, size_t tag) {
  size_t place = streams_.size();
  if (free_.empty()) {
    streams_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  Stream& stream = streams_[place];
  stream.name = std::move(part.name);
  if (!part.keys.empty()) stream.cursor.emplace(std::move(part.keys));
  if (calls_.size() < tag + part.ids.size()) {
    calls_.resize(tag + part.ids.size());
  }
  for (size_t i = 0; i < part.ids.size(); ++i) {
    calls_[tag + i] = {place, i};
    SetId(calls_[tag + i], part.ids[i]);
  }
  Refresh(&stream);
}

void MultiplexedFormat::Remove(absl::string_view name) {
  for (size_t place = 0; place < streams_.size(); ++place) {
    if (streams_[place].name != name) continue;
    streams_[place].name.clear();
    streams_[place].cursor.reset();
    streams_[place].id.clear();
    streams_[place].piece.clear();
    free_.push_back(place);
    for (Call& call : calls_) {
      if (call.stream == place) call.stream = kGone;
    }
    return;
  }
}

void MultiplexedFormat::ApplyChanges() {
  for (Changes::Change& change : changes_->Take()) {
    if (change.adds) {
      Add(std::move(change.part), change.tag);
    } else {
      Remove(change.part.name);
    }
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
  if (changes_ != nullptr && changes_->any_.load(std::memory_order_acquire)) {
    ApplyChanges();
  }
  // A stream that was removed before its first event has no entry.
  if (static_cast<size_t>(tag) >= calls_.size()) return;
  const Call& call = calls_[static_cast<size_t>(tag)];
  if (call.stream == kGone) return;
  if (event.kind != EventKind::kMessage) return AppendOwn(event, call, out);
  StreamEvent told = event;
  if (const std::string& name = streams_[call.stream].name; !name.empty()) {
    told.name = name;
    if (name.back() == '*') {
      event_name_.assign(name);
      event_name_.append(event.name.data(), event.name.size());
      told.name = event_name_;
    }
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
  // An ID that marks it contains no positions.
  if (name.empty() && !reset && event.kind != EventKind::kUnreadable &&
      (event.id.empty() || IsOwnId(event.id))) {
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

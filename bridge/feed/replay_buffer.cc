#include "bridge/feed/replay_buffer.h"

#include <algorithm>
#include <utility>

namespace sse_bridge {

const std::deque<ReplayBuffer::Entry>& ReplayBuffer::entries() const {
  static const auto& none = *new std::deque<Entry>;
  return entries_ == nullptr ? none : *entries_;
}

void ReplayBuffer::Add(uint64_t seq, absl::string_view id, FramePtr frame,
                       bool waits, absl::Duration now) {
  bytes_ += frame->kept_bytes();
  if (entries_ == nullptr) entries_ = std::make_unique<std::deque<Entry>>();
  entries_->push_back(Entry{seq, std::string(id), std::move(frame), now});
  next_seq_ = seq + 1;
  if (!waits) return Trim(now);
  while (entries_->size() > 1 && bytes_ > limits_.max_bytes &&
         bytes_ + entries_->size() * sizeof(Entry) >
             limits_.max_waiting_bytes) {
    DropOldest();
  }
}

bool ReplayBuffer::RemovesFor(size_t bytes) const {
  return !entries().empty() && bytes_ + bytes > limits_.max_bytes &&
         bytes_ + bytes + (entries().size() + 1) * sizeof(Entry) >
             limits_.max_waiting_bytes;
}

void ReplayBuffer::Trim(absl::Duration now) {
  // Always keep the newest event, whatever its size: a new subscriber may be
  // about to need it.
  while (entries().size() > 1 &&
         (entries().size() > limits_.max_events || bytes_ > limits_.max_bytes ||
          now - entries().front().added > limits_.max_age)) {
    DropOldest();
  }
}

std::optional<size_t> ReplayBuffer::IndexAfterId(absl::string_view id) const {
  if (id.empty()) return std::nullopt;
  for (size_t i = entries().size(); i > 0; --i) {
    if (entries()[i - 1].id == id) return i;
  }
  if (id == first_id_) return 0;
  return std::nullopt;
}

std::optional<std::vector<FramePtr>> ReplayBuffer::AfterId(
    absl::string_view id) const {
  const auto index = IndexAfterId(id);
  if (!index.has_value()) return std::nullopt;
  return FramesFrom(*index);
}

std::optional<std::vector<FramePtr>> ReplayBuffer::WithIdAfter(
    absl::string_view id) const {
  const auto index = IndexAfterId(id);
  if (!index.has_value()) return std::nullopt;
  std::vector<FramePtr> frames;
  for (size_t i = *index; i < entries().size(); ++i) {
    if (!entries()[i].id.empty()) frames.push_back(entries()[i].frame);
  }
  return frames;
}

std::optional<std::vector<FramePtr>> ReplayBuffer::FromSeq(uint64_t seq) const {
  if (seq >= next_seq_) return std::vector<FramePtr>();
  if (entries().empty() || entries().front().seq > seq) return std::nullopt;
  auto first = std::lower_bound(
      entries().begin(), entries().end(), seq,
      [](const Entry& entry, uint64_t wanted) { return entry.seq < wanted; });
  return FramesFrom(static_cast<size_t>(first - entries().begin()));
}

std::optional<uint64_t> ReplayBuffer::SeqAfterId(absl::string_view id) const {
  const auto after = AfterId(id);
  if (!after.has_value()) return std::nullopt;
  return after->empty() ? next_seq_
                        : entries()[entries().size() - after->size()].seq;
}

bool ReplayBuffer::AppendFrom(uint64_t* seq, size_t max_bytes,
                              std::vector<FramePtr>* frames) const {
  if (*seq >= next_seq_) return true;
  if (entries().empty() || entries().front().seq > *seq) return false;
  auto it = std::lower_bound(
      entries().begin(), entries().end(), *seq,
      [](const Entry& entry, uint64_t wanted) { return entry.seq < wanted; });
  size_t bytes = 0;
  for (; it != entries().end() && bytes < max_bytes; ++it) {
    frames->push_back(it->frame);
    bytes += it->frame->size();
    *seq = it->seq + 1;
  }
  return true;
}

void ReplayBuffer::Clear() {
  entries_ = nullptr;
  first_id_.clear();
  bytes_ = 0;
}

absl::string_view ReplayBuffer::oldest_id() const {
  for (const Entry& entry : entries()) {
    if (!entry.id.empty()) return entry.id;
  }
  return {};
}

void ReplayBuffer::DropOldest() {
  bytes_ -= entries_->front().frame->kept_bytes();
  entries_->pop_front();
  first_id_.clear();
}

std::vector<FramePtr> ReplayBuffer::FramesFrom(size_t index) const {
  std::vector<FramePtr> frames;
  frames.reserve(entries().size() - index);
  for (size_t i = index; i < entries().size(); ++i) {
    frames.push_back(entries()[i].frame);
  }
  return frames;
}

}  // namespace sse_bridge

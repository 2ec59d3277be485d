#include "bridge/feed/snapshot.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sse_bridge {

void Snapshot::Add(absl::string_view key, FramePtr frame) {
  if (what_ == What::kNone) return;
  if (what_ == What::kLast) key = {};
  std::string own_key;
  if (const Audience* audience = frame->info().audience.get()) {
    // Keys of other events do not begin with a NUL.
    own_key = absl::StrCat(absl::string_view("\0", 1), audience->Key(), key);
    key = own_key;
  }
  auto [it, added] = age_of_key_.try_emplace(key, next_);
  if (!added) {
    // Moves the node to its new age without allocating.
    auto node = by_age_.extract(it->second);
    node.key() = next_;
    node.mapped().frame = std::move(frame);
    by_age_.insert(by_age_.end(), std::move(node));
    it->second = next_++;
    return;
  }
  by_age_.emplace_hint(by_age_.end(), next_++,
                       Entry{std::string(key), std::move(frame)});
  if (by_age_.size() > kMaxKeys) {
    age_of_key_.erase(by_age_.begin()->second.key);
    by_age_.erase(by_age_.begin());
  }
}

std::vector<FramePtr> Snapshot::Frames() const {
  std::vector<FramePtr> frames;
  frames.reserve(by_age_.size());
  for (const auto& [age, entry] : by_age_) frames.push_back(entry.frame);
  return frames;
}

void Snapshot::AppendFrom(uint64_t* age, uint64_t end, size_t max_bytes,
                          std::vector<FramePtr>* frames) const {
  size_t bytes = 0;
  for (auto it = by_age_.lower_bound(*age);
       it != by_age_.end() && it->first < end; ++it) {
    if (bytes >= max_bytes) {
      *age = it->first;
      return;
    }
    frames->push_back(it->second.frame);
    bytes += it->second.frame->size();
  }
  *age = end;
}

}  // namespace sse_bridge

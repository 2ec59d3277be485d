#include "bridge/feed/feed_history.h"

#include <limits>
#include <utility>

namespace sse_bridge {
namespace {

ReplayBuffer::Limits Unbounded() {
  constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
  return {kNoLimit, kNoLimit, absl::InfiniteDuration()};
}

}  // namespace

FeedHistory::FeedHistory(Options options)
    : shared_(options.shared),
      has_ids_(!options.first_id.empty()),
      // An exclusive feed keeps everything until its connection is attached,
      // and nothing afterwards.
      replay_(options.shared ? options.replay : Unbounded(),
              std::move(options.first_id)),
      snapshot_(options.snapshot == Snapshot::What::kNone
                    ? nullptr
                    : std::make_unique<Snapshot>(options.snapshot)) {}

bool FeedHistory::Join(const std::string* last_event_id,
                       std::vector<FramePtr>* first, Position* position) const {
  *position = Position();
  position->seq = next_seq_;
  if (last_event_id == nullptr) {
    *first = Current();
    position->ages_end = next_age();
    return true;
  }
  auto missed = replay_.AfterId(*last_event_id);
  if (!missed.has_value()) return false;
  if (!missed->empty()) position->seq = *replay_.SeqAfterId(*last_event_id);
  *first = *std::move(missed);
  return true;
}

bool FeedHistory::JoinAt(absl::string_view id, std::vector<FramePtr>* first,
                         Position* position) const {
  *position = Position();
  position->seq = next_seq_;
  auto missed = replay_.WithIdAfter(id);
  if (!missed.has_value()) return false;
  if (!missed->empty()) position->seq = *replay_.SeqAfterId(id);
  *first = *std::move(missed);
  return true;
}

void FeedHistory::Add(absl::string_view id, const FramePtr& frame, bool waits,
                      absl::FunctionRef<absl::Duration()> now) {
  const uint64_t seq = next_seq_++;
  has_ids_ = has_ids_ || !id.empty();
  if (waits || (shared_ && has_ids_)) {
    replay_.Add(seq, id, frame, waits, now());
  }
}

bool FeedHistory::Next(Position* position, size_t max_bytes,
                       std::vector<FramePtr>* part, bool* more) const {
  const size_t had = part->size();
  for (;;) {
    if (snapshot_ != nullptr) {
      snapshot_->AppendFrom(&position->age, position->ages_end, max_bytes,
                            part);
    }
    *more = position->age < position->ages_end || position->seq < next_seq_;
    if (part->size() > had || !*more) return true;
    if (replay_.AppendFrom(&position->seq, max_bytes, part)) {
      *more = position->seq < next_seq_;
      return true;
    }
    // The replay buffer no longer reaches back to this joiner's position.
    // Continue with the current values that have changed meanwhile.
    if (next_age() == position->ages_end) return false;
    position->ages_end = next_age();
    position->seq = next_seq_;
  }
}

bool FeedHistory::Since(uint64_t seq, std::vector<FramePtr>* frames,
                        Position* position) const {
  if (const auto since = replay_.FromSeq(seq); since.has_value()) {
    frames->insert(frames->end(), since->begin(), since->end());
    return true;
  }
  *frames = Current();
  *position = {0, next_age(), next_seq_};
  return !frames->empty();
}

}  // namespace sse_bridge

#include "bridge/delivery/send_queue.h"

#include <algorithm>

namespace sse_bridge {

std::unique_ptr<SendEntry[]> SendEntryPool::Take(size_t capacity) {
  size_t size = kMinCapacity;
  for (auto& blocks : free_) {
    if (size == capacity && !blocks.empty()) {
      std::unique_ptr<SendEntry[]> block = std::move(blocks.back());
      blocks.pop_back();
      pooled_bytes_ -= capacity * sizeof(SendEntry);
      return block;
    }
    size *= 2;
  }
  return std::make_unique<SendEntry[]>(capacity);
}

void SendEntryPool::Give(std::unique_ptr<SendEntry[]> block, size_t capacity) {
  if (pooled_bytes_ + capacity * sizeof(SendEntry) > kMaxPooledBytes) return;
  size_t size = kMinCapacity;
  for (auto& blocks : free_) {
    if (size == capacity) {
      blocks.push_back(std::move(block));
      pooled_bytes_ += capacity * sizeof(SendEntry);
      return;
    }
    size *= 2;
  }
}

void SendQueue::Push(SendEntry entry, SendEntryPool* pool) {
  if (end_ - first_ == capacity_) Grow(pool);
  const size_t size = entry.Wire().size();
  bytes_ += size;
  if (entry.counted) counted_bytes_ += size;
  if (newest_ != nullptr && Conflatable(entry)) {
    (*newest_)[Key(entry.topic, entry.frame->info().key)] = end_;
  }
  At(end_) = std::move(entry);
  ++end_;
  ++live_;
}

void SendQueue::TakeSame(const Topic* topic, uint64_t key,
                         std::vector<SendEntry>* taken) {
  if (newest_ == nullptr) {
    newest_ = std::make_unique<NewestMap>();
    for (uint64_t i = FirstUnsent(); i < end_; ++i) {
      const SendEntry& entry = At(i);
      if (!Conflatable(entry)) continue;
      const Key same(entry.topic, entry.frame->info().key);
      const auto it = newest_->find(same);
      if (it != newest_->end()) taken->push_back(Take(it->second));
      (*newest_)[same] = i;
    }
  }
  const auto it = newest_->find(Key(topic, key));
  if (it != newest_->end()) taken->push_back(Take(it->second));
  if (holes_ > kMinHoles && holes_ > live_) Compact();
}

bool SendQueue::TakeOldest(SendEntry* taken) {
  oldest_ = std::max(oldest_, FirstUnsent());
  while (oldest_ < end_ && !Droppable(At(oldest_))) ++oldest_;
  if (oldest_ == end_) return false;
  *taken = Take(oldest_);
  if (holes_ > kMinHoles && holes_ > live_) Compact();
  return true;
}

void SendQueue::TakeEvents(std::vector<SendEntry>* taken) {
  for (uint64_t i = FirstUnsent(); i < end_; ++i) {
    const SendEntry& entry = At(i);
    // Later frames depend on a rewritten one, as the commas of an array do.
    if (entry.frame && !entry.rewritten && entry.frame->info().is_event) {
      taken->push_back(Take(i));
    }
  }
  Compact();
}

int SendQueue::Gather(iovec* parts, int max_parts) {
  int n = 0;
  size_t skip = offset_;
  for (uint64_t i = first_; i < end_ && n < max_parts; ++i) {
    const SendEntry& entry = At(i);
    if (!entry.frame) continue;
    if (entry.rewrite) break;
    const absl::string_view wire = entry.Wire().substr(skip);
    skip = 0;
    parts[n].iov_base = const_cast<char*>(wire.data());
    parts[n].iov_len = wire.size();
    ++n;
  }
  return n;
}

bool SendQueue::Sent(size_t* bytes, SendEntry* completed) {
  SkipHoles();
  if (live_ == 0) return false;
  const size_t left = At(first_).Wire().size() - offset_;
  if (*bytes < left) {
    if (*bytes > 0) {
      if (offset_ == 0) Forget(first_);
      offset_ += static_cast<uint32_t>(*bytes);
      *bytes = 0;
    }
    return false;
  }
  *bytes -= left;
  offset_ = 0;
  *completed = Take(first_);
  SkipHoles();
  return true;
}

void SendQueue::SetPartlySent(size_t bytes) {
  SkipHoles();
  Forget(first_);
  offset_ = static_cast<uint32_t>(bytes);
}

void SendQueue::Shrink(SendEntryPool* pool) {
  if (live_ > 0) return;
  first_ = end_ = oldest_ = 0;
  holes_ = 0;
  offset_ = 0;
  newest_.reset();
  if (heap_ == nullptr) return;
  pool->Give(std::move(heap_), capacity_);
  entries_ = inline_;
  capacity_ = kInline;
}

void SendQueue::Grow(SendEntryPool* pool) {
  if (holes_ > 0) {
    Compact();
    if (end_ - first_ < capacity_) return;
  }
  const uint32_t capacity = capacity_ * 2;
  std::unique_ptr<SendEntry[]> block = pool->Take(capacity);
  for (uint64_t i = first_; i < end_; ++i) {
    block[i & (capacity - 1)] = std::move(At(i));
  }
  if (heap_ != nullptr) pool->Give(std::move(heap_), capacity_);
  heap_ = std::move(block);
  entries_ = heap_.get();
  capacity_ = capacity;
}

void SendQueue::Compact() {
  uint64_t to = first_;
  uint64_t oldest = first_;
  for (uint64_t from = first_; from < end_; ++from) {
    if (from == oldest_) oldest = to;
    SendEntry& entry = At(from);
    if (!entry.frame) continue;
    if (to != from) {
      if (newest_ != nullptr && Conflatable(entry)) {
        const auto it =
            newest_->find(Key(entry.topic, entry.frame->info().key));
        if (it != newest_->end() && it->second == from) it->second = to;
      }
      At(to) = std::move(entry);
      entry = SendEntry();
    }
    ++to;
  }
  if (oldest_ >= end_) oldest = to;
  oldest_ = oldest;
  end_ = to;
  holes_ = 0;
}

void SendQueue::SkipHoles() {
  while (first_ < end_ && !At(first_).frame) {
    ++first_;
    --holes_;
  }
}

void SendQueue::Forget(uint64_t position) {
  const SendEntry& entry = At(position);
  if (newest_ == nullptr || !Conflatable(entry)) return;
  const auto it = newest_->find(Key(entry.topic, entry.frame->info().key));
  if (it != newest_->end() && it->second == position) newest_->erase(it);
}

void SendQueue::Replace(uint64_t position, FramePtr frame) {
  Forget(position);
  SendEntry& entry = At(position);
  const size_t before = entry.Wire().size();
  entry.frame = std::move(frame);
  entry.rewrite = false;
  entry.rewritten = true;
  const size_t after = entry.Wire().size();
  bytes_ = bytes_ - before + after;
  if (entry.counted) counted_bytes_ = counted_bytes_ - before + after;
}

SendEntry SendQueue::Take(uint64_t position) {
  Forget(position);
  SendEntry entry = std::move(At(position));
  At(position) = SendEntry();
  const size_t size = entry.Wire().size();
  bytes_ -= size;
  if (entry.counted) counted_bytes_ -= size;
  --live_;
  ++holes_;
  return entry;
}

}  // namespace sse_bridge

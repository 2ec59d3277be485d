#include "bridge/delivery/connection_table.h"

#include <cstddef>
#include <utility>

namespace sse_bridge {

ConnectionTable::ConnectionTable(LoopContext* context,
                                 std::function<void()> on_destroyed)
    : context_(context), on_destroyed_(std::move(on_destroyed)) {}

ConnectionId ConnectionTable::Reserve() {
  load_.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(&mu_);
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(generations_.size());
    generations_.push_back(0);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  return {slot, ++generations_[slot]};
}

LoopConnection* ConnectionTable::Open(ConnectionId id, StreamSpec* spec) {
  if (id.slot >= slots_.size()) slots_.resize(id.slot + 1);
  Slot& slot = slots_[id.slot];
  slot.generation = id.generation;
  slot.connection = std::make_unique<LoopConnection>(context_, id, spec);
  return slot.connection.get();
}

LoopConnection* ConnectionTable::Find(ConnectionId id) {
  if (id.slot >= slots_.size() || slots_[id.slot].generation != id.generation) {
    return nullptr;
  }
  return slots_[id.slot].connection.get();
}

std::vector<LoopConnection*> ConnectionTable::AllOpen() const {
  std::vector<LoopConnection*> open;
  for (const Slot& slot : slots_) {
    LoopConnection* const c = slot.connection.get();
    if (c != nullptr && c->open()) open.push_back(c);
  }
  return open;
}

void ConnectionTable::MarkAllDead(CloseReason reason) {
  for (const Slot& slot : slots_) {
    if (slot.connection != nullptr) slot.connection->MarkDead(reason);
  }
}

void ConnectionTable::Reap() {
  std::vector<LoopConnection*>& slow = context_->slow;
  std::vector<LoopConnection*>& dead = context_->dead;
  while (!slow.empty() || !dead.empty()) {
    while (!slow.empty()) {
      LoopConnection* const c = slow.back();
      slow.pop_back();
      c->EndSlow();
    }
    while (!dead.empty()) {
      LoopConnection* const c = dead.back();
      dead.pop_back();
      Close(c);
    }
  }
}

void ConnectionTable::Flush() {
  std::vector<LoopConnection*>& unflushed = context_->unflushed;
  while (!unflushed.empty()) {
    // Flushing may append to the list.
    for (size_t i = 0; i < unflushed.size(); ++i) unflushed[i]->FlushListed();
    unflushed.clear();
    Reap();
  }
}

void ConnectionTable::Close(LoopConnection* c) {
  const uint32_t slot = c->id().slot;
  c->Close();
  closed_.push_back(std::move(slots_[slot].connection));
  load_.fetch_sub(1, std::memory_order_relaxed);
  {
    MutexLock lock(&mu_);
    free_slots_.push_back(slot);
  }
  on_destroyed_();
}

}  // namespace sse_bridge

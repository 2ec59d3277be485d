#include "bridge/delivery/shared_connections.h"

#include <utility>

namespace sse_bridge {

SharedConnections::SharedConnections(LoopContext* context, Poller* poller,
                                     Reported reported,
                                     std::function<void()> on_destroyed)
    : context_(context),
      poller_(poller),
      reported_(std::move(reported)),
      on_destroyed_(std::move(on_destroyed)),
      wheel_(context->now) {}

void SharedConnections::Add(std::shared_ptr<SharedConnection> connection) {
  SharedConnection* const added = connection.get();
  added->number_ = ++last_number_;
  added->timer_.owner = added;
  connections_.emplace(added->number_, std::move(connection));
  const int fd = added->Open(this);
  if (fd < 0 ||
      poller_->Add(fd, kBit | added->number_, Poller::kAllEdges) != 0) {
    if (fd >= 0) added->Close();
    Remove(added);
    return;
  }
  if (draining_ && !added->removed_) added->Drain();
}

void SharedConnections::OnEvent(uint64_t data, uint32_t events) {
  const auto it = connections_.find(data & ~kBit);
  if (it != connections_.end()) it->second->OnEvent(events);
}

void SharedConnections::AdvanceTimers() {
  wheel_.Advance(context_->now, &due_);
  for (TimerNode* node : due_) {
    auto* const connection = static_cast<SharedConnection*>(node->owner);
    if (!connection->removed_) connection->OnTimer();
  }
  due_.clear();
}

bool SharedConnections::Flush() {
  const bool any = !unflushed_.empty();
  // Flushing may append to the list.
  for (size_t i = 0; i < unflushed_.size(); ++i) {
    SharedConnection* const connection = unflushed_[i];
    connection->unflushed_ = false;
    if (!connection->removed_) connection->Flush();
  }
  unflushed_.clear();
  context_->pinned.clear();
  return any;
}

void SharedConnections::Drain() {
  draining_ = true;
  std::vector<SharedConnection*> all;
  all.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) {
    all.push_back(connection.get());
  }
  for (SharedConnection* connection : all) {
    if (!connection->removed_) connection->Drain();
  }
}

void SharedConnections::CloseAll() {
  while (!connections_.empty()) {
    SharedConnection* const connection = connections_.begin()->second.get();
    connection->Close();
    Remove(connection);
  }
}

StreamSocketOptions SharedConnections::socket_options() const {
  return {.unsent_low_water_bytes = context_->options.unsent_low_water_bytes,
          .send_buffer_bytes = context_->options.send_buffer_bytes,
          .user_timeout = context_->options.user_timeout};
}

void SharedConnections::FlushLater(SharedConnection* connection) {
  if (std::exchange(connection->unflushed_, true)) return;
  unflushed_.push_back(connection);
}

void SharedConnections::SetTimer(SharedConnection* connection,
                                 int64_t deadline) {
  if (!connection->removed_) wheel_.Arm(&connection->timer_, deadline);
}

void SharedConnections::Report(uint64_t data, uint32_t events) {
  reported_(data, events);
}

void SharedConnections::CountWrites(uint64_t writes) {
  context_->counters.writes.Add(writes);
}

void SharedConnections::Remove(SharedConnection* connection) {
  if (std::exchange(connection->removed_, true)) return;
  connection->timer_.Unlink();
  const auto it = connections_.find(connection->number_);
  // Lists of this round may still point to it.
  forgotten_.push_back(std::move(it->second));
  connections_.erase(it);
  on_destroyed_();
}

}  // namespace sse_bridge

#include "bridge/http/http1_connection_table.h"

#include <string>
#include <utility>

namespace sse_bridge {

Http1Connection* Http1ConnectionTable::Add(std::unique_ptr<Socket> socket) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back(std::make_unique<Http1Connection>());
  }
  const uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  Http1Connection* connection = slots_[slot].get();
  connection->slot = slot;
  connection->fd = socket->fd();
  connection->may_half_close = socket->may_half_close();
  connection->shared = std::make_shared<SharedSocket>();
  connection->shared->socket = std::move(socket);
  ++size_;
  return connection;
}

Http1Connection* Http1ConnectionTable::Find(uint64_t handle) const {
  const auto slot = static_cast<uint32_t>(handle);
  if (slot >= slots_.size()) return nullptr;
  Http1Connection* connection = slots_[slot].get();
  return connection->fd >= 0 && connection->handle() == handle ? connection
                                                               : nullptr;
}

void Http1ConnectionTable::Remove(Http1Connection* connection) {
  const uint32_t slot = connection->slot;
  const uint32_t generation = connection->generation;
  // Assignment alone would keep the allocated memory.
  std::string().swap(connection->in);
  std::string().swap(connection->out);
  *connection = Http1Connection();
  // An old handle must not find the next connection in this slot.
  connection->slot = slot;
  connection->generation = generation + 1;
  free_slots_.push_back(slot);
  --size_;
}

std::vector<Http1Connection*> Http1ConnectionTable::All() const {
  std::vector<Http1Connection*> all;
  for (const auto& slot : slots_) {
    if (slot->fd >= 0) all.push_back(slot.get());
  }
  return all;
}

}  // namespace sse_bridge

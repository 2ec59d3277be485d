#include "bridge/http/connection_accounts.h"

#include <algorithm>

namespace sse_bridge {

void ConnectionAccounts::Enter(Http1Connection* connection,
                               absl::string_view key) {
  if (!key.empty()) {
    AddressAccount& address = addresses_[key];
    if (address.connections++ == 0) address.key = std::string(key);
    connection->address = &address;
  }
  SetWaiting(connection, true);
}

void ConnectionAccounts::Leave(Http1Connection* connection) {
  SetHeld(connection, 0);
  SetWaiting(connection, false);
  AddressAccount* address = std::exchange(connection->address, nullptr);
  if (address == nullptr || --address->connections > 0) return;
  over_.erase(address);
  addresses_.erase(addresses_.find(address->key));
}

void ConnectionAccounts::SetHeld(Http1Connection* connection, size_t bytes,
                                 size_t expected_bytes) {
  const size_t before = connection->held_bytes;
  const size_t expected_before = connection->expected_bytes;
  expected_bytes = std::max(bytes, expected_bytes);
  if (bytes == before && expected_bytes == expected_before) return;
  connection->held_bytes = bytes;
  connection->expected_bytes = expected_bytes;
  held_bytes_ += bytes - before;
  if (expected_bytes != expected_before) {
    if (expected_before >= kSmallBytes) {
      large_.erase({expected_before, connection->held_order, connection});
    } else {
      connection->held_order = ++last_order_;
    }
    if (expected_bytes >= kSmallBytes) {
      large_.insert({expected_bytes, connection->held_order, connection});
    }
  }
  if (AddressAccount* address = connection->address; address != nullptr) {
    address->held_bytes += bytes - before;
    if (address->held_bytes > options_.max_bytes / 2) over_.insert(address);
  }
}

void ConnectionAccounts::Unlink(Http1Connection* connection) {
  AddressAccount* address = connection->address;
  Http1Connection*& before = connection->waiting_previous;
  Http1Connection*& after = connection->waiting_next;
  (before == nullptr ? address->first : before->waiting_next) = after;
  (after == nullptr ? address->last : after->waiting_previous) = before;
  before = after = nullptr;
  --address->waiting;
}

void ConnectionAccounts::SetWaiting(Http1Connection* connection, bool waiting) {
  AddressAccount* address = connection->address;
  if (address == nullptr || connection->waiting == waiting) return;
  connection->waiting = waiting;
  if (!waiting) {
    Unlink(connection);
    return;
  }
  connection->waiting_previous = address->last;
  (address->last == nullptr ? address->first : address->last->waiting_next) =
      connection;
  address->last = connection;
  ++address->waiting;
}

Http1Connection* ConnectionAccounts::LargestOf(
    const AddressAccount* address) const {
  for (auto it = large_.rbegin(); it != large_.rend(); ++it) {
    if (it->connection->address == address) return it->connection;
  }
  return nullptr;
}

Http1Connection* ConnectionAccounts::MustGiveBytes(size_t elsewhere) {
  while (!over_.empty()) {
    AddressAccount* address = *over_.begin();
    if (address->held_bytes > options_.max_bytes / 2) {
      Http1Connection* largest = LargestOf(address);
      if (largest != nullptr) return largest;
    }
    over_.erase(address);
  }
  if (held_bytes_ + elsewhere <= options_.max_bytes || large_.empty()) {
    return nullptr;
  }
  return large_.rbegin()->connection;
}

Http1Connection* ConnectionAccounts::MustLeave(
    const Http1Connection& connection) const {
  const AddressAccount* address = connection.address;
  if (address == nullptr || options_.max_waiting_per_address == 0 ||
      address->waiting <= options_.max_waiting_per_address) {
    return nullptr;
  }
  return address->first;
}

}  // namespace sse_bridge

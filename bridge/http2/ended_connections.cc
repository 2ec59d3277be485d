#include "bridge/http2/ended_connections.h"

namespace sse_bridge {

void EndedConnections::Add(std::string address, int64_t now) {
  Forget(now);
  ++count_[address];
  ended_.emplace_back(now, std::move(address));
  if (ended_.size() > limits_.remembered) ForgetOldest();
}

bool EndedConnections::TooMany(absl::string_view address, int64_t now) {
  Forget(now);
  const auto it = count_.find(address);
  return it != count_.end() && it->second > limits_.per_address;
}

void EndedConnections::Forget(int64_t now) {
  const int64_t window = absl::ToInt64Nanoseconds(limits_.window);
  while (!ended_.empty() && now - ended_.front().first >= window) {
    ForgetOldest();
  }
}

void EndedConnections::ForgetOldest() {
  const auto it = count_.find(ended_.front().second);
  if (--it->second == 0) count_.erase(it);
  ended_.pop_front();
}

}  // namespace sse_bridge

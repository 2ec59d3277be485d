#include "bridge/upstream/connection_pool.h"

#include <algorithm>
#include <utility>

namespace sse_bridge {

PooledConnection* ConnectionPool::Lease::connection() const {
  return lane_->connection.get();
}

void ConnectionPool::Lease::Sent(absl::Duration now) {
  sent_ = true;
  MutexLock lock(&pool_->mu_);
  ++lane_->sent;
  lane_->last_sent = now;
  lane_->limit = std::max(lane_->limit, lane_->sent);
}

void ConnectionPool::Lease::Limited(int limit, absl::Duration now) {
  MutexLock lock(&pool_->mu_);
  lane_->limit = std::min(limit, pool_->options_.streams_per_connection);
  lane_->learned = true;
  lane_->learned_at = now;
  // No connection may be without any call for as long as this is remembered.
  pool_->learned_limit_ = std::max(lane_->limit, 1);
  pool_->learned_at_ = now;
}

ConnectionPool::Verdict ConnectionPool::Lease::Judge(bool large, bool late,
                                                     absl::Duration now) {
  if (!lane_->connection->Ready()) {
    since_ = quiet_since_ = now;
    return Verdict::kWait;
  }
  if (late && now - since_ < kLongestQueue) {
    quiet_since_ = now;
    return Verdict::kWait;
  }
  MutexLock lock(&pool_->mu_);
  const absl::Duration quiet = now - std::max(quiet_since_, lane_->last_sent);
  if (lane_->sent == 0) {
    return quiet < kLongPatience || large ? Verdict::kWait : Verdict::kRefuse;
  }
  if (quiet < (large ? kLongPatience : kPatience) &&
      (large || now - since_ < kLongestQueue)) {
    return Verdict::kWait;
  }
  lane_->limit = lane_->sent;
  lane_->learned = true;
  lane_->learned_at = now;
  pool_->learned_limit_ = lane_->limit;
  pool_->learned_at_ = now;
  return Verdict::kMove;
}

int ConnectionPool::NewLimit(absl::Duration now) const {
  const bool known = learned_limit_ > 0 && now - learned_at_ < kRemembered;
  return known ? std::min(learned_limit_, options_.streams_per_connection)
               : options_.streams_per_connection;
}

bool ConnectionPool::MayOpen(Use use) const {
  int streams = 0;
  int unary = 0;
  for (const auto& lane : lanes_) {
    ++(lane->use == Use::kStream ? streams : unary);
  }
  if (use == Use::kUnary && unary == 0) return true;
  return streams + std::max(unary, 1) < options_.max_connections;
}

ConnectionPool::Lane* ConnectionPool::Choose(Use use, absl::Duration now) {
  Lane* best = nullptr;
  // Full by the detected limit, which may have been raised.
  Lane* again = nullptr;
  int count = 0;
  for (const auto& lane : lanes_) {
    if (lane->use != use) continue;
    if (lane->learned && now - lane->learned_at > kRemembered) {
      lane->learned = false;
      lane->limit = options_.streams_per_connection;
    }
    const bool first = count++ < Base(use);
    if (lane->calls < lane->limit) {
      // Choose the least loaded of the first `spread` connections, otherwise
      // the earliest, so that later ones become idle.
      if (best == nullptr || (first && lane->calls < best->calls)) {
        best = lane.get();
      }
    } else if (lane->limit < options_.streams_per_connection &&
               now - lane->learned_at > kBetweenRetries) {
      again = lane.get();
    }
  }
  const bool spread = count < Base(use) && best != nullptr && best->calls > 0;
  if (best != nullptr && !spread) return best;
  if (MayOpen(use)) {
    auto lane = std::make_shared<Lane>();
    lane->connection = open_();
    lane->use = use;
    lane->limit = NewLimit(now);
    lane->learned = lane->limit < options_.streams_per_connection;
    lane->learned_at = learned_at_;
    lanes_.push_back(std::move(lane));
    return lanes_.back().get();
  }
  if (best == nullptr && again != nullptr) {
    ++again->limit;
    again->learned_at = now;
    return again;
  }
  return best;
}

std::unique_ptr<ConnectionPool::Lease> ConnectionPool::Take(
    Use use, absl::Duration now) {
  MutexLock lock(&mu_);
  now_ = std::max(now_, now);
  Lane* chosen = Choose(use, now);
  if (chosen == nullptr) return nullptr;
  ++chosen->calls;
  const auto lane =
      std::find_if(lanes_.begin(), lanes_.end(),
                   [chosen](const auto& l) { return l.get() == chosen; });
  return std::unique_ptr<Lease>(new Lease(shared_from_this(), *lane, now));
}

void ConnectionPool::Leave(Lane* lane, bool sent) {
  MutexLock lock(&mu_);
  --lane->calls;
  if (sent) --lane->sent;
  if (lane->calls > 0) return;
  lane->empty_since = now_;
  // Later calls may reach a different server there.
  lane->limit = NewLimit(now_);
  lane->learned = lane->limit < options_.streams_per_connection;
  lane->learned_at = learned_at_;
}

bool ConnectionPool::CloseIdle(absl::Duration now) {
  // Destroyed without holding the lock.
  std::vector<std::shared_ptr<Lane>> closed;
  bool any = false;
  MutexLock lock(&mu_);
  now_ = std::max(now_, now);
  int counts[2] = {};
  std::vector<std::shared_ptr<Lane>> kept;
  for (auto& lane : lanes_) {
    const bool first = counts[static_cast<int>(lane->use)]++ < Base(lane->use);
    const bool keep =
        first || lane->calls > 0 || now - lane->empty_since < options_.idle;
    any = any || lane->calls > 0 || (keep && !first);
    (keep ? kept : closed).push_back(std::move(lane));
  }
  lanes_ = std::move(kept);
  return any;
}

std::vector<ConnectionPool::Occupied> ConnectionPool::connections() const {
  MutexLock lock(&mu_);
  std::vector<Occupied> all;
  all.reserve(lanes_.size());
  for (const auto& lane : lanes_)
    all.push_back({lane->connection, lane->calls});
  return all;
}

}  // namespace sse_bridge

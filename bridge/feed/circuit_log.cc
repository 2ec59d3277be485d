#include "bridge/feed/circuit_log.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace sse_bridge {
namespace {

constexpr int64_t kSayAgainNs = 1'000'000'000;

double Seconds(int64_t nanos) { return static_cast<double>(nanos) / 1e9; }

}  // namespace

std::unique_ptr<CircuitLog::Outage> CircuitLog::Lost(
    absl::string_view address, absl::string_view grpc_path,
    const absl::Status& status) {
  const int64_t now = clock_->MonotonicNanos();
  MutexLock lock(&mu_);
  Circuit& circuit = circuits_[address];
  if (circuit.away++ == 0) {
    circuit = Circuit{.away = 1, .opened_ns = now, .said_ns = now};
    spdlog::warn("{}: circuit open: {} was lost: {}", std::string(address),
                 std::string(grpc_path), status.ToString());
  }
  return std::unique_ptr<Outage>(new Outage(this, std::string(address)));
}

void CircuitLog::Outage::Attempt() {
  const int64_t now = log_->clock_->MonotonicNanos();
  MutexLock lock(&log_->mu_);
  Circuit& circuit = log_->circuits_[address_];
  ++circuit.attempts;
  if (circuit.attempts > 1 && now - circuit.said_ns < kSayAgainNs) return;
  circuit.said_ns = now;
  spdlog::info(
      "{}: circuit half open after {:.1f} s: {} feeds away, {} reconnects "
      "tried",
      address_, Seconds(now - circuit.opened_ns), circuit.away,
      circuit.attempts);
}

CircuitLog::Outage::~Outage() {
  const int64_t now = log_->clock_->MonotonicNanos();
  MutexLock lock(&log_->mu_);
  Circuit& circuit = log_->circuits_[address_];
  ++(back_ ? circuit.back : circuit.given_up);
  if (--circuit.away > 0) return;
  spdlog::info(
      "{}: circuit closed after {:.1f} s: {} feeds reconnected, {} ended, {} "
      "reconnects tried",
      address_, Seconds(now - circuit.opened_ns), circuit.back,
      circuit.given_up, circuit.attempts);
}

int64_t CircuitLog::away() const {
  MutexLock lock(&mu_);
  int64_t away = 0;
  for (const auto& [address, circuit] : circuits_) away += circuit.away;
  return away;
}

}  // namespace sse_bridge

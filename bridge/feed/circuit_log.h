#ifndef SSE_BRIDGE_BRIDGE_FEED_CIRCUIT_LOG_H_
#define SSE_BRIDGE_BRIDGE_FEED_CIRCUIT_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/net/clock.h"

namespace sse_bridge {

// Logs when backends are lost and come back: when the first feed of a backend
// loses its call (the circuit opens), progress once a second, and when the last
// feed is back or has ended (it closes). Ten thousand feeds that lose a backend
// write no more lines than one.
//
// Thread-safe. Must outlive its outages.
class CircuitLog {
 public:
  // Represents a feed that has lost its call. When destroyed, the feed counts
  // as reconnected if Back was called, otherwise as given up. Not thread-safe.
  class Outage {
   public:
    ~Outage();
    Outage(const Outage&) = delete;
    Outage& operator=(const Outage&) = delete;

    void Attempt();
    void Back() { back_ = true; }

   private:
    friend class CircuitLog;
    Outage(CircuitLog* log, std::string address)
        : log_(log), address_(std::move(address)) {}

    CircuitLog* const log_;  // must outlive this object
    const std::string address_;
    bool back_ = false;
  };

  // If `clock` is null, uses the system clock.
  explicit CircuitLog(Clock* clock = nullptr)
      : clock_(clock != nullptr ? clock : Clock::Real()) {}

  std::unique_ptr<Outage> Lost(absl::string_view address,
                               absl::string_view grpc_path,
                               const absl::Status& status);

  // Number of feeds that are away now, for all backends.
  int64_t away() const;

 private:
  struct Circuit {
    int64_t away = 0;
    int64_t back = 0;      // since it opened
    int64_t given_up = 0;  // since it opened
    int64_t attempts = 0;  // since it opened
    int64_t opened_ns = 0;
    int64_t said_ns = 0;
  };

  Clock* const clock_;  // must outlive this object
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Circuit> circuits_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_CIRCUIT_LOG_H_

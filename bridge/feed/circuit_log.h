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

// Logs the loss and the return of backends: when the first feed of one loses
// its call (the circuit opens), once a second what is tried meanwhile, and when
// the last has come back or gone (it closes). Ten thousand feeds that lose one
// backend make as few lines as one.
//
// Thread-safe. Must outlive its outages.
class CircuitLog {
 public:
  // A feed that has lost its call, until destroyed: it has come back if Back
  // was called, else it has been given up. Of one thread at a time.
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

    CircuitLog* const log_;  // must outlive this
    const std::string address_;
    bool back_ = false;
  };

  // `clock` null: the machine's.
  explicit CircuitLog(Clock* clock = nullptr)
      : clock_(clock != nullptr ? clock : Clock::Real()) {}

  std::unique_ptr<Outage> Lost(absl::string_view address,
                               absl::string_view grpc_path,
                               const absl::Status& status);

  // Feeds that are away now, of all backends.
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

  Clock* const clock_;  // must outlive this
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Circuit> circuits_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_CIRCUIT_LOG_H_

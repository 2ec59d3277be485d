#ifndef SSE_BRIDGE_BRIDGE_HTTP_LISTENER_DRAIN_H_
#define SSE_BRIDGE_BRIDGE_HTTP_LISTENER_DRAIN_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// How a listener becomes idle: whether it must stop accepting, whether its
// listening socket is closed, and how many requests are in flight.
//
// Thread-safe.
class ListenerDrain {
 public:
  ListenerDrain() = default;
  ListenerDrain(const ListenerDrain&) = delete;
  ListenerDrain& operator=(const ListenerDrain&) = delete;

  // The listener must then close its listening socket.
  void StopAccepting() { stop_accepting_ = true; }
  bool stop_accepting() const { return stop_accepting_; }
  void ListeningSocketClosed();

  void AddRequest();
  void RemoveRequest();

  // Waits until no request is in flight and, after StopAccepting, the listening
  // socket is closed. Returns false if the deadline passes first.
  bool WaitUntilIdle(absl::Time deadline);

 private:
  bool IdleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::atomic<bool> stop_accepting_{false};

  Mutex mu_;
  std::condition_variable_any changed_;
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_LISTENER_DRAIN_H_

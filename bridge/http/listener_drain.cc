#include "bridge/http/listener_drain.h"

#include <chrono>

namespace sse_bridge {

void ListenerDrain::ListeningSocketClosed() {
  MutexLock lock(&mu_);
  closed_ = true;
  changed_.notify_all();
}

void ListenerDrain::AddRequest() {
  MutexLock lock(&mu_);
  ++in_flight_;
}

void ListenerDrain::RemoveRequest() {
  MutexLock lock(&mu_);
  if (--in_flight_ == 0) changed_.notify_all();
}

bool ListenerDrain::IdleLocked() const {
  return in_flight_ == 0 && (closed_ || !stop_accepting_);
}

bool ListenerDrain::WaitUntilIdle(absl::Time deadline) {
  MutexLock lock(&mu_);
  while (!IdleLocked()) {
    if (changed_.wait_until(mu_, absl::ToChronoTime(deadline)) ==
        std::cv_status::timeout) {
      return IdleLocked();
    }
  }
  return true;
}

}  // namespace sse_bridge

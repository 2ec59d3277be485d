#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

#include <condition_variable>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "backends/channels/sessions.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Reports the users who enter and leave a channel. A user leaves a grace
// period after their last session, so that a reconnect is not reported as leave
// and join.
//
// Thread-safe.
class Presence {
 public:
  // Called in the order in which users come and leave, with a lock held: they
  // must not call this object.
  struct Handlers {
    std::function<void(const Member&)> joined;
    std::function<void(const Member&)> left;
  };

  // `sessions` must outlive this object.
  Presence(absl::Duration grace, Sessions* sessions, Handlers handlers);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Begins or renews a session. See Sessions.
  absl::Status Enter(const Member& member, const std::string& session,
                     absl::Duration lease);
  absl::Status Leave(const Member& member, const std::string& session);

  // Sorted. Returns kUnavailable if the store cannot be reached.
  absl::StatusOr<std::vector<std::string>> Users(const std::string& channel) {
    return sessions_->Users(channel);
  }

 private:
  void Run();

  const absl::Duration grace_;
  Sessions* const sessions_;
  const Handlers handlers_;

  // Held while the store changes and the handlers are called, so that they are
  // called in the same order.
  Mutex order_;

  Mutex mu_;
  std::condition_variable_any stopped_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

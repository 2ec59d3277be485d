#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "backends/channels/shared_members.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Tracks the users in each channel. A user is in a channel from their first
// stream until a grace period after their last one, so that a reconnect is not
// reported as leave and join. With SharedMembers this holds across all
// processes: a user who moves to another process stays in the channel.
//
// Thread-safe. Handlers run on a thread of their own, with no lock held.
class Presence {
 public:
  struct Handlers {
    std::function<void(const Member&)> joined;
    std::function<void(const Member&)> left;
  };

  // `shared` may be null for a single process; otherwise it must outlive this
  // object.
  Presence(absl::Duration grace, SharedMembers* shared, Handlers handlers);
  // For other processes, its users stay for the grace period.
  ~Presence();

  void Enter(const std::string& channel, const std::string& user);
  void Leave(const std::string& channel, const std::string& user);

  // Sorted. Returns kUnavailable if other processes' users are unknown.
  absl::StatusOr<std::vector<std::string>> Users(const std::string& channel);

 private:
  struct State {
    int streams = 0;
    absl::Time leaves_at = absl::InfiniteFuture();
  };

  void Run();
  // Removes users whose grace period is over. Returns when the next one's is.
  absl::Time LetGo(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Updates the shared state of a member to match this process. Returns false
  // on failure.
  bool Settle(const Member& member);
  bool Renew();

  const absl::Duration grace_;
  SharedMembers* const shared_;  // null if this is the only process
  const Handlers handlers_;

  Mutex mu_;
  std::condition_variable_any changed_;
  std::map<Member, State> members_ ABSL_GUARDED_BY(mu_);
  // Ordered by time; obsolete entries are skipped.
  std::multimap<absl::Time, Member> leaving_ ABSL_GUARDED_BY(mu_);
  // Members whose shared state must be updated.
  std::set<Member> unsettled_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  std::set<Member>
      settled_;  // members as known to other processes; used by thread_ only
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

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

// Who is in which channel: a user is from his first stream until a grace after
// his last, so that a reconnect is no leave and join. With SharedMembers that
// is so over all processes: a user who moves to another one stays.
//
// Thread-safe. Handlers are called from a thread of its own, with no lock held.
class Presence {
 public:
  struct Handlers {
    std::function<void(const Member&)> joined;
    std::function<void(const Member&)> left;
  };

  // `shared` may be null, for a single process; else it must outlive this.
  Presence(absl::Duration grace, SharedMembers* shared, Handlers handlers);
  // To other processes its users stay for the grace.
  ~Presence();

  void Enter(const std::string& channel, const std::string& user);
  void Leave(const std::string& channel, const std::string& user);

  // Sorted. Unavailable when other processes' are not known.
  absl::StatusOr<std::vector<std::string>> Users(const std::string& channel);

 private:
  struct State {
    int streams = 0;
    absl::Time leaves_at = absl::InfiniteFuture();
  };

  void Run();
  // Lets those go whose grace is over. When the next one's is.
  absl::Time LetGo(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes one member's place among all what it is here. False: it could not.
  bool Settle(const Member& member);
  bool Renew();

  const absl::Duration grace_;
  SharedMembers* const shared_;  // null: this process alone
  const Handlers handlers_;

  Mutex mu_;
  std::condition_variable_any changed_;
  std::map<Member, State> members_ ABSL_GUARDED_BY(mu_);
  // By time; entries that no longer hold are skipped.
  std::multimap<absl::Time, Member> leaving_ ABSL_GUARDED_BY(mu_);
  // To be settled.
  std::set<Member> unsettled_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  std::set<Member>
      settled_;  // those who are in, as the others know; of thread_
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

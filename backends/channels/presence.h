#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Who is in which channel: a user is from his first stream until a grace after
// his last, so that a reconnect is no leave and join.
//
// Thread-safe. `left` is called from a thread of its own, with no lock held.
class Presence {
 public:
  using Left =
      std::function<void(const std::string& channel, const std::string& user)>;

  Presence(absl::Duration grace, Left left);
  ~Presence();

  // True: the user was not in the channel before.
  bool Enter(const std::string& channel, const std::string& user);
  void Leave(const std::string& channel, const std::string& user);

  // Sorted.
  std::vector<std::string> Members(const std::string& channel) const;

 private:
  using Member = std::pair<std::string, std::string>;  // channel, user
  struct State {
    int streams = 0;
    absl::Time leaves_at = absl::InfiniteFuture();
  };

  void Run();

  const absl::Duration grace_;
  const Left left_;
  mutable Mutex mu_;
  std::condition_variable_any changed_;
  std::map<Member, State> members_ ABSL_GUARDED_BY(mu_);
  // By time; entries that no longer hold are skipped.
  std::multimap<absl::Time, Member> leaving_ ABSL_GUARDED_BY(mu_);
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_PRESENCE_H_

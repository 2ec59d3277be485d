#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_MEMORY_SESSIONS_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_MEMORY_SESSIONS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/channels/sessions.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Sessions of a single process.
class MemorySessions : public Sessions {
 public:
  static constexpr size_t kMaxSessions = 1'000'000;

  explicit MemorySessions(std::function<absl::Time()> now = absl::Now)
      : now_(std::move(now)) {}

  absl::StatusOr<bool> Enter(const Member& member, const std::string& session,
                             absl::Duration lease) override;
  absl::Status Leave(const Member& member, const std::string& session,
                     absl::Duration grace) override;
  absl::StatusOr<std::vector<Member>> Expire() override;
  absl::StatusOr<std::vector<std::string>> Users(
      const std::string& channel) override;

 private:
  using Key = std::pair<Member, std::string>;  // and the session

  void SetLease(std::map<Key, absl::Time>::iterator it, absl::Time expires)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::function<absl::Time()> now_;

  Mutex mu_;
  std::map<Key, absl::Time> leases_ ABSL_GUARDED_BY(mu_);
  std::set<std::pair<absl::Time, Key>> by_time_ ABSL_GUARDED_BY(mu_);
  std::map<Member, size_t> members_ ABSL_GUARDED_BY(mu_);  // sessions of each
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_MEMORY_SESSIONS_H_

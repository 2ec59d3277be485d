#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CONNECTION_POOL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CONNECTION_POOL_H_

// Which connection a call goes to. Knows nothing of gRPC.
//
// Servers allow a limited number of concurrent streams per HTTP/2 connection
// (commonly 100; RFC 9113, 5.1.2). gRPC C++ neither tells that limit nor that a
// call waits for it: the call looks like one that the backend has not answered
// yet. So the pool
//
//   - never has more than `streams_per_connection` calls on a connection, and
//     opens another when all are full;
//   - learns where the limit is lower, also when it is lowered later. Whoever
//     makes a call reports when its request has left (Lease::Sent). A call that
//     has not left while its connection is established, carries other calls
//     and has sent nothing for kPatience is held back by the limit: what the
//     connection carries is its limit, and the call must be moved
//     (Lease::Judge). Nothing of it has left, so the backend never sees it
//     twice. Later connections begin with what was learned;
//   - forgets what it learned after kRemembered, and tries a full connection
//     once more before it refuses a call, so that a limit that was raised is
//     noticed.
//
// A busy machine does not look like a limit: while anything leaves on the
// connection, or the pool is asked too late, a call waits up to kLongestQueue.
//
// Streams and unary calls have connections of their own, so that streams that
// stay cannot keep unary calls from being answered. One connection is always
// kept for unary calls.

#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// One connection to a backend (or one to each, where an address names several;
// then it is full when a single connection would be).
class PooledConnection {
 public:
  virtual ~PooledConnection() = default;

  // Whether it is established now.
  virtual bool Ready() = 0;
};

// Thread-safe. Times are of one monotonic clock.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  static constexpr absl::Duration kPatience = absl::Milliseconds(800);
  static constexpr absl::Duration kLongestQueue = absl::Seconds(2);
  // Without any call on the connection there is no sign of a limit.
  static constexpr absl::Duration kLongPatience = absl::Seconds(10);
  static constexpr absl::Duration kRemembered = absl::Minutes(10);
  static constexpr absl::Duration kBetweenRetries = absl::Seconds(30);

  enum class Use { kStream, kUnary };

  struct Options {
    int streams_per_connection = 100;  // at least 1
    int max_connections = 200;         // of both uses; at least 2
    // Connections that streams are spread over before any is filled.
    int spread = 1;
    // After which a connection beyond the first ones closes without calls.
    absl::Duration idle = absl::Minutes(1);
  };
  using Open = std::function<std::shared_ptr<PooledConnection>()>;

  enum class Verdict {
    kWait,
    kMove,    // end the call and begin it anew in another place
    kRefuse,  // the connection takes no call at all
  };

 private:
  struct Lane;

 public:
  // A call's place on a connection; destroying it gives it back. Thread-safe.
  class Lease {
   public:
    ~Lease() { pool_->Leave(lane_.get(), sent_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    PooledConnection* connection() const;

    // The call's request has left. Once.
    void Sent(absl::Duration now);

    // What to do about a call whose request has not left. `large`: the request
    // may be held back by flow control, too. `late`: this machine is too busy
    // to ask in time, so it may be too busy to send, and patience begins anew.
    Verdict Judge(bool large, bool late, absl::Duration now);

   private:
    friend ConnectionPool;
    Lease(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Lane> lane,
          absl::Duration now)
        : pool_(std::move(pool)),
          lane_(std::move(lane)),
          since_(now),
          quiet_since_(now) {}

    const std::shared_ptr<ConnectionPool> pool_;
    const std::shared_ptr<Lane> lane_;
    // Of the call's owner, which serialises Sent, Judge and the end.
    absl::Duration since_;
    absl::Duration quiet_since_;  // or later, when something left
    bool sent_ = false;
  };

  ConnectionPool(const Options& options, Open open)
      : options_(options), open_(std::move(open)) {}

  // Null when all connections are full and there may be no more.
  std::unique_ptr<Lease> Take(Use use, absl::Duration now)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Closes what has been idle long enough. Whether there is anything that may
  // have to be closed later, or any call.
  bool CloseIdle(absl::Duration now) ABSL_LOCKS_EXCLUDED(mu_);

  // Connections that there are, and how many calls each has.
  struct Occupied {
    std::shared_ptr<PooledConnection> connection;
    int calls;
  };
  std::vector<Occupied> connections() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Lane {
    std::shared_ptr<PooledConnection> connection;
    Use use;
    int limit;      // of calls
    int calls = 0;  // that have a place
    int sent = 0;   // of them
    bool learned = false;
    absl::Duration learned_at = absl::ZeroDuration();
    absl::Duration last_sent = -absl::InfiniteDuration();
    absl::Duration empty_since = absl::ZeroDuration();
  };

  int Base(Use use) const { return use == Use::kStream ? options_.spread : 1; }
  Lane* Choose(Use use, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayOpen(Use use) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  int NewLimit(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Leave(Lane* lane, bool sent) ABSL_LOCKS_EXCLUDED(mu_);

  const Options options_;
  const Open open_;

  mutable Mutex mu_;
  std::vector<std::shared_ptr<Lane>> lanes_ ABSL_GUARDED_BY(mu_);
  int learned_limit_ ABSL_GUARDED_BY(mu_) = 0;  // 0: none
  absl::Duration learned_at_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  absl::Duration now_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CONNECTION_POOL_H_

#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CONNECTION_POOL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CONNECTION_POOL_H_

// Chooses the connection for each call. Independent of gRPC.
//
// Servers limit the number of concurrent streams per HTTP/2 connection
// (commonly to 100; RFC 9113, 5.1.2). gRPC C++ reports neither that limit nor
// that a call waits for it: such a call looks like one that the backend has not
// answered yet. So the pool
//
//   - never puts more than `streams_per_connection` calls on a connection, and
//     opens another when all are full;
//   - detects lower limits, also if a limit is lowered later. The owner of a
//     call reports when its request has been sent (Lease::Sent). A call is
//     blocked by the limit if it has not been sent although its connection is
//     established, carries other calls and has sent nothing for kPatience. The
//     number of calls that the connection carries is then taken as its limit,
//     and the blocked call must move (Lease::Judge). Nothing of it was sent, so
//     the backend never sees it twice. New connections start with this limit;
//   - forgets a detected limit after kRemembered, and retries a full connection
//     before it rejects a call, so that it notices when a limit is raised.
//
// A busy machine must not look like a limit: while requests are being sent on
// the connection, or if the pool is asked too late, a call waits up to
// kLongestQueue.
//
// Streams and unary calls use separate connections, so that long-lived streams
// cannot block unary calls. One connection is always reserved for unary calls.

#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// One connection to a backend. If the address names several backends, it stands
// for one connection to each, and is full when a single connection would be.
class PooledConnection {
 public:
  virtual ~PooledConnection() = default;

  // Returns whether it is established now.
  virtual bool Ready() = 0;
};

// Thread-safe. All times are from one monotonic clock.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  static constexpr absl::Duration kPatience = absl::Milliseconds(800);
  static constexpr absl::Duration kLongestQueue = absl::Seconds(2);
  // Used for a connection without other calls, where nothing else indicates a
  // limit.
  static constexpr absl::Duration kLongPatience = absl::Seconds(10);
  static constexpr absl::Duration kRemembered = absl::Minutes(10);
  static constexpr absl::Duration kBetweenRetries = absl::Seconds(30);

  enum class Use { kStream, kUnary };

  struct Options {
    int streams_per_connection = 100;  // at least 1
    int max_connections = 200;         // for both uses together; at least 2
    // Number of connections that streams are spread over before any is filled.
    int spread = 1;
    // Connections beyond `spread` are closed after this time without calls.
    absl::Duration idle = absl::Minutes(1);
  };
  using Open = std::function<std::shared_ptr<PooledConnection>()>;

  enum class Verdict {
    kWait,
    kMove,    // end the call and start it again on another connection
    kRefuse,  // the connection accepts no call at all
  };

 private:
  struct Lane;

 public:
  // A call's slot on a connection, released on destruction. Thread-safe.
  class Lease {
   public:
    ~Lease() { pool_->Leave(lane_.get(), sent_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    PooledConnection* connection() const;

    // The call's request has been sent. Call once.
    void Sent(absl::Duration now);

    // The server accepts no more than this number of concurrent calls on the
    // connection, and this call must move. For a client that knows.
    void Limited(int limit, absl::Duration now);

    // Returns what to do with a call whose request has not been sent. `large`:
    // flow control may also be holding the request back. `late`: this machine
    // was too busy to ask in time, so it may be too busy to send; the patience
    // period starts again.
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
    // Accessed by the call's owner, which serialises Sent, Judge and the end.
    absl::Duration since_;
    absl::Duration quiet_since_;  // or later, if something was sent since
    bool sent_ = false;
  };

  ConnectionPool(const Options& options, Open open)
      : options_(options), open_(std::move(open)) {}

  // Returns null if all connections are full and no more may be opened.
  std::unique_ptr<Lease> Take(Use use, absl::Duration now)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Closes connections that have been idle long enough. Returns whether any
  // call remains, or any connection that may have to be closed later.
  bool CloseIdle(absl::Duration now) ABSL_LOCKS_EXCLUDED(mu_);

  // Returns the open connections and the number of calls on each.
  struct Occupied {
    std::shared_ptr<PooledConnection> connection;
    int calls;
  };
  std::vector<Occupied> connections() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Lane {
    std::shared_ptr<PooledConnection> connection;
    Use use;
    int limit;      // maximum number of calls
    int calls = 0;  // calls that hold a slot
    int sent = 0;   // of these, how many have been sent
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
  int learned_limit_ ABSL_GUARDED_BY(mu_) = 0;  // 0 if unknown
  absl::Duration learned_at_ ABSL_GUARDED_BY(mu_) = -absl::InfiniteDuration();
  absl::Duration now_ ABSL_GUARDED_BY(mu_) = absl::ZeroDuration();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CONNECTION_POOL_H_

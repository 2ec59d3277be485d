#ifndef SSE_BRIDGE_BRIDGE_FEED_LATE_STREAM_H_
#define SSE_BRIDGE_BRIDGE_FEED_LATE_STREAM_H_

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/pending_subscriber.h"
#include "bridge/feed/reconnect.h"
#include "bridge/feed/subscription.h"

namespace sse_bridge {

// A stream of an open connection that could not be opened in time, because its
// backend was away. Tries again while the connection is open, with the backoff
// of feeds, until the policy gives up. Meanwhile, the client sees an outage.
//
// The connection owns the object. Thread-safe.
class LateStream : public std::enable_shared_from_this<LateStream> {
 public:
  struct Options {
    Delivery* delivery = nullptr;  // must outlive this object
    ReconnectPolicy policy;
    bool hide_outages = false;  // see AwayFrame

    // Renders the event with which the stream ends.
    std::function<FramePtr(const absl::Status&)> final_event;

    // Tries to open the stream. Runs on a delivery thread, and must not block.
    // Each attempt leads to one call of Failed, or to a Subscription with the
    // responder of NewResponder. Both may happen later, on any thread.
    std::function<void(std::shared_ptr<LateStream>)> attempt;
  };

  // Returns true if a stream that was not opened with this status is tried
  // again.
  static bool IsTemporary(const absl::Status& status,
                          const ReconnectPolicy& policy);

  // Returns a subscriber that waits with this stream. Until it is attached, it
  // is lost with `status` if `alone`, so that the response is an error unless
  // other streams of the connection are open.
  static std::unique_ptr<PendingSubscriber> Create(Options options,
                                                   absl::Status status,
                                                   bool alone);

  // Returns true if the stream has ended, perhaps with its connection.
  bool gone() const;

  // The last attempt has failed: tries again, or ends the stream.
  void Failed(const absl::Status& status);

  // The last attempt has succeeded. The subscription that this responds to is
  // attached to the connection.
  std::unique_ptr<StreamResponder> NewResponder();

 private:
  class Subscriber;
  class Responder;

  explicit LateStream(Options options) : options_(std::move(options)) {}

  void Attach(const ConnectionRef& connection, MembershipOptions options);
  void TryAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Try();
  void End(const absl::Status& status);
  void Leave();
  absl::Duration Now() const;  // monotonic

  const Options options_;

  mutable Mutex mu_;
  Backoff backoff_ ABSL_GUARDED_BY(mu_);
  absl::Duration began_ ABSL_GUARDED_BY(mu_);
  bool gone_ ABSL_GUARDED_BY(mu_) = false;  // it has ended, or was opened

  // The place of the stream in its connection until it is open.
  std::shared_ptr<Topic> topic_ ABSL_GUARDED_BY(mu_);
  ConnectionRef connection_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_LATE_STREAM_H_

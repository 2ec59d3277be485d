#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/feed_history.h"
#include "bridge/feed/feed_quota.h"
#include "bridge/feed/read_window.h"
#include "bridge/feed/reconnect.h"
#include "bridge/feed/reconnect_state.h"
#include "bridge/feed/replay_buffer.h"
#include "bridge/feed/snapshot.h"
#include "bridge/transcode/frame_encoder.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

class PendingSubscriber;

// Notified when a feed has something for its pending subscribers.
class FeedWaiter {
 public:
  virtual ~FeedWaiter() = default;

  // Called at least once after the feed's PendingSubscriber is no longer
  // kWaiting. Called on any thread, with no lock held.
  virtual void OnFeedReady() = 0;
};

// The parts of the bridge that feeds use. All of them must outlive every feed.
struct FeedContext {
  Delivery* delivery = nullptr;
  CircuitLog* circuits = nullptr;

  // Reconnects after a loss, by method. Null if they are not counted.
  LabelledCounter* reconnects = nullptr;

  // Returns the JSON of a google.rpc.Status.
  std::function<std::string(const absl::Status&)> status_json;
};

// One upstream call, decoded and encoded once for all its subscribers.
//
// If the backend is lost, a feed reconnects if the stream can continue without
// a gap (Config::request_after) or does not need to (Config::live_values). Its
// subscribers then see only a comment and the event `upstream` (own_events.h).
// If the backend no longer keeps the event to continue after, the feed starts
// over with the event `reset` (reset_event.h). A message that cannot be encoded
// is replaced by the event `unreadable`.
//
// Shared feeds read as fast as the backend sends; delivery handles slow
// subscribers. An exclusive feed has one subscriber, whose ReadWindow can stop
// the backend.
//
// feed.cc          the upstream call: its messages, its loss, its end
// feed_members.cc  the subscribers
//
// Thread-safe. Kept alive by its pending subscribers, by its call until that is
// done, and by the registry while others may join.
class Feed : public TopicObserver, public std::enable_shared_from_this<Feed> {
 public:
  struct Config {
    Upstream* upstream = nullptr;  // must outlive the feed
    std::string grpc_path;
    Metadata metadata;

    // Selects the backend metadata that subscribers receive before their status
    // line (PendingSubscriber::response_metadata). Null for none.
    std::shared_ptr<const MetadataFilter> exposed;

    // Serialised request of a call from the beginning.
    std::string request;

    // Returns the serialised request of a call that resumes after the event
    // with this ID, or nullopt if no event can have the ID. Empty if the method
    // cannot resume.
    std::function<std::optional<std::string>(absl::string_view id)>
        request_after;

    // The value that the ID of the last event is bound to (end_id.h). Empty if
    // the last event has no ID.
    std::string call_tag;

    // The ID after which the first call resumes. Empty for the beginning.
    std::string first_id;

    // The first subscriber is returning, see Join.
    bool returning = false;

    // The stream consists of current values: after a loss, the request is
    // simply repeated.
    bool live_values = false;

    bool shared = false;
    // With FrameEncoder::raw_body, the stream consists of bytes: it contains no
    // events of the bridge, the status line waits for the first message, and a
    // message that cannot be read ends the stream. Such a feed is never shared,
    // and does not reconnect.
    std::shared_ptr<const FrameEncoder> encoder;
    Snapshot::What snapshot = Snapshot::What::kNone;
    ReplayBuffer::Limits replay;

    // How long a shared feed continues without subscribers. A feed that never
    // had a message ends immediately, since nothing would be lost.
    absl::Duration linger = absl::Seconds(5);

    // Subscribers learn of a lost backend only by a comment.
    bool hide_outages = false;

    // How long to retry after the backend is lost, before subscribers receive
    // an error.
    ReconnectPolicy reconnect;

    // The quota charge of the feed, held until the call is done. May be null.
    std::shared_ptr<FeedQuota::Charge> charge;

    // Called once when the feed has ended, with no lock held.
    std::function<void(const Feed*)> on_end;
  };

  // Creates a feed whose call has not started. Join before calling Begin to
  // receive everything that the backend sends.
  static std::shared_ptr<Feed> Create(const FeedContext* context,
                                      Config config);
  void Begin();

  Feed(const FeedContext* context, Config config);
  ~Feed() override;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Adds a subscriber. `last_event_id` is the last ID that a returning browser
  // has received; null on the first visit. Returns null if the feed cannot
  // serve the subscriber: it has ended, or the ID is not in its replay buffer.
  //
  // For a `returning` subscriber, with or without an ID, the feed also retries
  // if the backend is lost before it has sent anything. On a first visit an
  // error response is better, but an EventSource that reconnects would treat it
  // as final.
  std::unique_ptr<PendingSubscriber> Join(const std::string* last_event_id,
                                          std::weak_ptr<FeedWaiter> waiter,
                                          bool returning = false);

  // Returns the oldest ID in the replay buffer, or an empty string if it has
  // none.
  std::string OldestId() const;

  // Ends a feed without subscribers before its linger time.
  void EndIfIdle();

  // Ends the call and the subscriptions (for tests and the drain).
  void Stop(const absl::Status& why);

 private:
  friend class PendingSubscriber;
  class Call;  // forwards the upstream call's events

  enum class State { kOpening, kOpen, kAway, kEnded };

  void StartCall();

  // Called serially by Call. `generation` distinguishes the current call from
  // earlier ones.
  void OnCallMetadata(uint64_t generation, Metadata metadata);
  void OnCallOpen(uint64_t generation);
  void OnCallMessage(uint64_t generation,
                     absl::Span<const absl::string_view> wire,
                     EncodedFrame* scratch);
  void OnCallDone(uint64_t generation, const absl::Status& status);

  void OnMemberGone(bool connection_closed) override;
  void OnSent(size_t bytes) override;
  void OnWantsMore(ConnectionRef connection) override;
  void OnWantsNoMore(ConnectionRef connection) override;

  // Size of one part of the initial frames that are queued at once.
  size_t PartBytes() const;

  void ReadWhenLoopsKeepUp(std::shared_ptr<StreamCall> call);

  void Open(uint64_t generation);
  void Reconnect(uint64_t generation);
  void End(const absl::Status& status);
  void LeaveOne();
  void NoteEnd();
  void OnLingered(uint64_t idle_generation);
  bool CanReconnect(const absl::Status& status) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::string NextRequest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteAway(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteBack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Publishes to all subscribers, including those whose connection is not
  // attached yet.
  void Publish(const FramePtr& frame, absl::string_view id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PublishOwedReset() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Duration Now() const;  // monotonic
  bool raw() const { return config_.encoder->raw_body(); }
  void Tell(const FramePtr& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  FramePtr NoteUnreadable(absl::Span<const absl::string_view> wire,
                          const absl::Status& why, EncodedFrame* scratch);
  std::vector<std::weak_ptr<FeedWaiter>> TakeWaiters()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  FramePtr StatusFrame(const absl::Status& status) const;

  const FeedContext* const context_;  // must outlive this feed
  const Config config_;
  std::shared_ptr<Topic> topic_;  // publish with mu_ held to keep the order

  std::atomic<uint64_t> unreadable_{0};  // messages

  ReadWindow window_;  // ReadWindow says what mu_ protects

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kOpening;
  std::shared_ptr<StreamCall> call_ ABSL_GUARDED_BY(mu_);
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  // Of the current call.
  Metadata response_metadata_ ABSL_GUARDED_BY(mu_);
  absl::Status end_status_ ABSL_GUARDED_BY(mu_);
  FramePtr end_frame_ ABSL_GUARDED_BY(mu_);
  std::string content_type_ ABSL_GUARDED_BY(mu_);  // of the first raw body
  bool patient_ ABSL_GUARDED_BY(mu_) = false;      // a subscriber is returning
  std::string last_id_ ABSL_GUARDED_BY(mu_);  // the next call resumes after it
  // The current call resumed after it.
  std::string call_resumes_ ABSL_GUARDED_BY(mu_);
  // Published as soon as the call that starts over is accepted.
  FramePtr owed_reset_ ABSL_GUARDED_BY(mu_);
  FeedHistory history_ ABSL_GUARDED_BY(mu_);
  std::vector<std::weak_ptr<FeedWaiter>> waiters_ ABSL_GUARDED_BY(mu_);
  size_t users_ ABSL_GUARDED_BY(mu_) = 0;  // pending and attached
  // Pending subscribers, and members that have not received all initial frames.
  // While there are any, published frames are kept for them.
  size_t pending_ ABSL_GUARDED_BY(mu_) = 0;
  // Positions of members that have not received all initial frames, because
  // these are too large to be queued at once. No frames are stored for them.
  absl::flat_hash_map<ConnectionRef, FeedHistory::Position> loads_
      ABSL_GUARDED_BY(mu_);
  bool has_spoken_ ABSL_GUARDED_BY(mu_) = false;  // a message has arrived
  uint64_t idle_generation_ ABSL_GUARDED_BY(mu_) = 0;
  ReconnectState reconnect_ ABSL_GUARDED_BY(mu_);
};

// A subscriber of a feed from joining until its connection is attached. The
// feed keeps frames for it in between. Leaves the feed if destroyed before
// Attach. Not thread-safe.
class PendingSubscriber {
 public:
  enum class Readiness {
    kWaiting,  // the backend has not sent anything yet
    kReady,    // there is or will be something to deliver
    kEnded,    // ended without anything to deliver, see end_status()
  };

  ~PendingSubscriber();
  PendingSubscriber(const PendingSubscriber&) = delete;
  PendingSubscriber& operator=(const PendingSubscriber&) = delete;

  Readiness readiness() const;

  // Requires an ended feed.
  absl::Status end_status() const;

  // The metadata that the backend has sent so far.
  Metadata response_metadata() const;

  // Requires a feed of raw bodies that is ready.
  std::string content_type() const;

  // Sets a `reset` frame that the connection receives before all others. Call
  // before Attach.
  void BeginWith(FramePtr frame) { reset_ = std::move(frame); }

  // Attaches the connection. It receives everything since Join, and then the
  // live events.
  void Attach(const ConnectionRef& connection, MembershipOptions options);

 private:
  friend class Feed;
  PendingSubscriber(std::shared_ptr<Feed> feed, std::vector<FramePtr> first,
                    FeedHistory::Position load, uint64_t from_seq)
      : feed_(std::move(feed)),
        first_(std::move(first)),
        load_(load),
        from_seq_(from_seq) {}

  std::shared_ptr<Feed> feed_;  // null once attached
  FramePtr reset_;
  std::vector<FramePtr> first_;
  FeedHistory::Position load_;  // the same as first_, and what follows
  const uint64_t from_seq_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_H_

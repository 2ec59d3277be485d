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

// Told when a feed has something to say to those who wait for it.
class FeedWaiter {
 public:
  virtual ~FeedWaiter() = default;

  // At least once after the feed's PendingSubscriber stopped being kWaiting.
  // From any thread, with no lock held.
  virtual void OnFeedReady() = 0;
};

// What feeds need of the rest of the bridge. All must outlive every feed.
struct FeedContext {
  Delivery* delivery = nullptr;
  CircuitLog* circuits = nullptr;

  // Calls made anew after a loss, by method; null: not counted.
  LabelledCounter* reconnects = nullptr;

  // The JSON of a google.rpc.Status.
  std::function<std::string(const absl::Status&)> status_json;
};

// One upstream call, decoded and encoded once for all its subscribers.
//
// A feed reconnects when the backend is lost and the stream can go on without a
// gap (Config::request_after) or needs none (Config::live_values); then its
// subscribers notice nothing but a comment and the event `upstream`
// (own_events.h). A message that cannot be shown costs that event alone:
// `unreadable` stands in its place. If the backend does not keep the
// event to go on after, the feed begins anew with the event `reset`
// (reset_event.h).
//
// Shared feeds read as fast as the backend sends; slow subscribers are the
// concern of delivery. An exclusive feed has one subscriber, whose
// ReadWindow holds the backend.
//
// feed.cc          the upstream call: its messages, its loss, its end
// feed_members.cc  those who subscribe
//
// Thread-safe. Held by its places, by its call until that is done, and by the
// registry while others may join.
class Feed : public TopicObserver, public std::enable_shared_from_this<Feed> {
 public:
  struct Config {
    Upstream* upstream = nullptr;  // must outlive the feed
    std::string grpc_path;
    Metadata metadata;

    // What of the backend's metadata subscribers are told before their status
    // line (PendingSubscriber::response_metadata); null: nothing.
    std::shared_ptr<const MetadataFilter> exposed;

    // Serialised request of a call from the beginning.
    std::string request;

    // Serialised request of a call that resumes after the event with this id,
    // nullopt when no event can have it; empty function when the method cannot
    // resume.
    std::function<std::optional<std::string>(absl::string_view id)>
        request_after;

    // What its last event's id is bound to, see end_id.h; empty: it has none.
    std::string call_tag;

    // What the first call resumes after; empty: it is from the beginning.
    std::string first_id;

    // The first subscriber comes back, see Join.
    bool returning = false;

    // The stream is current values: after a loss it is simply asked again.
    bool live_values = false;

    bool shared = false;
    // With FrameEncoder::raw_body the stream is bytes: nothing of the bridge's
    // own is among them, the status line waits for the first message, and one
    // that cannot be read ends the stream. Such a feed is neither shared nor
    // made anew after a loss.
    std::shared_ptr<const FrameEncoder> encoder;
    Snapshot::What snapshot = Snapshot::What::kNone;
    ReplayBuffer::Limits replay;

    // How long a shared feed stays when the last subscriber has gone. One that
    // never had a message does not: nothing would be lost with it.
    absl::Duration linger = absl::Seconds(5);

    // Subscribers are not told of a lost backend but by a comment.
    bool hide_outages = false;

    // How a lost backend is tried again before subscribers are told.
    ReconnectPolicy reconnect;

    // Whose feed it is; held until the call is done. May be null.
    std::shared_ptr<FeedQuota::Charge> charge;

    // Called once when the feed has ended, with no lock held.
    std::function<void(const Feed*)> on_end;
  };

  // A feed whose call has not begun: join first, then Begin, and nothing that
  // the backend says is missed.
  static std::shared_ptr<Feed> Create(const FeedContext* context,
                                      Config config);
  void Begin();

  Feed(const FeedContext* context, Config config);
  ~Feed() override;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Takes a place. `last_event_id`: where a browser that came back left off;
  // null on the first visit. Returns null when the feed cannot serve the
  // subscriber: it has ended, or the id is not in its replay buffer. For one
  // who is `returning`, with an id or without, a backend that is lost before it
  // has said anything is tried again too: the refusal that is the better answer
  // on a first visit would be the last for an EventSource.
  std::unique_ptr<PendingSubscriber> Join(const std::string* last_event_id,
                                          std::weak_ptr<FeedWaiter> waiter,
                                          bool returning = false);

  // The oldest id in the replay buffer; empty when there is none.
  std::string OldestId() const;

  // Ends a feed that nobody subscribes to before its time.
  void EndIfIdle();

  // Ends the call and the subscriptions (tests, drain).
  void Stop(const absl::Status& why);

 private:
  friend class PendingSubscriber;
  class Call;  // passes the upstream call's events on

  enum class State { kOpening, kOpen, kAway, kEnded };

  void StartCall();

  // From Call, serially; `generation` tells calls of the past from today's.
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

  // Of what a joiner gets before the live events; more is not queued at once.
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
  // To all, those included whose connection is not attached yet.
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
  std::shared_ptr<Topic> topic_;  // published to with mu_ held: order counts

  std::atomic<uint64_t> unreadable_{0};  // messages

  ReadWindow window_;  // see there what mu_ protects

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kOpening;
  std::shared_ptr<StreamCall> call_ ABSL_GUARDED_BY(mu_);
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  // Of the call that runs now.
  Metadata response_metadata_ ABSL_GUARDED_BY(mu_);
  absl::Status end_status_ ABSL_GUARDED_BY(mu_);
  FramePtr end_frame_ ABSL_GUARDED_BY(mu_);
  std::string content_type_ ABSL_GUARDED_BY(mu_);  // of raw bodies: the first's
  bool patient_ ABSL_GUARDED_BY(mu_) = false;      // somebody is returning
  std::string last_id_ ABSL_GUARDED_BY(mu_);  // what a next call resumes after
  std::string call_resumes_ ABSL_GUARDED_BY(mu_);  // what this one does
  // Sent as soon as the call that begins anew is accepted.
  FramePtr owed_reset_ ABSL_GUARDED_BY(mu_);
  FeedHistory history_ ABSL_GUARDED_BY(mu_);
  std::vector<std::weak_ptr<FeedWaiter>> waiters_ ABSL_GUARDED_BY(mu_);
  size_t users_ ABSL_GUARDED_BY(mu_) = 0;  // places and memberships
  // Places not yet attached, and those that load: for them, what comes is kept.
  size_t pending_ ABSL_GUARDED_BY(mu_) = 0;
  // Joiners that still have to get what is before the live events, when that is
  // too much to be queued at once: nothing of it is kept for them but this.
  absl::flat_hash_map<ConnectionRef, FeedHistory::Position> loads_
      ABSL_GUARDED_BY(mu_);
  bool has_spoken_ ABSL_GUARDED_BY(mu_) = false;  // there was a message
  uint64_t idle_generation_ ABSL_GUARDED_BY(mu_) = 0;
  ReconnectState reconnect_ ABSL_GUARDED_BY(mu_);
};

// One subscriber's place in a feed, from joining until its connection is
// attached: what the feed says in between is kept for it. Leaves the feed when
// destroyed unattached. Used by one thread at a time.
class PendingSubscriber {
 public:
  enum class Readiness {
    kWaiting,  // the backend has not said anything yet
    kReady,    // there is, or will be, something to deliver
    kEnded,    // over, and nothing to deliver: see end_status()
  };

  ~PendingSubscriber();
  PendingSubscriber(const PendingSubscriber&) = delete;
  PendingSubscriber& operator=(const PendingSubscriber&) = delete;

  Readiness readiness() const;

  // Of an ended feed.
  absl::Status end_status() const;

  // What the backend has said beside its messages so far.
  Metadata response_metadata() const;

  // Of a feed of raw bodies that is ready.
  std::string content_type() const;

  // What the connection gets ahead of everything: a `reset`. Before Attach.
  void BeginWith(FramePtr frame) { reset_ = std::move(frame); }

  // Gives the connection everything since joining, then what comes.
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
  FeedHistory::Position load_;  // the same, and what follows
  const uint64_t from_seq_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_H_

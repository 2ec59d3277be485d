#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
#include "bridge/delivery/frame_compressor.h"
#include "bridge/delivery/topic.h"
#include "bridge/feed/circuit_log.h"
#include "bridge/feed/feed_history.h"
#include "bridge/feed/feed_quota.h"
#include "bridge/feed/pending_subscriber.h"
#include "bridge/feed/read_window.h"
#include "bridge/feed/reconnect.h"
#include "bridge/feed/replay_buffer.h"
#include "bridge/feed/snapshot.h"
#include "bridge/feed/upstream_session.h"
#include "bridge/gzip/gzip_budget.h"
#include "bridge/transcode/frame_encoder.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// What feeds need of the rest of the bridge. All must outlive every feed.
struct FeedContext {
  Delivery* delivery = nullptr;
  CircuitLog* circuits = nullptr;

  // The memory of compressors; null: feeds compress nothing.
  GzipBudget* gzip = nullptr;

  // Counts reconnects by method; null: not counted.
  LabelledCounter* reconnects = nullptr;

  // Returns the JSON of a google.rpc.Status.
  std::function<std::string(const absl::Status&)> status_json;
};

// One upstream stream, decoded and encoded once for all its subscribers.
//
// If the backend is lost, a feed reconnects, provided that the stream can
// continue without a gap (Config::request_after) or needs no continuity
// (Config::live_values). Subscribers then receive only a comment and the event
// `upstream` (own_events.h). If the backend no longer keeps the event to resume
// after, the feed starts from the beginning with the event `reset`
// (reset_event.h). A message that cannot be shown is replaced by the event
// `unreadable`.
//
// A shared feed reads as fast as the backend sends; delivery handles slow
// subscribers. An exclusive feed has one subscriber and reads only as fast as
// that one does (ReadWindow).
//
// Its parts, all protected by its lock:
//   UpstreamSession  the current call and the next one, the outage
//   FeedHistory      the events that are kept: replay and snapshot
//   ReadWindow       whether to read the next message
// and its own code:
//   feed.cc          publishing, and the end of the feed
//   feed_upstream.cc starting calls and handling what they report
//   feed_members.cc  joining, catching up, leaving
//
// Thread-safe. Held by its pending subscribers, by its call until that is done,
// and by the registry while others may join.
class Feed : public TopicObserver, public std::enable_shared_from_this<Feed> {
 public:
  struct Config {
    Upstream* upstream = nullptr;  // must outlive the feed
    std::string grpc_path;
    Metadata metadata;

    // Selects the response metadata that subscribers are told before their
    // status line (PendingSubscriber::response_metadata); null: none.
    std::shared_ptr<const MetadataFilter> exposed;

    // Serialised request of a call from the beginning.
    std::string request;

    // Null if the method cannot resume.
    UpstreamSession::RequestAfter request_after;

    // Binds the id of the final event to this call, see end_id.h; empty: the
    // final event has no id.
    std::string call_tag;

    // The event after which the first call resumes; empty: it starts from the
    // beginning.
    std::string first_id;

    // Of the first subscriber, see Join.
    EarlyLoss early_loss = EarlyLoss::kRefuses;

    // The stream consists of current values: after a loss it is requested
    // again, without resuming.
    bool live_values = false;

    bool shared = false;
    // With FrameEncoder::raw_body the stream is bytes: the bridge adds nothing
    // to it, the status line waits for the first message, and a message that
    // cannot be read ends the stream. Such a feed is neither shared nor
    // reconnected.
    std::shared_ptr<const FrameEncoder> encoder;
    Snapshot::What snapshot = Snapshot::What::kNone;
    ReplayBuffer::Limits replay;

    // How long a shared feed stays after its last subscriber has left. A feed
    // that has had no message ends at once, because nothing would be lost.
    absl::Duration linger = absl::Seconds(5);

    // Tells subscribers of an outage by a comment only.
    bool hide_outages = false;

    // How to reconnect before subscribers receive the loss as the end.
    ReconnectPolicy reconnect;

    // Counts this feed for the address that started it. Held until the call is
    // done. May be null.
    std::shared_ptr<FeedQuota::Charge> charge;

    // Called once when the feed has ended, with no lock held.
    std::function<void(const Feed*)> on_end;
  };

  // Creates a feed without starting its call. Join it first, then Begin: so no
  // message is missed (Complete in model/resume.pml).
  static std::shared_ptr<Feed> Create(const FeedContext* context,
                                      Config config);
  void Begin();

  Feed(const FeedContext* context, Config config);
  ~Feed() override;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Adds a subscriber. `last_event_id` is the last event that a returning
  // client has received; null on its first visit. Returns null if the feed
  // cannot serve the subscriber: it has ended, or the id is not in its replay
  // buffer.
  //
  // A backend that is lost before its first answer is normally an error for the
  // subscriber. If `early_loss` of one is another (with `last_event_id`, it is
  // kWaits), the feed reconnects instead.
  std::unique_ptr<PendingSubscriber> Join(
      const std::string* last_event_id, std::weak_ptr<FeedWaiter> waiter,
      EarlyLoss early_loss = EarlyLoss::kRefuses);

  // As Join, for a first visit that begins after the event `id`. Events without
  // an id from before now are left out: they were for those who were there.
  std::unique_ptr<PendingSubscriber> JoinAt(
      const std::string& id, std::weak_ptr<FeedWaiter> waiter,
      EarlyLoss early_loss = EarlyLoss::kRefuses);

  // Ends the subscription of this connection, if it has one, with a
  // `grpc-status` event. In a combined stream the connection continues.
  void EndMember(const ConnectionRef& connection, const absl::Status& status);

  // Returns the oldest id in the replay buffer; empty if there is none.
  std::string OldestId() const;

  // Ends a feed without subscribers before its linger time is over.
  void EndIfIdle();

  // Ends the call and the subscriptions.
  void Stop(const absl::Status& why);

 private:
  class Call;    // the observer of an upstream call
  class Joiner;  // the PendingSubscriber that Join returns

  enum class State { kOpening, kOpen, kReconnecting, kEnded };

  // A subscriber that has not received the whole history yet.
  struct CatchUp {
    FeedHistory::Position position;
    // Of the newest event that it was given, also if that is for others.
    std::string last_id;
  };

  // The upstream call (feed_upstream.cc). The OnCall... functions run serially
  // and ignore calls whose `generation` is no longer current.
  void StartCall();
  void OnCallMetadata(uint64_t generation, const Metadata& metadata);
  void OnCallOpen(uint64_t generation);
  void OnCallMessage(uint64_t generation,
                     absl::Span<const absl::string_view> wire,
                     EncodedFrame* scratch);
  void OnCallDone(uint64_t generation, const absl::Status& status);
  void Open(uint64_t generation);
  void Reconnect(uint64_t generation);
  void ReadWhenLoopsKeepUp(std::shared_ptr<StreamCall> call);
  FramePtr EncodeUnreadable(absl::Span<const absl::string_view> wire,
                            const absl::Status& why, EncodedFrame* scratch);
  bool CanReconnect(const absl::Status& status) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void BeginOutage(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndOutage() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // TopicObserver. OnSent is in feed_upstream.cc, the others are in
  // feed_members.cc.
  void OnMemberGone(bool connection_closed) override;
  void OnSent(size_t bytes) override;
  void OnWantsMore(ConnectionRef connection) override;
  void OnWantsNoMore(ConnectionRef connection) override;

  // Subscribers (feed_members.cc).
  std::unique_ptr<PendingSubscriber> AddJoiner(std::vector<FramePtr> first,
                                               FeedHistory::Position position,
                                               std::weak_ptr<FeedWaiter> waiter,
                                               EarlyLoss early_loss)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LeaveOne();
  void OnLingered(uint64_t idle_generation);
  // How much of the history is queued for a joiner at once.
  size_t PartBytes() const;

  // Has pending subscribers attached at once, if they would lose events by the
  // next one, of this size.
  void HurryPending(size_t bytes);
  // A subscriber no longer needs kept events.
  void CaughtUp() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Publishing and the end (feed.cc).
  //
  // Publishes an event to all subscribers, including those that are not
  // attached yet.
  void Publish(const FramePtr& frame, absl::string_view id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PublishOwedReset() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Tells attached subscribers that an outage begins or ends. Attach tells the
  // others if it still lasts then.
  void PublishNotice(const FramePtr& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void End(const absl::Status& status);
  void ReportEnd();
  std::vector<std::weak_ptr<FeedWaiter>> TakeWaiters()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  static void Wake(const std::vector<std::weak_ptr<FeedWaiter>>& waiters);
  FramePtr StatusFrame(const absl::Status& status) const;
  // Appends the next part of the history. Returns false, and appends the end of
  // the stream, if events have been lost that the subscriber still needed.
  bool NextPart(CatchUp* catch_up, std::vector<FramePtr>* part, bool* more)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Duration Now() const;  // monotonic
  bool raw() const { return config_.encoder->raw_body(); }

  // Set before Begin, then constant.
  const FeedContext* const context_;  // must outlive this feed
  const Config config_;
  std::shared_ptr<Topic> topic_;  // publish with mu_ held, to keep the order

  // Number of messages that could not be shown. Needs no lock.
  std::atomic<uint64_t> unreadable_{0};

  // Published and Sent need no lock; call the rest with mu_ held.
  ReadWindow window_;

  mutable Mutex mu_;

  // The stream.
  State state_ ABSL_GUARDED_BY(mu_) = State::kOpening;
  UpstreamSession session_ ABSL_GUARDED_BY(mu_);
  FeedHistory history_ ABSL_GUARDED_BY(mu_);
  FrameCompressor compressor_ ABSL_GUARDED_BY(mu_);
  std::string content_type_ ABSL_GUARDED_BY(mu_);  // of the first raw body

  // How it ended, or was lost last.
  absl::Status end_status_ ABSL_GUARDED_BY(mu_);
  FramePtr end_frame_ ABSL_GUARDED_BY(mu_);

  // Subscribers, including pending ones.
  size_t subscribers_ ABSL_GUARDED_BY(mu_) = 0;
  // Those of them that are pending or in positions_. While there are any, the
  // history keeps every event for them.
  size_t catching_up_ ABSL_GUARDED_BY(mu_) = 0;
  // Attached connections that have not received the whole history yet, because
  // it was too much to be queued at once.
  absl::flat_hash_map<ConnectionRef, CatchUp> positions_ ABSL_GUARDED_BY(mu_);
  std::vector<std::weak_ptr<FeedWaiter>> waiters_ ABSL_GUARDED_BY(mu_);
  // Waiters that were pending when they were added; some no longer are. Empty
  // while catching_up_ is 0, so that an event costs no more then.
  std::vector<std::weak_ptr<FeedWaiter>> pending_ ABSL_GUARDED_BY(mu_);
  std::atomic<bool> has_pending_{false};
  bool survives_early_loss_ ABSL_GUARDED_BY(mu_) = false;  // see Join
  bool has_opened_ ABSL_GUARDED_BY(mu_) = false;           // at least once
  // Changes when somebody joins and when the last one leaves, which makes
  // earlier linger timers void.
  uint64_t idle_generation_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_H_

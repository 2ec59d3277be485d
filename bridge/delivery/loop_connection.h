#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/gzip_run.h"
#include "bridge/delivery/gzip_stream.h"
#include "bridge/delivery/loop_context.h"
#include "bridge/delivery/send_queue.h"
#include "bridge/delivery/stream_deadlines.h"
#include "bridge/delivery/topic.h"
#include "bridge/delivery/topic_local.h"
#include "bridge/net/socket.h"

namespace sse_bridge {

// An open stream: its socket, its queue, its memberships of topics, its
// deadlines and its end. Used on its loop's thread only.
//
// No method destroys the connection. A connection that fails or is too slow is
// added to a list of the context and destroyed later, so that lists of
// connections and members can be iterated meanwhile.
//
// loop_connection.cc         memberships, deadlines, the end
// loop_connection_output.cc  the queue and the socket
class LoopConnection {
 public:
  enum class State : uint8_t {
    kOpen,
    kEnding,     // flushes queued frames and accepts no more
    kLingering,  // has sent everything; waits for the client to close
    kDead,       // will be destroyed
  };

  // One end of a membership; the other is TopicLocal::Member.
  struct Membership {
    TopicLocal* topic;  // kept alive while it has members
    uint32_t index;     // index in the topic's members
    MembershipOptions options;
    // The frames of the topic's run that were published before it began.
    uint32_t skip = 0;
    bool raised = false;   // a condition is active (FrameInfo::condition)
    bool loading = false;  // the initial frames are not complete
    bool asked = false;    // the next part was requested
  };

  // Takes everything from `spec` except the head. `context` must outlive the
  // connection.
  LoopConnection(LoopContext* context, ConnectionId id, StreamSpec* spec);
  LoopConnection(const LoopConnection&) = delete;
  LoopConnection& operator=(const LoopConnection&) = delete;

  ConnectionId id() const { return id_; }
  Socket& socket() const { return *socket_; }
  bool open() const { return state_ == State::kOpen; }
  bool dead() const { return state_ == State::kDead; }
  bool chunked() const { return chunked_; }
  // Whether the socket keeps pointers to what it has accepted.
  bool multiplexed() const { return multiplexed_; }
  const GzipStream& gzip() const { return gzip_; }

  // ---- Memberships ----

  // Requires an open connection, as does Continue. Returns false, without
  // effect, if the connection has left the group.
  bool Join(TopicLocal* topic, const MembershipOptions& options,
            const std::vector<FramePtr>& first, bool more);
  // Passes the next part of the topic's initial frames, if it is still loading.
  void Continue(const TopicLocal& topic, const std::vector<FramePtr>& part,
                bool more);
  // Ends the membership of `topic`, if there is one, and tells the observer.
  void Detach(const TopicLocal& topic);
  // Ends the memberships of this group, now and in the future, and tells their
  // observers.
  void LeaveGroup(int group);
  // Ends a membership because its topic has ended, and the connection if
  // Topic::End says so. `last` may be null.
  void EndMembership(uint32_t membership, const FramePtr& last, bool error);
  // As EndMembership, for the membership of `topic`, if there is one. Tells the
  // observer.
  void EndMember(const TopicLocal& topic, const FramePtr& last, bool error);
  Membership& membership(uint32_t index) { return memberships_[index]; }
  size_t membership_count() const { return memberships_.size(); }

  // ---- Output ----

  // Whether a frame may be written to the socket without being queued.
  bool CanSendDirectly() const {
    return direct_ && !blocked_ && state_ == State::kOpen && loading_ == 0 &&
           queue_.empty();
  }
  // Writes to the socket. If it does not accept everything, the connection is
  // blocked, or dead if the socket failed. Returns the number of bytes sent.
  size_t SendDirectly(absl::string_view wire);
  // Counts events that were sent directly.
  void CountEvents(uint64_t events);
  // Records that a run was sent directly in this form.
  void AddGzip(const GzipRun::Form& form);
  // As AddGzip, for one frame, and queues the rest of it, after its first
  // `sent` bytes, if those are not all.
  void AddGzipPart(Membership* membership, const FramePtr& frame,
                   const GzipRun::Form::Part& part, size_t sent);
  // Records that the first bytes of the only queued frame were sent directly.
  void SetPartlySent(size_t bytes) { queue_.SetPartlySent(bytes); }
  // Whether the client may see the frame.
  bool Sees(const Frame& frame) const {
    const Audience* const audience = frame.info().audience.get();
    return audience == nullptr || audience->Includes(subject_);
  }
  // Queues a topic's frame if the client may see it, subject to the
  // membership's policy. `counted` is false for initial frames, which do not
  // count against the limit.
  // `wire` is what is sent for the frame if that is known already.
  void EnqueueFromTopic(Membership* membership, const FramePtr& frame,
                        bool counted, FramePtr wire = nullptr);
  // Queues the head of the response unchanged.
  void SendHead(absl::string_view head);
  // Queues a frame with SlowPolicy::kDisconnect, if the connection is open.
  void Send(FramePtr frame);
  // Sends what is queued. Called for each connection of the context's list
  // `unflushed`.
  void FlushListed();
  // The socket has space again.
  void OnWritable();

  // ---- Input ----

  // Reads and discards some input, and notices the client's end. Returns true
  // if more may follow and the connection was not already waiting for ReadMore.
  bool ReadInput();
  bool ReadMore();

  // ---- Deadlines ----

  void OnTimer();
  // Ends the connection at this time with kDrain.
  void DrainAt(int64_t deadline);

  // ---- The end ----

  // Ends an open connection after the queued frames and `last` (may be null).
  void BeginEnd(CloseReason reason, const FramePtr& last);
  // Adds the connection to the context's list `dead`.
  void MarkDead(CloseReason reason);
  // Called when the context's list `slow` is processed: drops the queued events
  // and ends the connection.
  void EndSlow();
  // Ends the memberships, closes the socket and calls OnClosed. Nothing but the
  // destructor may be called afterwards.
  void Close();

 private:
  // What StreamSpec says about the end.
  struct EndOptions {
    bool cut_unless_ended = false;
    bool retry_asked = false;  // the backend requested the delay
    int64_t retry_ms = 0;      // 0 if none is sent
    FramePtr expiry_frame;
    FramePtr max_age_frame;
    FramePtr slow_frame;
  };
  struct Sent {
    uint64_t events = 0;
    uint64_t bytes = 0;
    int64_t last = 0;  // when, or when the connection was opened
  };
  // MembershipOptions::group
  struct Group {
    uint32_t raised = 0;  // memberships with an active condition
    bool left = false;
  };
  // Which lists of the loop the connection is in.
  struct Listed {
    bool unflushed = false;
    bool slow = false;
    bool more_input = false;
  };

  ConnectionRef ref() const { return ConnectionRef(context_->loop, id_); }
  // Whether the body must not be ended properly (StreamSpec::cut_unless_ended).
  bool Cut() const {
    return end_.cut_unless_ended && reason_ != CloseReason::kEnded;
  }

  // loop_connection.cc
  Group& GroupAt(int group);
  // Removes both ends of a membership. May destroy the topic unless the caller
  // holds it.
  void RemoveMembership(uint32_t index);
  // As RemoveMembership, and calls OnMemberGone.
  void Leave(uint32_t index, bool connection_closed);
  void LeaveAll();
  // Arms the timer for the next deadline.
  void Rearm();
  void EnqueueRetry();
  // Called when everything has been sent at the end.
  void FinishEnd();
  void CallOnClosed();

  // loop_connection_output.cc
  // Records a frame's condition. Returns false if the frame must not be sent.
  bool NoteCondition(Membership* membership, int condition);
  // Queues a frame that is subject to a SlowPolicy.
  void Enqueue(SendEntry entry);
  bool Overfull(size_t size) const;
  // Returns false if the entry must not be queued.
  bool MakeSpace(const SendEntry& entry);
  // Queues a frame that no policy applies to: a head, ping or last frame.
  void EnqueueOwn(FramePtr frame, bool raw);
  // Queues the rewriter's end frame, created once all frames before it are
  // rewritten. `last` may be null.
  void EnqueueEnd(const FramePtr& last);
  // Queues the end of the gzip member, if the body is one.
  void EnqueueGzipEnd();
  // Queues the last frame of a topic.
  void EnqueueLast(const Membership& membership, const FramePtr& last);
  void Push(SendEntry entry);
  // Adds the connection to the context's list `unflushed`, unless it is
  // blocked.
  void FlushLater();
  void Flush();
  // Whether frames must be rewritten or compressed before they are sent.
  bool Rewrites() const { return rewriter_ != nullptr || gzip_.on(); }
  // Rewrites the frames that are sent next.
  void RewriteNext();
  FramePtr Rewritten(const SendEntry& entry);
  FramePtr Compressed(const FramePtr& frame);
  // Asks the feeds for a keyframe if the connection is not in step.
  void WantKey();
  // Writes some of the queue. Returns false if the socket accepts no more now,
  // or has failed.
  bool WriteSome();
  void MarkSlow();
  // When the queue is empty, requests the next part for loading members.
  void AskForMore();
  // Releases an entry that was sent or dropped.
  void Release(SendEntry entry);

  // Accessed for every event, so kept together at the front.
  LoopContext* const context_;
  const int kernel_fd_;  // of the socket
  const bool direct_;    // frames may be sent without being queued
  State state_ = State::kOpen;
  const bool chunked_;
  const bool multiplexed_;
  bool blocked_ = false;  // the socket is full; waits for OnWritable
  Listed listed_;
  CloseReason reason_ = CloseReason::kClientGone;
  uint32_t loading_ = 0;  // number of loading memberships
  Sent sent_;
  GzipStream gzip_;
  absl::InlinedVector<Membership, 1> memberships_;
  SendQueue queue_;

  const ConnectionId id_;
  const std::string subject_;  // empty for an anonymous client
  uint32_t awaited_attaches_;  // StreamSpec::expected_attaches still to come
  StreamDeadlines deadlines_;
  EndOptions end_;
  std::unique_ptr<Socket> socket_;                 // null after Close
  const std::unique_ptr<FrameRewriter> rewriter_;  // may be null
  std::unique_ptr<ConnectionObserver> observer_;   // null after OnClosed
  std::vector<Group> groups_;  // those with something to remember, by number
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONNECTION_H_

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "bridge/delivery/loop.h"

namespace sse_bridge {
namespace {

constexpr int kMaxParts = 64;  // per writev
// A run is sent to the members when it reaches this size, which fits in a
// core's cache and in a socket buffer.
constexpr size_t kMaxRunBytes = 64 << 10;
// How many members ahead a connection is prefetched into the cache.
constexpr size_t kPrefetch = 4;
// How many bytes are rewritten for one connection at a time.
constexpr size_t kMaxRewrittenBytes = 16 << 10;
// The memory of longer runs is released.
constexpr size_t kMaxKeptRun = 256;

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

void Loop::AddToRun(std::shared_ptr<Topic> topic, FramePtr frame) {
  Topic* const t = topic.get();
  TopicLocal& local = LocalOf(t);
  if (local.members.empty()) return;
  if (local.run.empty()) runs_.push_back(std::move(topic));
  local.run_bytes += frame->chunked().size();
  local.run.push_back(std::move(frame));
  if (local.run_bytes >= kMaxRunBytes) {
    DispatchRun(t, /*only_one=*/runs_.size() == 1);
    Reap();
  }
}

void Loop::DispatchRuns() {
  if (runs_.empty()) return;
  const bool only_one = runs_.size() == 1;
  for (const std::shared_ptr<Topic>& topic : runs_) {
    DispatchRun(topic.get(), only_one);
  }
  runs_.clear();
  Reap();
}

void Loop::DispatchRun(Topic* topic, bool only_one) {
  TopicLocal& local = LocalOf(topic);
  if (local.run.empty()) return;
  const bool single = local.run.size() == 1;
  const Frame& frame = *local.run.front();
  uint64_t events = 0;
  bool direct = true;
  if (!single) run_bytes_.clear();
  for (const FramePtr& f : local.run) {
    events += f->info().is_event ? 1 : 0;
    // Not every member receives a condition frame.
    if (f->info().condition != 0) direct = false;
    if (single) continue;
    // Concatenate once, so that each member costs one plain send.
    run_bytes_.append(f->chunked().data(), f->chunked().size());
  }
  const size_t n = local.members.size();
  // Rotate the start, so that no member is always the last.
  size_t at = n == 0 ? 0 : local.rotor++ % n;
  for (size_t i = 0; i < n; ++i, at = at + 1 == n ? 0 : at + 1) {
    const size_t ahead = at + kPrefetch;
    if (ahead < n) __builtin_prefetch(local.members[ahead].connection);
    LoopConnection* const c = local.members[at].connection;
    Membership* const membership =
        &c->memberships[local.members[at].membership];
    // If frames of other topics are pending, queue instead: one writev sends
    // all.
    if (direct && c->Direct() && (only_one || c->memberships.size() == 1) &&
        (single || c->chunked)) {
      SendDirect(c, topic, membership,
                 !single      ? absl::string_view(run_bytes_)
                 : c->chunked ? frame.chunked()
                              : frame.payload(),
                 events);
      continue;
    }
    for (const FramePtr& f : local.run) {
      EnqueueFromTopic(c, topic, membership, f, /*counted=*/true);
    }
  }
  RecordLatency(local.run);
  local.run_bytes = 0;
  if (local.run.capacity() > kMaxKeptRun) {
    std::vector<FramePtr>().swap(local.run);
  } else {
    local.run.clear();
  }
}

void Loop::RecordLatency(const std::vector<FramePtr>& run) {
  int64_t now = 0;  // read once, and only if needed
  for (const FramePtr& frame : run) {
    const int64_t born = frame->info().born_ns;
    if (born == 0) continue;
    if (now == 0) now = clock_->MonotonicNanos();
    counters_.latency.Record(now - born);
  }
}

void Loop::SendDirect(LoopConnection* c, Topic* topic, Membership* membership,
                      absl::string_view wire, uint64_t events) {
  if (wire.empty()) return;
  ssize_t sent;
  do {
    sent = ::send(c->fd, wire.data(), wire.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  counters_.writes.Add(1);
  if (sent < 0 && WouldBlock(errno)) {
    sent = 0;
  } else if (sent < 0) {
    MarkDead(c, CloseReason::kClientGone);
    sent = 0;
  } else {
    c->bytes += sent;
    c->last_sent = now_;
    counters_.bytes.Add(sent);
  }
  TopicLocal& local = LocalOf(topic);
  if (static_cast<size_t>(sent) == wire.size()) {
    c->events += events;
    counters_.events.Add(events);
    if (topic->flow_control()) {
      for (const FramePtr& frame : local.run) Account(topic, frame->size());
    }
    return;
  }
  c->blocked = true;
  size_t left = sent;
  for (const FramePtr& frame : local.run) {
    const size_t size =
        c->chunked ? frame->chunked().size() : frame->payload().size();
    if (left >= size) {
      left -= size;
      if (frame->info().is_event) {
        ++c->events;
        counters_.events.Add(1);
      }
      if (topic->flow_control()) Account(topic, frame->size());
      continue;
    }
    EnqueueFromTopic(c, topic, membership, frame, /*counted=*/true);
    if (left > 0) c->queue.SetPartlySent(left);
    left = 0;
  }
}

void Loop::EnqueueFromTopic(LoopConnection* c, Topic* topic,
                            Membership* membership, const FramePtr& frame,
                            bool counted) {
  const int condition = frame->info().condition;
  if (c->state != State::kOpen || c->slow || frame->size() == 0 ||
      (counted && membership->loading) ||
      (condition != 0 && !NoteCondition(c, membership, condition))) {
    if (topic->flow_control()) Account(topic, frame->size());
    return;
  }
  SendEntry entry;
  entry.frame = frame;
  if (topic->flow_control() || membership->policy == SlowPolicy::kConflate) {
    entry.topic = topic;
    Use(topic);
  }
  entry.published_size = static_cast<uint32_t>(frame->size());
  entry.tag = membership->tag;
  entry.rewrite = c->rewriter != nullptr;
  entry.policy = membership->policy;
  entry.chunked = c->chunked;
  entry.counted = counted;
  Enqueue(c, std::move(entry));
}

bool Loop::NoteCondition(LoopConnection* c, Membership* membership,
                         int condition) {
  const bool raised = condition > 0;
  if (membership->raised == raised) return false;
  membership->raised = raised;
  const auto group = static_cast<size_t>(membership->group);
  if (c->raised.size() <= group) c->raised.resize(group + 1);
  uint32_t& count = c->raised[group];
  return raised ? ++count == 1 : --count == 0;
}

void Loop::Enqueue(LoopConnection* c, SendEntry entry) {
  if (c->slow || entry.frame->size() == 0) {
    Release(std::move(entry));
    return;
  }
  // Conflate only for connections that cannot keep up. Others receive all
  // frames of a batch.
  if (c->blocked && entry.policy == SlowPolicy::kConflate &&
      entry.frame->info().is_event) {
    c->queue.TakeSame(entry.topic, entry.frame->info().key, &taken_);
    counters_.conflated.Add(taken_.size());
    for (SendEntry& superseded : taken_) Release(std::move(superseded));
    taken_.clear();
  }
  if (entry.counted && entry.policy != SlowPolicy::kUnbounded &&
      Overfull(c, entry.Wire().size()) && !MakeSpace(c, entry)) {
    Release(std::move(entry));
    return;
  }
  Push(c, std::move(entry));
}

bool Loop::Overfull(const LoopConnection* c, size_t size) const {
  const size_t waiting = c->queue.counted_bytes();
  return waiting > 0 && waiting + size > options_.queue_limit_bytes;
}

bool Loop::MakeSpace(LoopConnection* c, const SendEntry& entry) {
  const size_t size = entry.Wire().size();
  if (!c->blocked) {
    // Flush first: the connection is not slow if it accepts the batch.
    Flush(c);
    if (c->state != State::kOpen) return false;
    if (!Overfull(c, size)) return true;
  }
  SendEntry oldest;
  while (Overfull(c, size) && c->queue.TakeOldest(&oldest)) {
    counters_.dropped.Add(1);
    Release(std::move(oldest));
  }
  if (!Overfull(c, size)) return true;
  if (entry.policy == SlowPolicy::kDisconnect) {
    MarkSlow(c);
    return false;
  }
  // The rest may not be dropped. Accept the newest value regardless.
  return true;
}

void Loop::EnqueueOwn(LoopConnection* c, FramePtr frame, bool raw) {
  if (frame->size() == 0) return;
  SendEntry entry;
  entry.frame = std::move(frame);
  entry.chunked = c->chunked && !raw;
  Push(c, std::move(entry));
}

void Loop::EnqueueLast(LoopConnection* c, const Membership& membership,
                       const FramePtr& last) {
  if (last->size() == 0) return;
  SendEntry entry;
  entry.frame = last;
  entry.tag = membership.tag;
  entry.rewrite = c->rewriter != nullptr;
  entry.chunked = c->chunked;
  Push(c, std::move(entry));
}

void Loop::EnqueueEnd(LoopConnection* c, const FramePtr& last) {
  SendEntry entry;
  entry.frame = last ? last : ping_;  // only a placeholder
  entry.tag = last ? 1 : 0;
  entry.rewrite = true;
  entry.end = true;
  entry.chunked = c->chunked;
  Push(c, std::move(entry));
}

// A rewritten frame is a copy used by this connection only. Rewriting just
// before sending keeps few copies; frames further back are shared.
void Loop::RewriteNext(LoopConnection* c) {
  const size_t waiting = c->queue.bytes();
  c->queue.RewriteNext(
      std::min(kMaxRewrittenBytes, options_.queue_limit_bytes), kMaxParts,
      [c](const SendEntry& entry) {
        if (!entry.end) return c->rewriter->Rewrite(*entry.frame, entry.tag);
        return c->rewriter->RewriteEnd(
            entry.tag == 0 ? FramePtr() : entry.frame, c->reason);
      },
      &taken_);
  // Frames that were left out are still included in the gauge.
  size_t left_out = 0;
  for (const SendEntry& entry : taken_) left_out += entry.Wire().size();
  counters_.queue_bytes.Add(c->queue.bytes() + left_out - waiting);
  for (SendEntry& entry : taken_) Release(std::move(entry));
  taken_.clear();
}

void Loop::Push(LoopConnection* c, SendEntry entry) {
  counters_.queue_bytes.Add(entry.Wire().size());
  entry.queued = true;
  c->queue.Push(std::move(entry), &pool_);
  MarkDirty(c);
}

void Loop::MarkDirty(LoopConnection* c) {
  // A blocked connection is flushed on EPOLLOUT.
  if (c->dirty || c->blocked) return;
  c->dirty = true;
  dirty_.push_back(c);
}

void Loop::FlushDirty() {
  while (!dirty_.empty()) {
    for (size_t i = 0; i < dirty_.size(); ++i) {
      LoopConnection* const c = dirty_[i];
      c->dirty = false;
      Flush(c);
    }
    dirty_.clear();
    Reap();
  }
}

void Loop::Flush(LoopConnection* c) {
  if (c->blocked || c->state == State::kDead) return;
  iovec parts[kMaxParts];
  while (!c->queue.empty()) {
    if (c->rewriter != nullptr) {
      RewriteNext(c);
      if (c->queue.empty()) break;
    }
    const int count = c->queue.Gather(parts, kMaxParts);
    const ssize_t sent = Write(c, parts, count);
    if (sent == Transport::kWouldBlock) {
      c->blocked = true;
      return;
    }
    if (sent == Transport::kFailed) {
      MarkDead(c, CloseReason::kClientGone);
      return;
    }
    c->bytes += sent;
    c->last_sent = now_;
    counters_.bytes.Add(sent);
    size_t total = 0;
    for (int i = 0; i < count; ++i) total += parts[i].iov_len;
    size_t left = sent;
    SendEntry done;
    while (c->queue.Sent(&left, &done)) {
      if (done.frame->info().is_event) {
        ++c->events;
        counters_.events.Add(1);
      }
      Release(std::move(done));
    }
    if (static_cast<size_t>(sent) < total && c->transport == nullptr) {
      c->blocked = true;
      return;
    }
  }
  c->queue.Shrink(&pool_);
  if (c->transport != nullptr) {
    const ssize_t flushed = c->transport->Flush();
    if (flushed == Transport::kWouldBlock) {
      c->blocked = true;
      return;
    }
    if (flushed == Transport::kFailed) {
      MarkDead(c, CloseReason::kClientGone);
      return;
    }
  }
  if (c->loading > 0) AskForMore(c);
  if (c->state == State::kEnding) FinishEnd(c);
}

void Loop::AskForMore(LoopConnection* c) {
  if (c->state != State::kOpen) return;
  for (Membership& membership : c->memberships) {
    if (!membership.loading || membership.asked) continue;
    membership.asked = true;
    asks_.emplace_back(membership.topic->shared_from_this(),
                       ConnectionRef(this, c->slot, c->generation));
  }
}

void Loop::ReportAsks() {
  if (asks_.empty()) return;
  std::vector<std::pair<std::shared_ptr<Topic>, ConnectionRef>> asks;
  asks.swap(asks_);
  for (const auto& [topic, connection] : asks) {
    if (const auto observer = topic->observer_.lock()) {
      observer->OnWantsMore(connection);
    }
  }
}

ssize_t Loop::Write(LoopConnection* c, const iovec* parts, int count) {
  counters_.writes.Add(1);
  if (c->transport != nullptr) return c->transport->Send(parts, count);
  ssize_t sent;
  do {
    if (count == 1) {
      sent = ::send(c->fd, parts[0].iov_base, parts[0].iov_len,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = count;
      sent = ::sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return sent;
  return WouldBlock(errno) ? Transport::kWouldBlock : Transport::kFailed;
}

void Loop::Release(SendEntry entry) {
  if (entry.queued) counters_.queue_bytes.Sub(entry.Wire().size());
  if (entry.topic == nullptr) return;
  if (entry.topic->flow_control()) Account(entry.topic, entry.published_size);
  Unuse(entry.topic);
}

void Loop::Account(Topic* topic, size_t bytes) {
  TopicLocal& local = LocalOf(topic);
  if (local.unreported == 0 && bytes > 0) {
    reports_.push_back(topic->shared_from_this());
  }
  local.unreported += bytes;
}

void Loop::ReportSent() {
  if (reports_.empty()) return;
  std::vector<std::shared_ptr<Topic>> reports;
  reports.swap(reports_);
  for (const std::shared_ptr<Topic>& topic : reports) {
    const size_t bytes =
        std::exchange(LocalOf(topic.get()).unreported, size_t{0});
    if (const auto observer = topic->observer_.lock()) observer->OnSent(bytes);
  }
}

void Loop::Use(Topic* topic) {
  TopicLocal& local = LocalOf(topic);
  if (local.uses++ == 0) local.self = topic->shared_from_this();
}

void Loop::Unuse(Topic* topic) {
  TopicLocal& local = LocalOf(topic);
  if (--local.uses > 0) return;
  // This may destroy the topic.
  const std::shared_ptr<Topic> self = std::move(local.self);
}

TopicLocal& Loop::LocalOf(Topic* topic) { return topic->locals_[index_]; }

}  // namespace sse_bridge

#include <algorithm>
#include <utility>

#include "bridge/delivery/loop_connection.h"

namespace sse_bridge {
namespace {

constexpr int kMaxParts = 64;  // per writev
// How many bytes are rewritten for one connection at a time.
constexpr size_t kMaxRewrittenBytes = 16 << 10;
// How much of one client's input is read and discarded per round. The rest
// waits in its socket, so that a flood does not delay others.
constexpr size_t kInputBufferBytes = 16 << 10;
constexpr int kMaxReadsPerRound = 4;

}  // namespace

size_t LoopConnection::SendDirectly(absl::string_view wire) {
  ssize_t sent;
  if (kernel_fd_ >= 0) {
    sent = PlainSocket::SendTo(kernel_fd_, wire);
  } else {  // simulated
    const iovec part{const_cast<char*>(wire.data()), wire.size()};
    sent = socket_->Send(&part, 1);
  }
  if (!multiplexed_) context_->counters.writes.Add(1);
  if (sent < 0) {
    if (sent == Socket::kFailed) MarkDead(CloseReason::kClientGone);
    sent = 0;
  } else {
    sent_.bytes += sent;
    sent_.last = context_->now;
    context_->counters.bytes.Add(sent);
  }
  if (static_cast<size_t>(sent) < wire.size()) blocked_ = true;
  return sent;
}

void LoopConnection::CountEvents(uint64_t events) {
  sent_.events += events;
  context_->counters.events.Add(events);
}

void LoopConnection::AddGzip(const GzipRun::Form& form) {
  gzip_.Add(form.piece, form.position);
  context_->counters.gzip_plain_bytes.Add(form.plain_bytes);
  context_->counters.gzip_bytes.Add(form.wire_bytes);
  if (form.position == 0) WantKey();
}

void LoopConnection::AddGzipPart(Membership* membership, const FramePtr& frame,
                                 const GzipRun::Form::Part& part, size_t sent) {
  gzip_.Add(part.piece, part.position);
  context_->counters.gzip_plain_bytes.Add(frame->size());
  context_->counters.gzip_bytes.Add(part.wire->size());
  WantKey();
  const size_t size =
      chunked_ ? part.wire->chunked().size() : part.wire->payload().size();
  if (sent == size) return;
  EnqueueFromTopic(membership, frame, /*counted=*/true, part.wire);
  SetPartlySent(sent);
}

void LoopConnection::EnqueueFromTopic(Membership* membership,
                                      const FramePtr& frame, bool counted,
                                      FramePtr wire) {
  TopicLocal* const topic = membership->topic;
  const int condition = frame->info().condition;
  if (state_ != State::kOpen || listed_.slow || frame->size() == 0 ||
      !Sees(*frame) || (counted && membership->loading) ||
      (condition != 0 && !NoteCondition(membership, condition))) {
    topic->AccountSent(frame->size(), context_);
    return;
  }
  const SlowPolicy policy = membership->options.policy;
  SendEntry entry;
  entry.frame = frame;
  if (topic->flow_control() || policy == SlowPolicy::kConflate) {
    entry.topic = topic->topic();
    topic->Use();
  }
  entry.published_size = static_cast<uint32_t>(frame->size());
  entry.tag = membership->options.tag;
  entry.rewrite = Rewrites();
  if (wire) {
    entry.frame = std::move(wire);
    entry.rewrite = false;
    entry.rewritten = true;
  }
  entry.policy = policy;
  entry.chunked = chunked_;
  entry.counted = counted;
  Enqueue(std::move(entry));
}

bool LoopConnection::NoteCondition(Membership* membership, int condition) {
  const bool raised = condition > 0;
  if (membership->raised == raised) return false;
  membership->raised = raised;
  uint32_t& count = GroupAt(membership->options.group).raised;
  return raised ? ++count == 1 : --count == 0;
}

void LoopConnection::SendHead(absl::string_view head) {
  EnqueueOwn(Frame::Create(head, {.is_event = false}), /*raw=*/true);
}

void LoopConnection::Send(FramePtr frame) {
  if (state_ != State::kOpen) return;
  SendEntry entry;
  entry.frame = std::move(frame);
  entry.rewrite = gzip_.on();
  entry.own = true;
  entry.chunked = chunked_;
  entry.policy = SlowPolicy::kDisconnect;
  entry.counted = true;
  Enqueue(std::move(entry));
}

void LoopConnection::Enqueue(SendEntry entry) {
  if (listed_.slow || entry.frame->size() == 0) {
    Release(std::move(entry));
    return;
  }
  // Conflate only for connections that cannot keep up. Others receive all
  // frames of a batch.
  if (blocked_ && entry.policy == SlowPolicy::kConflate &&
      entry.frame->info().is_event) {
    std::vector<SendEntry>& superseded = context_->taken;
    queue_.TakeSame(entry.topic, entry.frame->info().key, &superseded);
    context_->counters.conflated.Add(superseded.size());
    for (SendEntry& old : superseded) Release(std::move(old));
    superseded.clear();
  }
  if (entry.counted && entry.policy != SlowPolicy::kUnbounded &&
      Overfull(entry.Wire().size()) && !MakeSpace(entry)) {
    Release(std::move(entry));
    return;
  }
  Push(std::move(entry));
}

bool LoopConnection::Overfull(size_t size) const {
  const size_t waiting = queue_.counted_bytes();
  return waiting > 0 && waiting + size > context_->options.queue_limit_bytes;
}

bool LoopConnection::MakeSpace(const SendEntry& entry) {
  const size_t size = entry.Wire().size();
  if (!blocked_) {
    // Flush first: the connection is not slow if it accepts the batch.
    Flush();
    if (state_ != State::kOpen) return false;
    if (!Overfull(size)) return true;
  }
  SendEntry oldest;
  while (Overfull(size) && queue_.TakeOldest(&oldest)) {
    context_->counters.dropped.Add(1);
    Release(std::move(oldest));
  }
  if (!Overfull(size)) return true;
  if (entry.policy == SlowPolicy::kDisconnect) {
    MarkSlow();
    return false;
  }
  // The rest may not be dropped. Accept the newest value regardless.
  return true;
}

void LoopConnection::MarkSlow() {
  if (listed_.slow) return;
  listed_.slow = true;
  context_->slow.push_back(this);
}

void LoopConnection::EnqueueOwn(FramePtr frame, bool raw) {
  if (frame->size() == 0) return;
  SendEntry entry;
  entry.frame = std::move(frame);
  entry.rewrite = gzip_.on() && !raw;
  entry.own = true;
  entry.chunked = chunked_ && !raw;
  Push(std::move(entry));
}

void LoopConnection::EnqueueGzipEnd() {
  if (!gzip_.on()) return;
  SendEntry entry;
  entry.frame = context_->ping;  // only a placeholder
  entry.rewrite = true;
  entry.gzip_end = true;
  entry.chunked = chunked_;
  Push(std::move(entry));
}

void LoopConnection::EnqueueLast(const Membership& membership,
                                 const FramePtr& last) {
  if (last->size() == 0) return;
  SendEntry entry;
  entry.frame = last;
  entry.tag = membership.options.tag;
  entry.rewrite = Rewrites();
  entry.chunked = chunked_;
  Push(std::move(entry));
}

void LoopConnection::EnqueueEnd(const FramePtr& last) {
  SendEntry entry;
  entry.frame = last ? last : context_->ping;  // only a placeholder
  entry.tag = last ? 1 : 0;
  entry.rewrite = true;
  entry.end = true;
  entry.chunked = chunked_;
  Push(std::move(entry));
}

void LoopConnection::Push(SendEntry entry) {
  context_->counters.queue_bytes.Add(entry.Wire().size());
  entry.queued = true;
  queue_.Push(std::move(entry), &context_->pool);
  FlushLater();
}

void LoopConnection::FlushLater() {
  // A blocked connection is flushed when the socket has space.
  if (listed_.unflushed || blocked_) return;
  listed_.unflushed = true;
  context_->unflushed.push_back(this);
}

void LoopConnection::FlushListed() {
  listed_.unflushed = false;
  Flush();
}

void LoopConnection::OnWritable() {
  if (!blocked_) return;
  blocked_ = false;
  Flush();
}

void LoopConnection::Flush() {
  if (blocked_ || state_ == State::kDead) return;
  while (!queue_.empty()) {
    if (Rewrites()) {
      RewriteNext();
      if (queue_.empty()) break;
    }
    if (!WriteSome()) return;
  }
  queue_.Shrink(&context_->pool);
  const ssize_t flushed = socket_->Flush();
  if (flushed == Socket::kWouldBlock) {
    blocked_ = true;
    return;
  }
  if (flushed == Socket::kFailed) {
    MarkDead(CloseReason::kClientGone);
    return;
  }
  if (loading_ > 0) AskForMore();
  if (state_ == State::kEnding) FinishEnd();
}

bool LoopConnection::WriteSome() {
  iovec parts[kMaxParts];
  const int count = queue_.Gather(parts, kMaxParts);
  // Counted first: whoever has received the bytes finds them counted.
  if (!multiplexed_) context_->counters.writes.Add(1);
  const ssize_t sent = socket_->Send(parts, count);
  if (sent == Socket::kWouldBlock) {
    blocked_ = true;
    return false;
  }
  if (sent == Socket::kFailed) {
    MarkDead(CloseReason::kClientGone);
    return false;
  }
  sent_.bytes += sent;
  sent_.last = context_->now;
  context_->counters.bytes.Add(sent);
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += parts[i].iov_len;
  size_t left = sent;
  SendEntry done;
  while (queue_.Sent(&left, &done)) {
    if (done.frame->info().is_event) CountEvents(1);
    Release(std::move(done));
  }
  if (static_cast<size_t>(sent) < total && socket_->unbuffered()) {
    blocked_ = true;
    return false;
  }
  return true;
}

FramePtr LoopConnection::Compressed(const FramePtr& frame) {
  FramePtr wire = gzip_.Add(frame, &context_->stored);
  context_->counters.gzip_plain_bytes.Add(frame->size());
  context_->counters.gzip_bytes.Add(wire->size());
  return wire;
}

void LoopConnection::WantKey() {
  if (gzip_.in_step()) return;
  for (const Membership& membership : memberships_) {
    membership.topic->topic()->WantKey();
  }
}

FramePtr LoopConnection::Rewritten(const SendEntry& entry) {
  if (entry.gzip_end) return gzip_.End();
  FramePtr frame = entry.frame;
  if (rewriter_ != nullptr && !entry.own) {
    frame = entry.end ? rewriter_->RewriteEnd(
                            entry.tag == 0 ? FramePtr() : entry.frame, reason_)
                      : rewriter_->Rewrite(*entry.frame, entry.tag);
  }
  if (!gzip_.on() || !frame || frame->size() == 0) return frame;
  return Compressed(frame);
}

// A rewritten frame is a copy used by this connection only, unless it is one
// that the feed has compressed. Rewriting just before sending keeps few copies,
// and knows what has been sent before; frames further back are shared.
void LoopConnection::RewriteNext() {
  const size_t waiting = queue_.bytes();
  std::vector<SendEntry>& without = context_->taken;
  queue_.RewriteNext(
      std::min(kMaxRewrittenBytes, context_->options.queue_limit_bytes),
      kMaxParts, [this](const SendEntry& entry) { return Rewritten(entry); },
      &without);
  if (gzip_.on()) WantKey();
  // Frames that were left out are still included in the gauge.
  size_t left_out = 0;
  for (const SendEntry& entry : without) left_out += entry.Wire().size();
  context_->counters.queue_bytes.Add(queue_.bytes() + left_out - waiting);
  for (SendEntry& entry : without) Release(std::move(entry));
  without.clear();
}

void LoopConnection::AskForMore() {
  if (state_ != State::kOpen) return;
  for (Membership& membership : memberships_) {
    if (!membership.loading || membership.asked) continue;
    membership.asked = true;
    context_->asks.emplace_back(membership.topic->Hold(), ref());
  }
}

void LoopConnection::Release(SendEntry entry) {
  if (entry.queued) context_->counters.queue_bytes.Sub(entry.Wire().size());
  if (multiplexed_) context_->pinned.push_back(std::move(entry.frame));
  if (entry.topic == nullptr) return;
  TopicLocal& topic = entry.topic->local(context_->index);
  topic.AccountSent(entry.published_size, context_);
  topic.Unuse();
}

bool LoopConnection::ReadInput() {
  char buffer[kInputBufferBytes];
  for (int i = 0; i < kMaxReadsPerRound; ++i) {
    if (state_ == State::kDead) return false;
    const ssize_t n = socket_->Recv(buffer, sizeof(buffer));
    if (n == Socket::kWouldBlock) return false;
    if (n <= 0) {
      MarkDead(CloseReason::kClientGone);
      return false;
    }
    if (socket_->unbuffered() && static_cast<size_t>(n) < sizeof(buffer)) {
      return false;  // there is no more
    }
  }
  if (listed_.more_input) return false;
  listed_.more_input = true;
  return true;
}

bool LoopConnection::ReadMore() {
  listed_.more_input = false;
  return ReadInput();
}

}  // namespace sse_bridge

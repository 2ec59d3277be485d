#include "bridge/delivery/topic_local.h"

#include <algorithm>

#include "absl/types/span.h"
#include "bridge/delivery/loop_connection.h"
#include "bridge/delivery/loop_context.h"

namespace sse_bridge {
namespace {

// A run is sent to the members when it reaches this size, which fits in a
// core's cache and in a socket buffer.
constexpr size_t kMaxRunBytes = 64 << 10;
// The memory of longer runs is released.
constexpr size_t kMaxKeptRun = 256;
// How many members ahead a connection is prefetched into the cache.
constexpr size_t kPrefetch = 4;

}  // namespace

uint32_t TopicLocal::AddMember(Member member) {
  members_.push_back(member);
  return static_cast<uint32_t>(members_.size()) - 1;
}

void TopicLocal::RemoveMember(uint32_t index) {
  const Member moved = members_.back();
  members_[index] = moved;
  moved.connection->membership(moved.membership).index = index;
  members_.pop_back();
  if (members_.empty()) members_.shrink_to_fit();
}

bool TopicLocal::AddToRun(FramePtr frame) {
  run_size_ += frame->chunked().size();
  run_.push_back(std::move(frame));
  return run_size_ >= kMaxRunBytes;
}

void TopicLocal::DispatchRun(LoopContext* context, bool only_one) {
  if (run_.empty()) return;
  const bool single = run_.size() == 1;
  const Frame& frame = *run_.front();
  uint64_t events = 0;
  bool direct = true, restricted = false;
  std::string& bytes = context->run_bytes;
  if (!single) bytes.clear();
  for (const FramePtr& f : run_) {
    events += f->info().is_event ? 1 : 0;
    // Not every member receives a condition frame, or one for an audience.
    if (f->info().condition != 0) direct = false;
    if (f->info().audience != nullptr) restricted = true;
    if (single) continue;
    // Concatenate once, so that each member costs one plain send.
    bytes.append(f->chunked().data(), f->chunked().size());
  }
  context->gzip_run.Begin(run_);
  const bool late = std::exchange(late_, false);
  // What multiplexed members get. Pinned, because they write it later.
  FramePtr unchunked;
  const size_t n = members_.size();
  // Rotate the start, so that no member is always the last.
  size_t at = n == 0 ? 0 : rotor_++ % n;
  for (size_t i = 0; i < n; ++i, at = at + 1 == n ? 0 : at + 1) {
    const size_t ahead = at + kPrefetch;
    if (ahead < n) __builtin_prefetch(members_[ahead].connection);
    const Member& member = members_[at];
    LoopConnection* const c = member.connection;
    uint32_t skip = 0;
    if (late) skip = std::exchange(c->membership(member.membership).skip, 0U);
    // If frames of other topics are pending, queue instead: one writev sends
    // all.
    if (direct && skip == 0 && c->CanSendDirectly() &&
        (only_one || c->membership_count() == 1) &&
        (single || c->chunked() || c->multiplexed()) &&
        (!restricted || SeesRun(*c))) {
      if (c->gzip().on()) {
        SendGzipRun(member, events, context);
        continue;
      }
      if (c->multiplexed()) {
        if (!unchunked) {
          unchunked = single ? run_.front() : Unchunked();
          context->pinned.push_back(unchunked);
        }
        SendRun(member, unchunked->payload(), events, context);
        continue;
      }
      SendRun(member,
              !single        ? absl::string_view(bytes)
              : c->chunked() ? frame.chunked()
                             : frame.payload(),
              events, context);
      continue;
    }
    for (const FramePtr& f : absl::MakeConstSpan(run_).subspan(skip)) {
      c->EnqueueFromTopic(&c->membership(member.membership), f,
                          /*counted=*/true);
    }
  }
  RecordLatency(context);
  context->gzip_run.Clear();
  run_size_ = 0;
  if (run_.capacity() > kMaxKeptRun) {
    std::vector<FramePtr>().swap(run_);
  } else {
    run_.clear();
  }
}

FramePtr TopicLocal::Unchunked() const {
  std::string payloads;
  payloads.reserve(run_size_);
  for (const FramePtr& frame : run_) {
    payloads.append(frame->payload().data(), frame->payload().size());
  }
  return Frame::Create(payloads, {.is_event = false});
}

bool TopicLocal::SeesRun(const LoopConnection& connection) const {
  for (const FramePtr& frame : run_) {
    if (!connection.Sees(*frame)) return false;
  }
  return true;
}

void TopicLocal::SendRun(const Member& member, absl::string_view wire,
                         uint64_t events, LoopContext* context) {
  if (wire.empty()) return;
  LoopConnection* const c = member.connection;
  const size_t sent = c->SendDirectly(wire);
  if (sent == wire.size()) {
    c->CountEvents(events);
    if (flow_control()) {
      for (const FramePtr& frame : run_) AddUnreported(frame->size(), context);
    }
    return;
  }
  size_t left = sent;
  for (const FramePtr& frame : run_) {
    const size_t size =
        c->chunked() ? frame->chunked().size() : frame->payload().size();
    if (left >= size) {
      left -= size;
      if (frame->info().is_event) c->CountEvents(1);
      AccountSent(frame->size(), context);
      continue;
    }
    c->EnqueueFromTopic(&c->membership(member.membership), frame,
                        /*counted=*/true);
    if (left > 0) c->SetPartlySent(left);
    left = 0;
  }
}

void TopicLocal::SendGzipRun(const Member& member, uint64_t events,
                             LoopContext* context) {
  LoopConnection* const c = member.connection;
  const GzipRun::Form& form = context->gzip_run.FormFor(c->gzip());
  const absl::string_view wire =
      c->multiplexed()
          ? context->gzip_run.Pinned(form, &context->pinned)->payload()
          : form.Wire(c->chunked());
  const size_t sent = c->SendDirectly(wire);
  if (sent == wire.size()) {
    c->AddGzip(form);
    c->CountEvents(events);
    if (flow_control()) {
      for (const FramePtr& frame : run_) AddUnreported(frame->size(), context);
    }
    return;
  }
  size_t left = sent;
  for (size_t i = 0; i < run_.size(); ++i) {
    const FramePtr& frame = run_[i];
    LoopConnection::Membership* const membership =
        &c->membership(member.membership);
    if (left == 0) {
      c->EnqueueFromTopic(membership, frame, /*counted=*/true);
      continue;
    }
    const Frame& part = *form.parts[i].wire;
    const size_t size =
        c->chunked() ? part.chunked().size() : part.payload().size();
    c->AddGzipPart(membership, frame, form.parts[i], std::min(left, size));
    if (left >= size) {
      if (frame->info().is_event) c->CountEvents(1);
      AccountSent(frame->size(), context);
    }
    left -= std::min(left, size);
  }
}

void TopicLocal::RecordLatency(LoopContext* context) const {
  int64_t now = 0;  // read once, and only if needed
  for (const FramePtr& frame : run_) {
    const int64_t born = frame->info().born_ns;
    if (born == 0) continue;
    if (now == 0) now = context->clock->MonotonicNanos();
    context->counters.latency.Record(now - born);
  }
}

void TopicLocal::AddUnreported(size_t bytes, LoopContext* context) {
  if (unreported_ == 0 && bytes > 0) {
    context->sent.push_back(topic_->shared_from_this());
  }
  unreported_ += bytes;
}

}  // namespace sse_bridge

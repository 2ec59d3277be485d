#include "bridge/delivery/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bridge/delivery/loop_connection.h"

namespace sse_bridge {

Loop::Loop(int index, const Delivery::Options& options, TimerQueue* timers,
           std::function<void()> on_destroyed)
    : timers_(timers),
      window_nanos_(absl::ToInt64Nanoseconds(options.flush_window)),
      event_loop_(options.network, options.clock, this,
                  absl::StrCat("delivery-", index)),
      context_(this, index, options),
      connections_(&context_, on_destroyed),
      shared_(
          &context_, event_loop_.poller(),
          [this](uint64_t data, uint32_t events) { OnEvent(data, events); },
          std::move(on_destroyed)),
      executor_(&context_, event_loop_.poller(), &connections_, &shared_),
      last_execution_(context_.now - window_nanos_) {}

Loop::~Loop() { Stop(); }

absl::Status Loop::Start() {
  absl::Status opened = event_loop_.Open();
  if (!opened.ok()) return opened;
  event_loop_.Start();
  return absl::OkStatus();
}

void Loop::Stop() { event_loop_.Stop(); }

bool Loop::Post(Command&& command) {
  const auto* publish = std::get_if<PublishCommand>(&command);
  const size_t bytes = publish != nullptr ? publish->frame->size() : 0;
  const auto posted = mailbox_.Post(std::move(command), bytes);
  if (posted == Mailbox<Command>::Posted::kWakeNeeded) Wake();
  return posted != Mailbox<Command>::Posted::kRefused;
}

void Loop::OnWake() {
  context_.now = event_loop_.now();
  mailbox_.WokeUp();
}

void Loop::OnRound() {
  ReadMoreInput();
  AdvanceTimers();
  connections_.Reap();
  if (context_.now - last_execution_ >= window_nanos_) ExecuteCommands();
  FlushAll();
  context_.ReportSent();
  context_.ReportAsks();
  connections_.ForgetClosed();
  shared_.Forget();
  if (timers_ != nullptr) timers_->RunDue(context_.now);
  context_.counters.lag.Record(context_.clock->MonotonicNanos() - context_.now);
}

int64_t Loop::PrepareToWait() {
  if (!more_input_.empty()) return EventLoop::kNow;
  int64_t until = EventLoop::kNever;
  if (context_.counters.open.value() > 0 || shared_.needs_timer()) {
    until = context_.wheel.NextTick();
  }
  if (timers_ != nullptr) until = std::min(until, timers_->NextDeadline());
  if (!mailbox_.PrepareToSleep()) {
    if (window_nanos_ == 0) return EventLoop::kNow;
    until = std::min(until, last_execution_ + window_nanos_);
  }
  return until;
}

void Loop::OnEvent(uint64_t data, uint32_t events) {
  if (SharedConnections::Owns(data)) {
    shared_.OnEvent(data, events);
    return;
  }
  LoopConnection* const c = connections_.Find(ConnectionId::Unpack(data));
  if (c == nullptr || c->dead()) return;
  if ((events & EPOLLOUT) != 0) c->OnWritable();
  // Read before closing: closing with unread input sends a reset.
  if ((events & EPOLLIN) != 0 && c->ReadInput()) {
    more_input_.push_back(c->id());
  }
  // A half-close, as HTTP/1.0 clients and `nc` may do, looks the same as a
  // disconnect, and is treated as one.
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    c->MarkDead(CloseReason::kClientGone);
  }
}

void Loop::ReadMoreInput() {
  if (more_input_.empty()) return;
  std::vector<ConnectionId> todo;
  todo.swap(more_input_);
  for (const ConnectionId id : todo) {
    LoopConnection* const c = connections_.Find(id);
    if (c != nullptr && c->ReadMore()) more_input_.push_back(id);
  }
}

void Loop::AdvanceTimers() {
  context_.wheel.Advance(context_.now, &due_);
  for (TimerNode* node : due_) {
    static_cast<LoopConnection*>(node->owner)->OnTimer();
  }
  due_.clear();
  shared_.AdvanceTimers();
}

// A stream that ends may leave something to write to its shared connection, and
// one of those that fails ends its streams.
void Loop::FlushAll() {
  do {
    connections_.Flush();
    connections_.Reap();
  } while (shared_.Flush() || !context_.unflushed.empty() ||
           !context_.dead.empty());
}

void Loop::ExecuteCommands() {
  const absl::Span<Command> commands = mailbox_.Take();
  if (commands.empty()) return;
  last_execution_ = context_.now;
  for (Command& command : commands) executor_.Execute(&command);
  executor_.DispatchRuns();
  connections_.Flush();
  mailbox_.Processed();
}

void Loop::OnStop() {
  context_.now = event_loop_.now();
  do {
    ExecuteCommands();
    connections_.MarkAllDead(CloseReason::kDrain);
    connections_.Reap();
    shared_.Flush();
    shared_.CloseAll();
    connections_.Reap();
    context_.ReportSent();
    context_.unflushed.clear();
    context_.asks.clear();
    connections_.ForgetClosed();
    shared_.Forget();
  } while (!mailbox_.CloseIfEmpty());
}

}  // namespace sse_bridge

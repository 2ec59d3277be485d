#include "bridge/delivery/command_executor.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "bridge/delivery/loop_connection.h"
#include "bridge/delivery/topic_local.h"
#include "bridge/net/multiplexed_socket.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {

namespace {

// Whether the command takes effect only after the frames that were published
// before it have been passed on. Those of new connections do not wait: what is
// published while many clients come still leaves in few writes.
template <typename C>
constexpr bool kAfterRuns =
    !std::is_same_v<C, OpenCommand> && !std::is_same_v<C, AttachCommand> &&
    !std::is_same_v<C, AdoptCommand> && !std::is_same_v<C, CallCommand>;

}  // namespace

void CommandExecutor::Execute(Command* command) {
  std::visit(
      [this](auto& c) {
        using C = std::remove_reference_t<decltype(c)>;
        if constexpr (std::is_same_v<C, PublishCommand>) {
          Run(c);
        } else {
          if constexpr (kAfterRuns<C>) DispatchRuns();
          Run(c);
          connections_->Reap();
        }
      },
      *command);
}

void CommandExecutor::DispatchRuns() {
  if (runs_.empty()) return;
  const bool only_one = runs_.size() == 1;
  for (const std::shared_ptr<Topic>& topic : runs_) {
    LocalOf(topic).DispatchRun(context_, only_one);
  }
  runs_.clear();
  connections_->Reap();
}

void CommandExecutor::Run(PublishCommand& command) {
  TopicLocal& local = LocalOf(command.topic);
  if (local.members().empty()) return;
  if (local.run_empty()) runs_.push_back(std::move(command.topic));
  if (local.AddToRun(std::move(command.frame))) {
    local.DispatchRun(context_, /*only_one=*/runs_.size() == 1);
    connections_->Reap();
  }
}

void CommandExecutor::Run(OpenCommand& command) {
  StreamSpec& spec = *command.spec;
  LoopConnection* const c = connections_->Open(command.connection, &spec);
  const Delivery::Options& options = context_->options;
  c->socket().SetStreamOptions(
      {.unsent_low_water_bytes = options.unsent_low_water_bytes,
       .send_buffer_bytes = options.send_buffer_bytes,
       .user_timeout = options.user_timeout});
  if (MultiplexedSocket* const stream = c->socket().multiplexed()) {
    if (!stream->Open(command.connection.Pack())) {
      c->MarkDead(CloseReason::kClientGone);
      return;
    }
    if (!spec.head.empty()) c->SendHead(spec.head);
    if (draining_) c->BeginEnd(CloseReason::kDrain, context_->drain_frame);
    return;
  }
  // Edge-triggered EPOLLOUT costs nothing until the socket is full, and then
  // reports space without a further system call.
  if (const int error = poller_->Add(
          c->socket().fd(), command.connection.Pack(), Poller::kAllEdges)) {
    spdlog::warn("delivery: closing a stream: epoll_ctl failed: errno {}",
                 error);
    c->MarkDead(CloseReason::kError);
    return;
  }
  if (!spec.head.empty()) c->SendHead(spec.head);
  if (draining_) c->BeginEnd(CloseReason::kDrain, context_->drain_frame);
}

void CommandExecutor::Run(AttachCommand& command) {
  LoopConnection* c = FindOpen(command.connection);
  if (c != nullptr && c->membership_count() > 0) {
    // What its other topics have published comes first.
    DispatchRuns();
    c = FindOpen(command.connection);
  }
  if (c == nullptr ||
      !c->Join(&LocalOf(command.topic), command.attachment->options,
               command.attachment->first, command.more)) {
    RefuseAttach(command);
  }
}

void CommandExecutor::RefuseAttach(const AttachCommand& command) {
  TopicLocal& local = LocalOf(command.topic);
  const std::shared_ptr<TopicObserver> observer = command.topic->observer();
  if (command.more && observer != nullptr) {
    observer->OnWantsNoMore(ConnectionRef(context_->loop, command.connection));
  }
  if (local.flow_control()) {
    for (const FramePtr& frame : command.attachment->first) {
      local.AccountSent(frame->size(), context_);
    }
    context_->ReportSent();
  }
  local.RemoveAttached();
  if (observer != nullptr) observer->OnMemberGone(/*connection_closed=*/true);
  // `command` is destroyed only when the whole batch has been executed.
  command.attachment->options.held = nullptr;
}

void CommandExecutor::Run(ContinueCommand& command) {
  LoopConnection* const c = FindOpen(command.connection);
  if (c == nullptr) return;
  c->Continue(LocalOf(command.topic), *command.part, command.more);
}

void CommandExecutor::Run(DetachCommand& command) {
  LoopConnection* const c = connections_->Find(command.connection);
  if (c != nullptr) c->Detach(LocalOf(command.topic));
}

void CommandExecutor::Run(LeaveCommand& command) {
  LoopConnection* const c = FindOpen(command.connection);
  if (c != nullptr) c->LeaveGroup(command.group);
}

void CommandExecutor::Run(EndMemberCommand& command) {
  LoopConnection* const c = FindOpen(command.connection);
  if (c == nullptr) return;
  c->EndMember(LocalOf(command.topic), command.ending->last,
               command.ending->error);
}

void CommandExecutor::Run(EndTopicCommand& command) {
  const TopicLocal& local = LocalOf(command.topic);
  while (!local.members().empty()) {
    const TopicLocal::Member member = local.members().back();
    member.connection->EndMembership(member.membership, command.last,
                                     command.error);
  }
}

void CommandExecutor::Run(SendCommand& command) {
  LoopConnection* const c = connections_->Find(command.connection);
  if (c != nullptr) c->Send(std::move(command.frame));
}

void CommandExecutor::Run(CloseCommand& command) {
  LoopConnection* const c = FindOpen(command.connection);
  if (c == nullptr) return;
  if (!command.last && (command.reason == CloseReason::kClientGone ||
                        command.reason == CloseReason::kError)) {
    c->MarkDead(command.reason);
  } else {
    c->BeginEnd(command.reason, command.last);
  }
}

void CommandExecutor::Run(AdoptCommand& command) {
  shared_->Add(std::move(command.connection));
}

void CommandExecutor::Run(CallCommand& command) { command.call(); }

void CommandExecutor::Run(DrainCommand& command) {
  draining_ = true;
  shared_->Drain();
  context_->drain_frame = std::move(command.last);
  const std::vector<LoopConnection*> open = connections_->AllOpen();
  const auto window = static_cast<double>(command.window_nanos);
  for (size_t i = 0; i < open.size(); ++i) {
    if (window <= 0) {
      open[i]->BeginEnd(CloseReason::kDrain, context_->drain_frame);
    } else {
      open[i]->DrainAt(context_->now +
                       static_cast<int64_t>(window * i / open.size()));
    }
  }
}

LoopConnection* CommandExecutor::FindOpen(ConnectionId id) {
  LoopConnection* const c = connections_->Find(id);
  return c != nullptr && c->open() ? c : nullptr;
}

}  // namespace sse_bridge

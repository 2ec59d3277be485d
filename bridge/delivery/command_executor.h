#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_COMMAND_EXECUTOR_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_COMMAND_EXECUTOR_H_

#include <memory>
#include <vector>

#include "bridge/delivery/command.h"
#include "bridge/delivery/connection_table.h"
#include "bridge/delivery/loop_context.h"
#include "bridge/delivery/shared_connections.h"
#include "bridge/delivery/topic.h"
#include "bridge/net/poller.h"

namespace sse_bridge {

// Executes the commands of one loop. Published frames are collected by topic
// and dispatched together. All other commands take effect after the frames
// published before them. Used on the loop's thread only.
class CommandExecutor {
 public:
  // All must outlive the executor.
  CommandExecutor(LoopContext* context, Poller* poller,
                  ConnectionTable* connections, SharedConnections* shared)
      : context_(context),
        poller_(poller),
        connections_(connections),
        shared_(shared) {}
  CommandExecutor(const CommandExecutor&) = delete;
  CommandExecutor& operator=(const CommandExecutor&) = delete;

  // Moves what it needs out of the command.
  void Execute(Command* command);
  // Passes collected frames to the members of their topics.
  void DispatchRuns();

 private:
  void Run(PublishCommand& command);
  void Run(OpenCommand& command);
  void Run(AttachCommand& command);
  void Run(ContinueCommand& command);
  void Run(DetachCommand& command);
  void Run(LeaveCommand& command);
  void Run(EndMemberCommand& command);
  void Run(EndTopicCommand& command);
  void Run(SendCommand& command);
  void Run(CloseCommand& command);
  void Run(DrainCommand& command);
  void Run(AdoptCommand& command);
  static void Run(CallCommand& command);

  // Tells the observer that a connection ended before it became a member.
  void RefuseAttach(const AttachCommand& command);
  TopicLocal& LocalOf(const std::shared_ptr<Topic>& topic) const {
    return topic->local(context_->index);
  }
  // Returns null if the connection does not accept frames any more.
  LoopConnection* FindOpen(ConnectionId id);

  LoopContext* const context_;
  Poller* const poller_;
  ConnectionTable* const connections_;
  SharedConnections* const shared_;
  std::vector<std::shared_ptr<Topic>> runs_;  // topics with a run
  bool draining_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_COMMAND_EXECUTOR_H_

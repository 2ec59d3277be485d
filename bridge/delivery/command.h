#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_COMMAND_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_COMMAND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/shared_connection.h"
#include "bridge/delivery/topic.h"

namespace sse_bridge {

// The requests that other threads post to a loop. See Delivery and Topic for
// their meaning. Frames may be null only where noted.

struct PublishCommand {
  std::shared_ptr<Topic> topic;
  FramePtr frame;
};

struct OpenCommand {
  ConnectionId connection;
  std::unique_ptr<StreamSpec> spec;
};

struct AttachCommand {
  struct Attachment {
    MembershipOptions options;
    std::vector<FramePtr> first;
  };

  ConnectionId connection;
  std::shared_ptr<Topic> topic;
  std::unique_ptr<Attachment> attachment;
  bool more = false;
};

struct ContinueCommand {
  ConnectionId connection;
  std::shared_ptr<Topic> topic;
  std::unique_ptr<std::vector<FramePtr>> part;
  bool more = false;
};

struct DetachCommand {
  ConnectionId connection;
  std::shared_ptr<Topic> topic;
};

struct LeaveCommand {
  ConnectionId connection;
  int group = 0;
};

struct EndMemberCommand {
  struct Ending {
    FramePtr last;  // may be null
    bool error = false;
  };

  ConnectionId connection;
  std::shared_ptr<Topic> topic;
  std::unique_ptr<Ending> ending;
};

struct EndTopicCommand {
  std::shared_ptr<Topic> topic;
  FramePtr last;  // may be null
  bool error = false;
};

struct SendCommand {
  ConnectionId connection;
  FramePtr frame;
};

struct CloseCommand {
  ConnectionId connection;
  CloseReason reason = CloseReason::kEnded;
  FramePtr last;  // may be null
};

struct DrainCommand {
  int64_t window_nanos = 0;
  FramePtr last;  // may be null
};

struct AdoptCommand {
  std::shared_ptr<SharedConnection> connection;
};

struct CallCommand {
  std::function<void()> call;
};

using Command =
    std::variant<PublishCommand, OpenCommand, AttachCommand, ContinueCommand,
                 DetachCommand, LeaveCommand, EndMemberCommand, EndTopicCommand,
                 SendCommand, CloseCommand, DrainCommand, AdoptCommand,
                 CallCommand>;

// Most commands publish a frame. What is large and rare is allocated
// separately, so that it does not make them larger.
static_assert(sizeof(Command) <= 48);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_COMMAND_H_

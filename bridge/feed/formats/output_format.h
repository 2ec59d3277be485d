#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMAT_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMAT_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/stream_event.h"
#include "bridge/delivery/connection.h"
#include "bridge/delivery/frame.h"

namespace sse_bridge {

// The format in which one connection receives its events. Contains everything
// about a response body that depends on the content type. To add a format,
// write a class in its own file and add a line to output_formats.cc.
//
// Use one object per connection. Not thread-safe: used first by the thread that
// opens the stream, then by the loop that owns the connection.
class OutputFormat : public FrameRewriter {
 public:
  struct Traits {
    // Frames, which feeds render as SSE once for all connections, are sent
    // unchanged. The methods below are then not called for events.
    bool verbatim = false;
    // Clients skip SSE comments and understand `retry:`, so both are sent.
    bool comments = false;
    // Events have IDs with which a client can resume.
    bool ids = false;
    // The body is that of google.api.HttpBody, not events. Nothing can be added
    // to it, and it does not show where it ends.
    bool bytes = false;
  };

  // What the body is to a client; OpenAPI documents describe it so. A format
  // whose body is not just text declares a kBody of its own.
  enum class Body { kText, kEvents, kJsonLines, kJsonArray };
  static constexpr Body kBody = Body::kText;

  // Contents of the opening.
  struct Opening {
    absl::Duration retry = absl::ZeroDuration();
    std::string comment;  // may be empty
  };

  virtual Traits traits() const = 0;

  // Empty if only the backend determines it.
  virtual absl::string_view content_type() const = 0;

  // For formats whose content type the backend determines. Called before the
  // response head is sent.
  virtual void SetContentType(std::string) {}

  // Response headers in addition to those of every stream.
  virtual std::vector<std::pair<std::string, std::string>> headers() const {
    return {};
  }

  // The first bytes of the body.
  virtual std::string Open(const Opening&) const { return ""; }

  // The whole body of a stream that has ended before its first event, or
  // nullopt for 204 No Content.
  virtual std::optional<std::string> EmptyBody() const = 0;

  // Appends one event, or nothing to omit it. `tag` identifies the feed of the
  // connection (MembershipOptions::tag).
  virtual void AppendEvent(const StreamEvent& event, int tag,
                           std::string* out) = 0;

  // Appends the end of a connection that ends for `reason`. `last` is the
  // bridge's last event, or null if there is none or a feed's own end has been
  // sent.
  virtual void AppendEnd(const StreamEvent* last, CloseReason reason,
                         std::string* out) = 0;

  // Called by the connection's loop.
  FramePtr Rewrite(const Frame& frame, int tag) final;
  FramePtr RewriteEnd(const FramePtr& last, CloseReason reason) final;
};

// The status of a connection that ends for `reason` without a status from a
// feed or the bridge, for formats whose readers need one.
StreamEvent StatusOfEnd(CloseReason reason);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMAT_H_

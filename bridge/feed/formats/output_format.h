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

// The form in which one connection gets its events: everything about a
// response's body that differs between content types is in one of these. A new
// one is a class in a file of its own and a line in output_formats.cc.
//
// An object is for one connection. It is used by one thread at a time: first by
// the one that opens the stream, then by the loop that owns the connection.
class OutputFormat : public FrameRewriter {
 public:
  struct Traits {
    // The frames of feeds, which are rendered as SSE once for all connections,
    // are sent as they are. Nothing below is then called for an event.
    bool verbatim = false;
    // Readers skip SSE comments and take `retry:`, so that both are sent.
    bool comments = false;
    // Events have ids, by which a client resumes.
    bool ids = false;
    // The body is that of google.api.HttpBody, not of events: it has no place
    // for anything of the bridge's, and does not tell where it ends.
    bool bytes = false;
  };

  // What the opening tells.
  struct Opening {
    absl::Duration retry = absl::ZeroDuration();
    std::string comment;  // may be empty
  };

  virtual Traits traits() const = 0;

  // Empty while only the backend knows.
  virtual absl::string_view content_type() const = 0;

  // For formats that leave it to the backend; called before the head is sent.
  virtual void SetContentType(std::string) {}

  // Headers of the response beside those of every stream.
  virtual std::vector<std::pair<std::string, std::string>> headers() const {
    return {};
  }

  // The first bytes of the body.
  virtual std::string Open(const Opening&) const { return ""; }

  // The whole body of a stream that is over before its first event; nullopt:
  // the answer is 204 No Content.
  virtual std::optional<std::string> EmptyBody() const = 0;

  // Appends one event. `tag` tells from which of the connection's feeds it is
  // (MembershipOptions::tag). To leave it out, append nothing.
  virtual void AppendEvent(const StreamEvent& event, int tag,
                           std::string* out) = 0;

  // Appends what stands at the end of a connection that ends for `reason`.
  // `last` is the bridge's own last event; null where there is none, or where a
  // feed's own end has come before.
  virtual void AppendEnd(const StreamEvent* last, CloseReason reason,
                         std::string* out) = 0;

  // For the connection's loop.
  FramePtr Rewrite(const Frame& frame, int tag) final;
  FramePtr RewriteEnd(const FramePtr& last, CloseReason reason) final;
};

// The status of a connection that ends for `reason` without any word of the
// feeds or of the bridge, for formats whose readers count on one.
StreamEvent StatusOfEnd(CloseReason reason);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMAT_H_

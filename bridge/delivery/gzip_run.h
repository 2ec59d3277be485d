#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_GZIP_RUN_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_GZIP_RUN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/gzip_stream.h"
#include "bridge/gzip/gzip_member.h"

namespace sse_bridge {

// A topic's run (TopicLocal) as gzip connections receive it. There are only two
// forms, so each is made once, for all connections: one for those that are in
// step with the feed, and one for the others, which receive stored blocks up to
// the first keyframe. Not thread-safe.
class GzipRun {
 public:
  struct Form {
    struct Part {
      FramePtr wire;  // what is sent
      GzipPiece piece;
      uint64_t position = 0;  // after it, as in GzipStream
    };

    // The whole run on the wire.
    absl::string_view Wire(bool chunked) const;

    std::vector<Part> parts;  // one for each frame
    GzipPiece piece;          // of all
    std::string chunked;      // of all, if there are several
    FramePtr pinned;          // of all, for multiplexed connections
    uint64_t position = 0;
    size_t plain_bytes = 0;
    size_t wire_bytes = 0;
  };

  // Begins another run, which must stay until Clear.
  void Begin(absl::Span<const FramePtr> run) { run_ = run; }
  void Clear();

  // The form for a connection with this stream.
  const Form& FormFor(const GzipStream& stream);

  // Returns the whole run of one of the forms for multiplexed connections,
  // whose sockets keep pointers to its payload: it is added to `pinned`.
  const FramePtr& Pinned(const Form& form, std::vector<FramePtr>* pinned);

 private:
  void Make(GzipStream stream, Form* form);

  absl::Span<const FramePtr> run_;
  Form in_step_;
  Form others_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_GZIP_RUN_H_

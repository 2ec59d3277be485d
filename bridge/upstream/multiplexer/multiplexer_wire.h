#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXER_WIRE_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXER_WIRE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"

namespace sse_bridge {

// One sse.v1.Frame. Its bytes are valid as long as the message's.
struct MultiplexerFrame {
  // kUnknown is ignored: newer backends may send more.
  enum class Kind { kUnknown, kOpened, kMessage, kEnd };

  uint64_t stream = 0;
  Kind kind = Kind::kUnknown;

  // Of the kind: a serialized sse.v1.Opened, a message, a serialized
  // sse.v1.End.
  absl::string_view payload;
};

// Reads a serialized sse.v1.ToBridge without copying or allocating, so that its
// memory does not depend on the number of frames.
class ToBridgeReader {
 public:
  // `bytes` must outlive the reader and what it returns.
  explicit ToBridgeReader(absl::string_view bytes);

  // A part, in the order of the bytes.
  enum class Part { kHello, kFrame, kPong, kEnd, kMalformed };
  Part Next();

  // After kHello: a serialized sse.v1.BackendHello.
  absl::string_view hello() const { return hello_; }
  // After kFrame.
  const MultiplexerFrame& frame() const { return frame_; }

 private:
  google::protobuf::io::CodedInputStream in_;
  absl::string_view hello_;
  MultiplexerFrame frame_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_MULTIPLEXER_WIRE_H_

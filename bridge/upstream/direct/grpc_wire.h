#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_GRPC_WIRE_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_GRPC_WIRE_H_

// What gRPC puts into HTTP/2: messages in DATA, and the status in header
// fields (PROTOCOL-HTTP2.md of gRPC). Knows no connections.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/upstream/call.h"
#include "bridge/upstream/call_end.h"

namespace sse_bridge {

// The flag and the length before each message.
inline constexpr size_t kGrpcPrefixBytes = 5;

// Returns the prefix of a message that is not compressed.
std::string GrpcPrefix(size_t message_bytes);

// Returns the value of grpc-timeout for a positive duration: at most eight
// digits, rounded up.
std::string GrpcTimeout(absl::Duration left);

// Decodes grpc-message. What is no escape stands for itself.
std::string DecodeGrpcMessage(absl::string_view text);

// Splits the DATA of an answer into messages.
class GrpcMessageReader {
 public:
  explicit GrpcMessageReader(size_t max_message_bytes)
      : max_message_bytes_(max_message_bytes) {}

  enum class State { kPartial, kMessage, kRefused };

  // Takes bytes from the front of `*data`, up to the end of the next message,
  // and sets `*message` to it, which is valid until the next call and as long
  // as the data. kPartial means that all bytes were taken; kRefused, that the
  // call must end with refusal().
  State Next(absl::string_view* data, absl::string_view* message);

  const absl::Status& refusal() const { return refusal_; }

  // Whether nothing of a further message has been taken.
  bool at_boundary() const { return buffer_.empty() || delivered_; }

 private:
  const size_t max_message_bytes_;
  std::string buffer_;      // a part of a message, with its prefix
  bool delivered_ = false;  // `buffer_` is the message returned last
  absl::Status refusal_;
};

// The header fields of an answer.
class GrpcAnswer {
 public:
  // `wanted` selects the metadata to keep; null: none. Must outlive this.
  GrpcAnswer(size_t max_metadata_bytes, const MetadataFilter* wanted)
      : max_metadata_bytes_(max_metadata_bytes), wanted_(wanted) {}

  // A block of fields begins. Later blocks are trailers.
  void BeginBlock();

  // Returns false if the block is larger than allowed.
  bool Add(absl::string_view name, absl::string_view value);

  // Returns the selected fields of the block, of at most
  // kMaxToldMetadataBytes.
  Metadata TakeMetadata();

  // After the first block: whether it can be the beginning of an answer with
  // messages.
  bool IsGrpc() const { return http_status_ == 200 && grpc_content_; }
  // Whether the first block is still to come (RFC 9110, 15.2).
  bool IsInformational() const {
    return http_status_ >= 100 && http_status_ < 200;
  }

  // How the call has ended, after the last block.
  CallEnd End() const;

 private:
  const size_t max_metadata_bytes_;
  const MetadataFilter* const wanted_;
  size_t block_bytes_ = 0;
  Metadata metadata_;
  int http_status_ = 0;
  bool grpc_content_ = true;  // unless it says otherwise
  bool has_status_ = false;
  int status_ = 0;
  std::string message_;
  std::string details_;
  bool bad_details_ = false;  // they cannot be decoded
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_DIRECT_GRPC_WIRE_H_

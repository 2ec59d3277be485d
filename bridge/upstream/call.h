#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_H_

// Transport-neutral interface to gRPC backends: calls by path, with serialized
// messages. Does not include gRPC headers.
//
// Errors: a gRPC status becomes an absl::Status with the same code number and
// message. Numbers that are not a google.rpc.Code become kUnknown. The trailer
// grpc-status-details-bin (a serialized google.rpc.Status) becomes the payload
// kStatusDetailsUrl. Messages of the backend are passed on unchanged. Messages
// of gRPC and its transports may contain addresses; they are only logged, and a
// generic sentence takes their place.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bridge/base/status_details.h"  // IWYU pragma: export

namespace sse_bridge {

// Names and values, in order; names may repeat. Values of names that end in
// "-bin" are raw bytes, all others printable ASCII.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// Selects metadata of a backend's answer by lower-case name. Thread-safe.
using MetadataFilter = std::function<bool(absl::string_view name)>;

struct CallOptions {
  // Names are converted to lower case. The call fails with kInvalidArgument,
  // before anything is sent, if a name is reserved by gRPC or HTTP/2 (":...",
  // "grpc-...", "content-type", "te", ...) or a value cannot be sent.
  Metadata metadata;

  // After this the call ends with kDeadlineExceeded.
  absl::Time deadline = absl::InfiniteFuture();

  // If false, the call fails with kUnavailable while the backend cannot be
  // reached. If true, it waits for the backend, up to the deadline.
  bool wait_for_ready = false;

  // Which of the backend's metadata to report. Null: none.
  std::shared_ptr<const MetadataFilter> wanted_metadata;

  // Receives the selected metadata, if there are any: initial metadata before
  // OnOpen, trailing metadata before OnDone (for a unary call, both before its
  // callback). Never runs concurrently with these callbacks; the same rules
  // apply. At most kMaxToldMetadataBytes are reported each time; the rest is
  // dropped.
  std::function<void(Metadata)> on_metadata;
};

inline constexpr size_t kMaxToldMetadataBytes = 16 * 1024;

// Receives one server-streaming call. The call holds a reference to the
// observer until OnDone has returned.
//
// Callbacks of one call are serial. They run on threads of the client that
// makes the call, never inside StartStream, Read or Cancel, so a caller may
// hold a lock there. They must not block.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;

  // The backend accepted the call: its initial metadata has arrived. Called at
  // most once, before any message; not called if the backend's answer has only
  // trailers.
  virtual void OnOpen() {}

  // One message, as the slices in which it was received (none for an empty
  // message). The bytes are valid only during this call.
  virtual void OnMessage(absl::Span<const absl::string_view> slices) = 0;

  // The call has ended. Called exactly once, last.
  virtual void OnDone(const absl::Status& status) = 0;
};

// Handle of a streaming call. Thread-safe. Dropping the last reference cancels
// the call; this neither blocks nor waits for callbacks, and OnDone is still
// called.
class StreamCall {
 public:
  virtual ~StreamCall() = default;

  // Requests exactly one more message. StartStream requests the first; after
  // that the observer's owner calls Read once per message received, in
  // OnMessage or later. Has no effect if a message is already requested or the
  // call has ended.
  //
  // While no message is requested, flow control stops the backend, and the end
  // of the call is not reported (except after Cancel).
  virtual void Read() = 0;

  // Ends the call. No further message is delivered, except one whose delivery
  // has begun; then OnDone is called, normally with kCancelled.
  virtual void Cancel() = 0;
};

// Handle of a unary call. Thread-safe. Dropping the last reference cancels the
// call; this neither blocks nor waits for the callback, which is still called.
class UnaryCall {
 public:
  virtual ~UnaryCall() = default;
  virtual void Cancel() = 0;
};

// One backend, with any number of addresses and connections. Thread-safe. May
// be destroyed before its calls have ended.
class Upstream {
 public:
  using UnaryDone =
      std::function<void(absl::Status status, std::string response)>;

  virtual ~Upstream() = default;

  // The backend's address, for messages and logs.
  virtual absl::string_view address() const { return "upstream"; }

  // `path` is "/package.Service/Method", `request` the serialized message.
  // Always returns a call; failures are reported through OnDone.
  [[nodiscard]] virtual std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) = 0;

  // `done` is called exactly once, on a thread of the client that makes the
  // call, never inside StartUnary or Cancel. `response` is empty unless the
  // status is OK.
  [[nodiscard]] virtual std::shared_ptr<UnaryCall> StartUnary(
      absl::string_view path, std::string request, CallOptions options,
      UnaryDone done) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_H_

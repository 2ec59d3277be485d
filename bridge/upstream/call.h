#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_H_

// What the rest of the bridge sees of gRPC: calls by path, with bytes in and
// bytes out. No gRPC header is needed to use this one.
//
// Errors. A gRPC status arrives as an absl::Status with the same code number
// and message. A number that is no google.rpc.Code becomes kUnknown. The
// trailer grpc-status-details-bin (a serialised google.rpc.Status) is its
// payload under kStatusDetailsUrl. The message is the backend's own, or a
// sentence in place of what gRPC and its transports say, which names addresses
// and is only logged.

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

// Names and values, in order; a name may repeat. Values of names that end in
// "-bin" are raw bytes, all others printable ASCII.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// Chooses metadata of a backend's answer by its name, in lower case.
// Thread-safe.
using MetadataFilter = std::function<bool(absl::string_view name)>;

struct CallOptions {
  // Names are put in lower case. A name that gRPC or HTTP/2 keeps for itself
  // (":...", "grpc-...", "content-type", "te", ...) or a value that cannot
  // travel fails the call with kInvalidArgument, before anything is sent.
  Metadata metadata;

  // The call ends with kDeadlineExceeded after this.
  absl::Time deadline = absl::InfiniteFuture();

  // False: the call fails with kUnavailable while the backend cannot be
  // reached. True: it waits for the backend, up to the deadline.
  bool wait_for_ready = false;

  // What of the backend's metadata is told; null: nothing is.
  std::shared_ptr<const MetadataFilter> wanted_metadata;

  // Is told it, if there is any: what came ahead of the answer before OnOpen,
  // what came with its end before OnDone (of a unary call, both before its
  // callback). Serial with these, and by their rules. At most
  // kMaxToldMetadataBytes each time; the rest is left out.
  std::function<void(Metadata)> on_metadata;
};

inline constexpr size_t kMaxToldMetadataBytes = 16 * 1024;

// Receives one server-streaming call. The call holds the observer until OnDone
// has returned.
//
// Calls are serial and come from gRPC's threads, never from within StartStream,
// Read or Cancel: it is safe to hold a lock there. They must not block.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;

  // The backend accepted the call: its initial metadata has arrived. At most
  // once and before any message; not called when the backend refused with
  // trailers only.
  virtual void OnOpen() {}

  // One message, as the chain of slices in which it came (there may be none:
  // an empty message). The bytes are valid during this call only.
  virtual void OnMessage(absl::Span<const absl::string_view> slices) = 0;

  // The call has ended. Exactly once, and last.
  virtual void OnDone(const absl::Status& status) = 0;
};

// The caller's end of a streaming call. Thread-safe. Dropping the last
// reference cancels the call; it neither blocks nor waits for callbacks, and
// OnDone still comes.
class StreamCall {
 public:
  virtual ~StreamCall() = default;

  // Lets exactly one more message be delivered. StartStream has asked for the
  // first; after that the observer (or who acts for it) asks once for each
  // message it got, within OnMessage or at any later time. Asking again before
  // the message came adds nothing, and after the end does nothing.
  //
  // While no message is asked for, flow control holds the backend back, and
  // the end of the call is not told (Cancel excepted).
  virtual void Read() = 0;

  // Ends the call: no further message is delivered (one that is being delivered
  // is), then OnDone, normally with kCancelled.
  virtual void Cancel() = 0;
};

// The caller's end of a unary call. Thread-safe. Dropping the last reference
// cancels the call; it neither blocks nor waits for the callback, which still
// comes.
class UnaryCall {
 public:
  virtual ~UnaryCall() = default;
  virtual void Cancel() = 0;
};

// One backend, behind any number of addresses and connections. Thread-safe.
// May be destroyed before its calls have ended.
class Upstream {
 public:
  using UnaryDone =
      std::function<void(absl::Status status, std::string response)>;

  virtual ~Upstream() = default;

  // What messages call this backend.
  virtual absl::string_view address() const { return "upstream"; }

  // `path` is "/package.Service/Method", `request` the serialised message.
  // Never fails itself: each failure comes through OnDone.
  [[nodiscard]] virtual std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions options,
      std::shared_ptr<StreamObserver> observer) = 0;

  // `done` is called exactly once, from one of gRPC's threads, never from
  // within StartUnary or Cancel; `response` is empty unless the status is OK.
  [[nodiscard]] virtual std::shared_ptr<UnaryCall> StartUnary(
      absl::string_view path, std::string request, CallOptions options,
      UnaryDone done) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_H_

#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_BIDI_CALL_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_BIDI_CALL_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/upstream/call.h"

namespace sse_bridge {

// Receives one bidirectional call. The call holds a reference to the observer
// until OnDone has returned. Messages are read as fast as OnMessage returns.
//
// OnWritten may run at the same time as OnMessage, and OnDone is last. They run
// on gRPC's threads, never inside Write or Cancel, and must not block.
class BidiObserver {
 public:
  virtual ~BidiObserver() = default;

  // As StreamObserver::OnMessage.
  virtual void OnMessage(absl::Span<const absl::string_view> slices) = 0;

  // The message of the last Write has been passed to the transport.
  virtual void OnWritten() = 0;

  virtual void OnDone(const absl::Status& status) = 0;
};

// Handle of a bidirectional call. Thread-safe. Dropping the last reference
// cancels the call.
class BidiCall {
 public:
  virtual ~BidiCall() = default;

  // Sends a message. At most one at a time: the next after OnWritten. Has no
  // effect if the call has ended.
  virtual void Write(std::string message) = 0;

  // No message follows. The backend may still send some. OnWritten is not
  // called any more.
  virtual void CloseWrites() = 0;

  virtual void Cancel() = 0;
};

// Starts a call. Failures are reported through OnDone.
using StartBidi = std::function<std::shared_ptr<BidiCall>(
    const CallOptions& options, std::shared_ptr<BidiObserver> observer)>;

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_MULTIPLEXER_BIDI_CALL_H_

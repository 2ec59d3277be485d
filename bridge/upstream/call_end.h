#ifndef SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_END_H_
#define SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_END_H_

// What callers are told about the end of a call. Independent of gRPC.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// How a call has ended, as the client that made it knows.
struct CallEnd {
  int code = 0;  // the number in grpc-status, whatever it is
  std::string message = {};
  std::string details = {};  // grpc-status-details-bin, decoded
  // Whether the code and message were in the answer. Otherwise the client made
  // them, and the message is only logged.
  bool from_peer = false;
  bool reached = false;   // whether there was a connection
  std::string peer = {};  // for the log; empty: nothing is logged
};

// Converts the end of a call as described in call.h. The backend's own messages
// pass unchanged. Messages of gRPC and the transport (which contain host names,
// addresses, and resolver, TLS or socket errors) are logged, at most once a
// second per code, and replaced by a generic sentence.
absl::Status StatusOfEnd(const CallEnd& end);

// Returns whether `message` was made by gRPC's transports. They report such
// errors as if they came from the peer, so they can only be recognised by their
// text.
bool IsTransportText(absl::string_view message);

// The ends of calls whose answers a client does not accept.
absl::Status MetadataTooLarge();
absl::Status CompressedMessage();

// The ends of calls that no connection takes: all are in use, or the server
// does not accept the call on any.
absl::Status NoPlaceForCall();
absl::Status CallNotTaken();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_UPSTREAM_CALL_END_H_

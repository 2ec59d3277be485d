#ifndef SSE_BRIDGE_BRIDGE_BASE_EVENT_NAMES_H_
#define SSE_BRIDGE_BRIDGE_BASE_EVENT_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The names of the events that the bridge itself sends. Data of a backend must
// never come under one of them: a client could not tell who speaks.

// The end of a stream, or of one stream of `/events`.
inline constexpr absl::string_view kStatusEventName = "grpc-status";

// A gap: the place to resume after is not known any more.
inline constexpr absl::string_view kResetEventName = "reset";

// The backend is lost, or is back.
inline constexpr absl::string_view kUpstreamEventName = "upstream";

// A message of the backend that cannot be shown.
inline constexpr absl::string_view kUnreadableEventName = "unreadable";

// All that are reserved. `error` and `open` are not sent: EventSource itself
// dispatches events of these names when a connection breaks or opens.
inline constexpr absl::string_view kReservedEventNames[] = {
    kStatusEventName,     kResetEventName, kUpstreamEventName,
    kUnreadableEventName, "error",         "open"};

// Precedes a reserved name that comes from data.
inline constexpr absl::string_view kDataEventPrefix = "message.";

// Names are compared as clients compare them: byte for byte (WHATWG HTML,
// "Server-sent events"; DOM, "event listener").
constexpr bool IsReservedEventName(absl::string_view name) {
  for (absl::string_view reserved : kReservedEventNames) {
    if (name == reserved) return true;
  }
  return false;
}

// The name under which data is sent that asks for `name`: "message.reset"
// instead of "reset", else `name`.
inline std::string EventNameOfData(absl::string_view name) {
  std::string safe(IsReservedEventName(name) ? kDataEventPrefix : "");
  safe.append(name.data(), name.size());
  return safe;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_EVENT_NAMES_H_

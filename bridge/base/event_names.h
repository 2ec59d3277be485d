#ifndef SSE_BRIDGE_BRIDGE_BASE_EVENT_NAMES_H_
#define SSE_BRIDGE_BRIDGE_BASE_EVENT_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The names of the events that the bridge itself sends. Backend data must never
// use one of them, because clients could not tell the two apart.

// The end of a stream, or of one stream of `/events`.
inline constexpr absl::string_view kStatusEventName = "grpc-status";

// A gap: the position to resume from is no longer known.
inline constexpr absl::string_view kResetEventName = "reset";

// The connection to the backend is lost or restored.
inline constexpr absl::string_view kUpstreamEventName = "upstream";

// A backend message that cannot be represented.
inline constexpr absl::string_view kUnreadableEventName = "unreadable";

// All reserved names. The bridge does not send `error` and `open`, but
// EventSource dispatches events with these names when a connection breaks or
// opens.
inline constexpr absl::string_view kReservedEventNames[] = {
    kStatusEventName,     kResetEventName, kUpstreamEventName,
    kUnreadableEventName, "error",         "open"};

// Prepended to a reserved name that comes from backend data.
inline constexpr absl::string_view kDataEventPrefix = "message.";

// Names are compared as clients compare them: byte for byte (WHATWG HTML,
// "Server-sent events"; DOM, "event listener").
constexpr bool IsReservedEventName(absl::string_view name) {
  for (absl::string_view reserved : kReservedEventNames) {
    if (name == reserved) return true;
  }
  return false;
}

// Returns the event name for data that requests `name`: "message.reset" for
// "reset", and `name` if it is not reserved.
inline std::string EventNameOfData(absl::string_view name) {
  std::string safe(IsReservedEventName(name) ? kDataEventPrefix : "");
  safe.append(name.data(), name.size());
  return safe;
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_EVENT_NAMES_H_

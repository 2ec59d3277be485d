#ifndef SSE_BRIDGE_BRIDGE_HTTP_RESUME_POINTS_H_
#define SSE_BRIDGE_BRIDGE_HTTP_RESUME_POINTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/schema/method.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Where a browser that comes back left off among the events of one upstream
// call.
struct ResumePoint {
  std::string after;       // the id; empty: it was not here yet
  std::string unknown;     // an id that says nothing about this call: a `reset`
  bool returning = false;  // it has come with some id
};

// Whether a stream's events come from several upstream calls that have ids of
// their own each (share_by with id_from): then `id:` is a BundleCursor.
bool HasCompositeIds(const Method& method);

// The keys in a BundleCursor of the calls that serve `request`: `name` itself,
// or with composite ids one for each element of share_by, "name/element".
std::vector<std::string> CursorKeys(const Method& method,
                                    const google::protobuf::Message& request,
                                    absl::string_view name);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_RESUME_POINTS_H_

#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_RESUME_POINTS_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_RESUME_POINTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bridge/access/identity.h"
#include "bridge/schema/method.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Where a browser that comes back left off among the events of one upstream
// call.
struct ResumePoint {
  std::string after;       // the id; empty: it was not here yet
  std::string unknown;     // an id that says nothing about this call: a `reset`
  bool returning = false;  // it has come with some id
  // It has been told that the call has ended for good: it is not made again.
  bool over = false;
};

// Whether a stream's events come from several upstream calls that have ids of
// their own each (share_by with id_from): then `id:` is a CompositeCursor.
bool HasCompositeIds(const Method& method);

// What tells the calls that serve `request` apart in a CompositeCursor: the
// elements of share_by. Without elements there is one call all the same.
std::vector<std::string> CursorKeys(const Method& method,
                                    const google::protobuf::Message& request);

// A shared call speaks for one user only if its request names that user.
bool SpeaksForOneUser(const Method& method);

// The user that calls of the method speak for; empty: for nobody.
std::string SubjectOfCalls(const Method& method,
                           const std::optional<Identity>& identity);

// What the ids of the calls' ends are bound to (end_id.h), by element of
// share_by; empty for one that is there twice.
std::vector<std::string> CallTags(const Method& method,
                                  const google::protobuf::Message& request,
                                  const std::optional<Identity>& identity);

// Where a browser that comes back stands in a stream.
struct ResumePlaces {
  std::vector<ResumePoint> points;  // of its calls: one, or of its CursorKeys
  std::vector<std::string> ids;     // of the points, for the next event's id
  // The stream has ended with this code, and that has been told.
  std::optional<absl::StatusCode> ended;
};

// `id` is where it left off in this stream; nullopt: it has not been here.
// `returning`: it has been on the connection. An id that tells nothing about
// the stream becomes one `unknown`.
ResumePlaces FindPlaces(const Method& method,
                        const google::protobuf::Message& request,
                        const std::optional<Identity>& identity,
                        const std::optional<std::string>& id, bool returning);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_RESUME_POINTS_H_

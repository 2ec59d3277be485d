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

// Where a reconnecting browser resumes the events of one upstream call.
struct ResumePoint {
  std::string after;       // last received id; empty on the first visit
  std::string unknown;     // an id unknown to this call, answered by a `reset`
  bool returning = false;  // the request has an id
  // The browser has received the call's final status, so the call is not made
  // again.
  bool over = false;
};

// Returns true if a stream's events come from several upstream calls with
// separate ids (share_by with id_from). `id:` is then a CompositeCursor.
bool HasCompositeIds(const Method& method);

// The keys of the calls that serve `request` in a CompositeCursor: the elements
// of share_by. There is one call even if there are no elements.
std::vector<std::string> CursorKeys(const Method& method,
                                    const google::protobuf::Message& request);

// Returns true if a call of the method is made for one user. A shared call is
// made for one user only if its request names that user, which it does not if
// the method has an admission.
bool SpeaksForOneUser(const Method& method);

// The user that calls of the method are made for; empty if for none.
std::string SubjectOfCalls(const Method& method,
                           const std::optional<Identity>& identity);

// The tags that the ids of the calls' ends are bound to (end_id.h), one per
// element of share_by; empty for a duplicate element.
std::vector<std::string> CallTags(const Method& method,
                                  const google::protobuf::Message& request,
                                  const std::optional<Identity>& identity);

// Where a reconnecting browser resumes a stream.
struct ResumePoints {
  std::vector<ResumePoint> points;  // one, or one per CursorKey
  std::vector<std::string> ids;  // of the points, for the id of the next event
  // Set if the stream has ended with this code and the browser has received it.
  std::optional<absl::StatusCode> ended;
};

// `id` is the last id that the browser has received from this stream, or
// nullopt if there is none. `returning` means that it reconnects. An id that
// does not belong to the stream becomes `unknown` in one point.
ResumePoints FindResumePoints(const Method& method,
                              const google::protobuf::Message& request,
                              const std::optional<Identity>& identity,
                              const std::optional<std::string>& id,
                              bool returning);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_RESUME_POINTS_H_

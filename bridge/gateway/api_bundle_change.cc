#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/own_params.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/query_params.h"

// `POST /events` changes the streams of a connection that was opened with
// `connection=new`. The form has its id, from the header Sse-Connection, and
// names what to remove and to add:
//
//   connection=ID&remove=NAME&stream=NAME:PATH
//
// Added streams resume after `Last-Event-ID`, as on a new connection.

namespace sse_bridge {

struct Api::BundleChange {
  std::string connection;
  std::vector<std::string> removed;
  std::vector<BundlePart> added;
};

absl::StatusOr<Api::BundleChange> Api::ChangeOf(const Request& request) const {
  BundleChange change;
  auto form = ParseQuery(request.exchange->body());
  if (!form.ok()) return form.status();
  for (QueryParam& param : *form) {
    if (param.name == kConnectionParam) {
      change.connection = std::move(param.value);
    } else if (param.name == kRemoveParam) {
      change.removed.push_back(std::move(param.value));
    } else if (param.name == kStreamParam) {
      if (change.added.size() == OpenBundle::kMaxStreams) {
        return BadRequestError(kStreamParam,
                               absl::StrCat("at most ", OpenBundle::kMaxStreams,
                                            " streams are allowed"));
      }
      auto part = NamedPart(request, param.value);
      if (!part.ok()) return part.status();
      change.added.push_back(*std::move(part));
    } else {
      return BadRequestError(param.name, "unknown parameter");
    }
  }
  if (change.connection.empty()) {
    return BadRequestError(kConnectionParam,
                           "must be the Sse-Connection of an open connection");
  }
  if (absl::Status names = CheckNames(change.added); !names.ok()) return names;
  return change;
}

void Api::ServeBundleChange(std::shared_ptr<Request> request) {
  if (!Identify(request, QueryCredentials(), &Api::ServeBundleChange)) return;
  if (!request->bad_credentials.ok()) {
    return Refuse(*request, request->bad_credentials);
  }
  auto change = ChangeOf(*request);
  if (!change.ok()) return Refuse(*request, change.status());
  request->exchange->ReleaseBody();
  const std::shared_ptr<OpenBundle> bundle = bundles_->Find(change->connection);
  if (bundle == nullptr || !bundle->BelongsTo(request->identity)) {
    // Deliberately the same: ids cannot be probed.
    return Refuse(*request,
                  absl::AbortedError(
                      "no open connection of this token has this id here"));
  }
  for (const std::string& name : change->removed) bundle->Remove(name);
  if (change->added.empty()) {
    request->exchange->Respond(HttpResponse{
        200,
        {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
        "{}\n"});
    return;
  }
  StreamTraits traits;
  auto streams = ResumeBundle(LastEventId(*request->exchange, ResumeParams()),
                              request->identity, &change->added);
  // Answers if all of them have ended already.
  traits.format = std::make_unique<MultiplexedFormat>(streams);
  auto added = bundle->Reserve(std::move(streams));
  if (!added.ok()) return Refuse(*request, added.status());
  traits.added = *std::move(added);
  OpenConnection(std::move(request), std::move(traits),
                 std::move(change->added), /*bundle=*/true);
}

}  // namespace sse_bridge

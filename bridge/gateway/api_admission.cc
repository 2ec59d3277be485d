#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "bridge/access/client_address.h"
#include "bridge/base/mutex.h"
#include "bridge/gateway/admitter.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/trace_context.h"

// Streams with an admission: `enter` is called before the status line.

namespace sse_bridge {

// A connection whose parts are being admitted.
struct Api::Entering {
  std::shared_ptr<Request> request;
  StreamTraits traits;
  bool bundle = false;
  ConnectionLimits::Lease lease;

  Mutex mu;
  std::vector<BundlePart> parts ABSL_GUARDED_BY(mu);
  size_t waiting ABSL_GUARDED_BY(mu) = 0;  // parts without a result
};

void Api::SeparateSubject(BundlePart* part) {
  const Method& method = part->route->method();
  if (method.admission == nullptr) return;
  part->personal.reset(part->message->New());
  part->personal->CopyFrom(*part->message);
  ClearSubject(method, part->message.get());
}

void Api::EnterParts(std::shared_ptr<Request> request, StreamTraits traits,
                     std::vector<BundlePart> parts, bool bundle,
                     ConnectionLimits::Lease lease) {
  std::vector<size_t> needed;
  for (size_t i = 0; i < parts.size(); ++i) {
    // A part that has ended already is not opened again.
    if (parts[i].personal != nullptr && !parts[i].resume.ended.has_value()) {
      needed.push_back(i);
    }
  }
  if (needed.empty()) {
    return OpenAdmitted(std::move(request), std::move(traits), std::move(parts),
                        bundle, std::move(lease));
  }
  Metadata all = IdentityMetadata(request->identity);
  all.insert(all.end(), request->forwarded.begin(), request->forwarded.end());
  all.emplace_back(kTraceparentMetadata, request->traceparent);
  const auto metadata = std::make_shared<const Metadata>(std::move(all));
  const std::string payer = request->identity.has_value()
                                ? request->identity->subject
                                : LimitKey(request->exchange->client_address());
  const absl::Time deadline = traits.deadline;

  // Taken out before the first call: its result may come before the last call
  // is made.
  struct Part {
    const ServedRoute* route;
    std::unique_ptr<google::protobuf::Message> personal;
    std::string resume_from;
  };
  std::vector<Part> entering_parts;
  for (const size_t i : needed) {
    entering_parts.push_back({parts[i].route, std::move(parts[i].personal),
                              parts[i].resume.points[0].after});
  }
  auto entering = std::make_shared<Entering>();
  const std::shared_ptr<const ServedSchema> served = request->served;
  const std::optional<Identity> identity = request->identity;
  entering->request = std::move(request);
  entering->traits = std::move(traits);
  entering->bundle = bundle;
  entering->lease = std::move(lease);
  {
    MutexLock lock(&entering->mu);
    entering->parts = std::move(parts);
    entering->waiting = needed.size();
  }
  {
    MutexLock lock(&mu_);
    ++entering_;
  }
  for (size_t n = 0; n < needed.size(); ++n) {
    const Part& part = entering_parts[n];
    parts_.admitter->Enter(
        served, *part.route, *part.personal, identity, part.resume_from, payer,
        metadata, deadline,
        [this, entering, i = needed[n]](absl::StatusOr<Admitted> admitted) {
          {
            MutexLock lock(&entering->mu);
            entering->parts[i].admitted = std::move(admitted);
            if (--entering->waiting > 0) return;
          }
          OnEntered(entering);
        });
  }
}

void Api::OnEntered(std::shared_ptr<Entering> entering) {
  std::vector<BundlePart> parts;
  {
    MutexLock lock(&entering->mu);
    parts = std::move(entering->parts);
  }
  if (!entering->bundle && !parts[0].admitted->ok()) {
    // A client may retry as soon as it has the response.
    entering->lease.Release();
    Refuse(*entering->request, parts[0].admitted->status());
  } else {
    OpenAdmitted(std::move(entering->request), std::move(entering->traits),
                 std::move(parts), entering->bundle,
                 std::move(entering->lease));
  }
  MutexLock lock(&mu_);
  if (--entering_ == 0) entered_.notify_all();
}

}  // namespace sse_bridge

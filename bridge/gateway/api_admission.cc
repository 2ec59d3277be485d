#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "bridge/access/client_address.h"
#include "bridge/base/mutex.h"
#include "bridge/feed/late_stream.h"
#include "bridge/feed/refused_subscriber.h"
#include "bridge/gateway/admitter.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/late_admission.h"
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

namespace {

// Sent with `enter`.
std::shared_ptr<const Metadata> EnterMetadata(
    const std::optional<Identity>& identity, const Metadata& forwarded,
    const std::string& traceparent) {
  Metadata all = IdentityMetadata(identity);
  all.insert(all.end(), forwarded.begin(), forwarded.end());
  all.emplace_back(kTraceparentMetadata, traceparent);
  return std::make_shared<const Metadata>(std::move(all));
}

// Whom leaves count for.
std::string PayerOf(const std::optional<Identity>& identity,
                    const std::string& client_address) {
  return identity.has_value() ? identity->subject : LimitKey(client_address);
}

}  // namespace

void Api::SeparateSubject(BundlePart* part) {
  const Method& method = part->route->method();
  if (method.admission == nullptr) return;
  part->personal =
      std::shared_ptr<google::protobuf::Message>(part->message->New());
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
  const auto metadata = EnterMetadata(request->identity, request->forwarded,
                                      request->traceparent);
  const std::string payer =
      PayerOf(request->identity, request->exchange->client_address());
  const absl::Time deadline = traits.deadline;

  // Taken out before the first call: its result may come before the last call
  // is made.
  struct Part {
    const ServedRoute* route;
    std::shared_ptr<const google::protobuf::Message> personal;
    std::string resume_from;
  };
  std::vector<Part> entering_parts;
  entering_parts.reserve(needed.size());
  for (const size_t i : needed) {
    entering_parts.push_back(
        {parts[i].route, parts[i].personal, parts[i].resume.points[0].after});
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
  if (!entering->bundle && !parts[0].admitted->ok() &&
      !MayBeAdmittedLater(parts[0], /*bundle=*/false,
                          entering->traits.deadline)) {
    // A client may retry as soon as it has the response.
    entering->lease.Release();
    Refuse(*entering->request, parts[0].admitted->status());
  } else {
    OpenAdmitted(std::move(entering->request), std::move(entering->traits),
                 std::move(parts), entering->bundle,
                 std::move(entering->lease));
  }
}

bool Api::MayBeAdmittedLater(const BundlePart& part, bool bundle,
                             absl::Time deadline) const {
  return (bundle || part.resume.points[0].returning) &&
         parts_.delivery->WallTime() < deadline &&
         LateStream::IsTemporary(
             part.admitted->status(),
             parts_.admitter->PolicyOf(part.route->method()));
}

void Api::AddUnadmitted(const Request& request, BundlePart part, bool bundle,
                        int tag, const Subscription::Options& options,
                        absl::Time deadline, Subscription* subscription) const {
  const absl::Status& refusal = part.admitted->status();
  MembershipOptions membership;
  membership.mode = bundle ? MembershipOptions::Mode::kBundle
                           : MembershipOptions::Mode::kStream;
  membership.tag = tag;
  membership.group = tag;
  if (!MayBeAdmittedLater(part, bundle, deadline)) {
    // Only of a bundle: the others continue without it.
    subscription->Add(std::make_unique<RefusedSubscriber>(
                          parts_.delivery, refusal,
                          FinalEventFrame(*request.served, refusal)),
                      membership);
    return;
  }
  LateAdmission late;
  late.delivery = parts_.delivery;
  late.admitter = parts_.admitter;
  late.opener = parts_.opener;
  late.served = request.served;
  late.route = part.route;
  late.personal = std::move(part.personal);
  late.message = std::move(part.message);
  late.identity = request.identity;
  late.address = LimitKey(request.exchange->client_address());
  late.payer = PayerOf(request.identity, request.exchange->client_address());
  late.enter_metadata =
      EnterMetadata(request.identity, request.forwarded, request.traceparent);
  late.forwarded = request.forwarded;
  const bool alone = !part.resume.points[0].returning;
  late.points = std::move(part.resume.points);
  late.mode = membership.mode;
  late.tag = tag;
  late.traceparent = request.traceparent;
  late.grace = options.grace;
  subscription->Add(AdmitLater(std::move(late), refusal, alone), membership);
}

}  // namespace sse_bridge

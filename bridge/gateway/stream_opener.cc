#include "bridge/gateway/stream_opener.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/access/escaped_text.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/admitted_subscriber.h"
#include "bridge/feed/end_id.h"
#include "bridge/feed/feed_options.h"
#include "bridge/feed/own_events.h"
#include "bridge/feed/reset_event.h"
#include "bridge/feed/start_at_subscriber.h"
#include "bridge/gateway/forwarded_metadata.h"
#include "bridge/gateway/share_by.h"
#include "bridge/gateway/trace_context.h"
#include "bridge/transcode/field_text.h"

namespace sse_bridge {

using google::protobuf::Message;

Metadata IdentityMetadata(const std::optional<Identity>& identity) {
  if (!identity.has_value()) return {};
  return {{kSubjectMetadata, EscapedText(identity->subject)}};
}

absl::Status StreamOpener::Open(
    std::shared_ptr<const ServedSchema> served, const ServedRoute& route,
    const Message& request, const std::optional<Identity>& identity,
    absl::string_view address, const Metadata& forwarded,
    absl::Span<const ResumePoint> resume, MembershipOptions::Mode mode, int tag,
    const std::string& traceparent,
    const std::shared_ptr<Subscription>& subscription, bool raw,
    Admitted* admitted) const {
  const Method& method = route.method();
  Upstream* upstream = upstreams_->Find(method.grpc_path);
  if (upstream == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("no backend is configured for ", method.grpc_path));
  }

  const FeedOptions annotated = FeedOptionsOf(method.stream, raw);
  const bool shared = annotated.shared;
  const bool has_ids = annotated.has_ids;
  const bool resumable = annotated.resumable;
  MembershipOptions membership;
  membership.policy = annotated.slow;
  membership.mode = mode;
  membership.group = tag;  // unique among the connection's parts

  Feed::Config config;
  config.upstream = upstream;
  config.grpc_path = method.grpc_path;
  config.shared = shared;
  // The served schema owns the encoder, so the feed holds a reference to it.
  config.encoder = std::shared_ptr<const FrameEncoder>(
      served, raw ? route.raw_stream.get() : route.encoder.get());
  config.snapshot = annotated.snapshot;
  config.live_values = annotated.live_values;
  config.hide_outages = annotated.hide_outages;
  config.replay = options_.replay;
  config.linger = options_.linger;
  config.reconnect.give_up_after =
      method.give_up_after.value_or(options_.give_up_after);
  config.reconnect.codes = method.reconnect_codes;
  if (SpeaksForOneUser(method)) config.metadata = IdentityMetadata(identity);
  config.metadata.insert(config.metadata.end(), forwarded.begin(),
                         forwarded.end());
  if (options_.exposed != nullptr) {
    config.exposed = options_.exposed->filter(shared);
  }
  config.metadata.emplace_back(kTraceparentMetadata, traceparent);

  auto parts = SplitRequest(request, raw ? nullptr : method.share_by);
  if (!parts.ok()) return parts.status();
  // Requests share a feed only if they have the same schema version, which
  // determines the encoding, and the same metadata, on which the backend's
  // response may depend.
  const std::string of_whom = shared ? MetadataKey(forwarded) : "";
  const auto key_of = [&route, &of_whom](const std::string& bytes) {
    return absl::StrCat(reinterpret_cast<uintptr_t>(route.encoder.get()), "\n",
                        of_whom.size(), "\n", of_whom, bytes);
  };
  if (shared && parts->size() > 1) {
    // Check the quota for all parts first, so that a refused request does not
    // start hundreds of calls.
    std::vector<std::string> keys;
    for (const SharedRequest& part : *parts) keys.push_back(key_of(part.bytes));
    const absl::Status quota = registry_->CheckQuota(address, keys);
    if (!quota.ok()) return quota;
  }
  for (SharedRequest& part : *parts) {
    const size_t point = std::min(part.index, resume.size() - 1);
    const ResumePoint& at = resume[point];
    if (at.over) continue;
    membership.tag = tag + static_cast<int>(point);
    Feed::Config each = config;
    each.call_tag =
        CallTag(method.grpc_path, part.bytes, SubjectOfCalls(method, identity));
    each.request = std::move(part.bytes);
    const std::string* after =
        has_ids && !at.after.empty() ? &at.after : nullptr;
    if (at.returning) {
      each.early_loss = EarlyLoss::kWaits;
    } else if (mode == MembershipOptions::Mode::kBundle) {
      // If others are delivered, the client is told of no error.
      each.early_loss = EarlyLoss::kRefusesAlone;
    }
    const EarlyLoss early_loss = each.early_loss;
    if (resumable) {
      each.request_after =
          [served, prototype = route.request_prototype,
           path = method.stream.resume_into(), bytes = each.request](
              absl::string_view id) -> std::optional<std::string> {
        // The id is the bridge's own, not the backend's.
        if (IsOwnId(id)) return std::nullopt;
        std::unique_ptr<Message> message(prototype->New());
        message->ParsePartialFromString(bytes);
        if (!SetFieldFromText(message.get(), path, id).ok()) {
          return std::nullopt;
        }
        return SerializeCanonically(*message);
      };
    }
    std::unique_ptr<PendingSubscriber> subscriber;
    std::shared_ptr<Feed> own;
    if (shared) {
      const std::string key = key_of(each.request);
      // The clients of an admission are to share one call, also if they return
      // to a new bridge with different ids. On a first visit the greeting's id
      // says where to begin.
      std::string begin;
      if (resumable && admitted != nullptr) {
        begin = after != nullptr ? *after : admitted->begin_after;
      }
      const bool begins =
          !begin.empty() && each.request_after(begin).has_value();
      auto joined = begins
                        ? JoinAt(served, key, address, each, begin,
                                 /*first_visit=*/after == nullptr, subscription)
                        : registry_->Join(key, address, std::move(each), after,
                                          subscription);
      if (!joined.ok()) return joined.status();
      subscriber = *std::move(joined);
    } else {
      const bool resumes = after != nullptr && each.request_after &&
                           each.request_after(*after).has_value();
      if (resumes) each.first_id = *after;
      // Exclusive streams count per user if authenticated, else per address,
      // like feeds.
      if (!identity.has_value()) {
        auto charge = registry_->ChargeOwn(
            address, each.request.size() + MetadataKey(forwarded).size());
        if (!charge.ok()) return charge.status();
        each.charge = *std::move(charge);
      }
      own = Feed::Create(context_, std::move(each));
      subscriber = own->Join(nullptr, subscription, early_loss);
      if (after != nullptr && !resumes) {
        subscriber->BeginWith(ResetFrame(*after, ""));
      }
    }
    if (has_ids && !at.unknown.empty()) {
      subscriber->BeginWith(ResetFrame(at.unknown, ""));
    }
    if (admitted != nullptr) {
      if (admitted->greeting) subscriber->Greet(std::move(admitted->greeting));
      subscriber = std::make_unique<AdmittedSubscriber>(
          std::move(subscriber), std::move(admitted->session),
          std::move(admitted->stay));
    }
    subscription->Add(std::move(subscriber), membership);
    if (own != nullptr) own->Begin();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PendingSubscriber>> StreamOpener::JoinAt(
    const std::shared_ptr<const ServedSchema>& served, const std::string& key,
    absl::string_view address, const Feed::Config& config,
    const std::string& id, bool first_visit,
    const std::shared_ptr<Subscription>& subscription) const {
  auto joined = registry_->JoinAt(key, address, config, id, subscription,
                                  first_visit, /*start=*/false);
  if (!joined.ok() || *joined != nullptr) return joined;
  const std::weak_ptr<FeedWaiter> waiter = subscription;
  auto late = std::make_unique<StartAtSubscriber>(
      context_->delivery,
      [registry = registry_, key, payer = std::string(address), config, id,
       waiter, first_visit](bool start) {
        return registry->JoinAt(key, payer, config, id, waiter, first_visit,
                                start);
      },
      [served](const absl::Status& status) {
        return StatusFrame(status.code(), served->StatusJson(status));
      },
      waiter);
  late->Start();
  return std::unique_ptr<PendingSubscriber>(std::move(late));
}

}  // namespace sse_bridge

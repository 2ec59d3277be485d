#include "bridge/gateway/api.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/client_address.h"
#include "bridge/feed/formats/multiplexed.h"
#include "bridge/feed/formats/output_formats.h"
#include "bridge/feed/formats/raw_body.h"
#include "bridge/gateway/accept.h"
#include "bridge/gateway/added_streams.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/trace_context.h"
#include "bridge/http/accept_encoding.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/field_text.h"
#include "bridge/transcode/query_params.h"

namespace sse_bridge {
namespace {

absl::Status TokenExpired() {
  return absl::UnauthenticatedError("the token has expired");
}

absl::Status DeadlinePassed() {
  return absl::DeadlineExceededError("the deadline of Grpc-Timeout has passed");
}

}  // namespace

Api::Api(Parts parts, Options options,
         std::shared_ptr<const ServedSchema> served)
    : token_expired_(FinalEventFrame(*served, TokenExpired())),
      deadline_passed_(FinalEventFrame(*served, DeadlinePassed())),
      reads_too_slowly_(FinalEventFrame(
          *served,
          absl::ResourceExhaustedError("the client reads too slowly"))),
      parts_(parts),
      options_(options),
      served_(std::move(served)) {}

Api::~Api() = default;

void Api::Replace(std::shared_ptr<const ServedSchema> served) {
  MutexLock lock(&mu_);
  served_.swap(served);
}

std::shared_ptr<const ServedSchema> Api::served() const {
  MutexLock lock(&mu_);
  return served_;
}

void Api::Refuse(Request& request, const absl::Status& status) const {
  request.lease.Release();
  if (parts_.errors != nullptr) {
    parts_.errors->Add(absl::StatusCodeToString(status.code()));
  }
  if (request.log_entry != nullptr) request.log_entry->OnRefused(status);
  request.exchange->Respond(
      ErrorResponse(status, request.served->DetailsJson(status)));
}

bool Api::Admit(const std::shared_ptr<Request>& request,
                const sse::v1::Access& rule, QueryCredentials query,
                Step again) {
  const auto status = Authenticate(request, &rule, query, again);
  if (!status.has_value()) return false;
  if (!status->ok()) Refuse(*request, *status);
  return status->ok();
}

bool Api::Identify(const std::shared_ptr<Request>& request,
                   QueryCredentials query, Step again) {
  const auto status = Authenticate(request, nullptr, query, again);
  if (!status.has_value()) return false;
  // Never ignore a cookie that another site's page has sent.
  if (absl::IsPermissionDenied(*status)) {
    Refuse(*request, *status);
    return false;
  }
  if (!status->ok()) request->bad_credentials = *status;
  return true;
}

std::optional<absl::Status> Api::Authenticate(
    const std::shared_ptr<Request>& request, const sse::v1::Access* rule,
    QueryCredentials query, Step again) {
  bool unknown_key = false;
  std::vector<std::string> set_cookies;
  bool* const key = request->keys_were_refreshed ? nullptr : &unknown_key;
  const HttpExchange& http = *request->exchange;
  auto identity =
      rule == nullptr
          ? parts_.authenticator->WhoIs(http, query, key, &set_cookies)
          : parts_.authenticator->Admit(http, *rule, query, key, &set_cookies);
  for (std::string& line : set_cookies) {
    request->exchange->AddResponseHeader("Set-Cookie", std::move(line));
  }
  if (identity.ok()) {
    request->identity = *std::move(identity);
    return absl::OkStatus();
  }
  // The issuer may have published the key only just now.
  if (unknown_key) {
    request->keys_were_refreshed = true;
    if (parts_.authenticator->WhenKeysAreFresh(
            [this, request, again] { (this->*again)(request); })) {
      return std::nullopt;
    }
  }
  return identity.status();
}

void Api::ServeMethod(std::shared_ptr<Request> request) {
  QueryCredentials query = request->route->credentials;
  query.comes_back = request->route->method().server_streaming;
  if (!Admit(request, request->route->method().access, query,
             &Api::ServeMethod)) {
    return;
  }

  const bool unary = !request->route->method().server_streaming;
  if (unary) {
    // Check the limits before the body is parsed, so that refusals are cheap.
    auto lease = parts_.call_limits->Acquire(
        request->identity.has_value() ? request->identity->subject : "",
        LimitKey(request->exchange->client_address()));
    if (!lease.ok()) return Refuse(*request, lease.status());
    request->lease = *std::move(lease);
  }
  const std::string& body = request->exchange->body();
  std::optional<RequestBinder::Body> bound_body;
  if (!body.empty()) {
    bound_body = {body, request->exchange->Header("Content-Type")
                            .value_or(absl::string_view())};
  }
  auto message = BindMessage(*request->route, request->match.variables,
                             request->exchange->raw_query(), bound_body,
                             request->identity);
  if (!message.ok()) return Refuse(*request, message.status());
  request->message = *std::move(message);
  request->exchange->ReleaseBody();

  if (unary) {
    ServeUnary(std::move(request));
  } else {
    ServeStream(std::move(request));
  }
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Api::BindMessage(
    const ServedRoute& route, const std::vector<PathVariable>& variables,
    absl::string_view raw_query, const std::optional<RequestBinder::Body>& body,
    const std::optional<Identity>& identity) const {
  auto query = ParseQuery(raw_query);
  if (!query.ok()) return query.status();
  const Method& method = route.method();
  std::unique_ptr<google::protobuf::Message> message(
      route.request_prototype->New());
  absl::Status bound =
      route.binder->Bind(variables, *query, body, message.get());
  if (!bound.ok()) return bound;
  if (const std::string& subject_into = method.access.subject_into();
      !subject_into.empty()) {
    if (IsFieldSet(*message, subject_into)) {
      return BadRequestError(
          subject_into, "is set from the verified identity, not by the client");
    }
    if (identity.has_value()) {
      absl::Status set =
          SetFieldFromText(message.get(), subject_into, identity->subject);
      if (!set.ok()) return set;
    }
  }
  if (method.validator != nullptr) {
    const auto violations = method.validator->Validate(*message);
    if (!violations.ok()) return violations.status();
    absl::Status valid = ToStatus(*violations);
    if (!valid.ok()) return valid;
  }
  return message;
}

absl::StatusOr<Metadata> Api::ForwardedOf(const Request& request) const {
  if (parts_.forwarded == nullptr) return Metadata();
  return parts_.forwarded->Of(*request.exchange, request.identity,
                              parts_.browsers);
}

StreamTraits Api::TraitsFor(const Method& method) const {
  StreamTraits traits;
  traits.keep_alive = options_.keep_alive_overrides
                          ? options_.keep_alive
                          : method.keep_alive.value_or(options_.keep_alive);
  traits.retry = method.retry.value_or(options_.retry);
  traits.max_age = method.max_age.value_or(absl::ZeroDuration());
  return traits;
}

void Api::ServeStream(std::shared_ptr<Request> request) {
  const Method& method = request->route->method();
  StreamTraits traits = TraitsFor(method);
  const auto accept = request->exchange->HeaderValues("Accept");
  if (request->route->raw_response && !PrefersEvents(accept)) {
    traits.format = std::make_unique<RawBodyFormat>();
  } else {
    const OutputFormats& formats = OutputFormats::BuiltIn();
    const OutputFormats::Entry* const chosen = NegotiateFormat(formats, accept);
    if (chosen == nullptr) {
      request->exchange->Respond(ErrorResponse(
          406, "INVALID_ARGUMENT",
          absl::StrCat("not acceptable; this stream is available as ",
                       formats.Names())));
      return;
    }
    traits.format = chosen->make();
  }
  const OutputFormat::Traits form = traits.format->traits();
  std::vector<BundlePart> parts(1);
  parts[0].route = request->route;
  parts[0].message = std::move(request->message);
  SeparateSubject(&parts[0]);
  // Raw bytes have no ids and always start from the beginning.
  const auto last_event_id =
      form.bytes
          ? std::nullopt
          : LastEventId(*request->exchange, request->route->resume_params);
  parts[0].resume =
      FindResumePoints(method, *parts[0].message, request->identity,
                       last_event_id, last_event_id.has_value());
  if (form.ids && HasCompositeIds(method)) {
    std::vector<MultiplexedFormat::Part> calls(1);
    calls[0].keys = CursorKeys(method, *parts[0].message);
    calls[0].ids = parts[0].resume.ids;
    traits.format = std::make_unique<MultiplexedFormat>(std::move(calls));
  }
  OpenConnection(std::move(request), std::move(traits), std::move(parts),
                 /*bundle=*/false);
}

std::unique_ptr<AccessLogEntry> Api::LogEntryFor(const Request& request,
                                                 bool bundle) const {
  if (parts_.journal == nullptr) return nullptr;
  StreamRequest told;
  if (bundle) {
    told.method = std::string(kBundlePath);
    told.route = absl::StrCat("GET ", kBundlePath);
  } else {
    const Route& route = *request.route->route;
    told.method = route.method->descriptor->full_name();
    told.route = absl::StrCat(route.verb, " ", route.path_template);
  }
  if (request.identity.has_value()) told.subject = request.identity->subject;
  told.address = request.exchange->client_address();
  told.request_id = RequestId(*request.exchange, request.traceparent);
  told.traceparent = request.traceparent;
  return parts_.journal->OnExecuting(std::move(told));
}

bool Api::AnswerEnded(Request* request, const OutputFormat& format,
                      const std::vector<BundlePart>& parts) const {
  for (const BundlePart& part : parts) {
    if (!part.resume.ended.has_value()) return false;
  }
  const absl::StatusCode code = *parts[0].resume.ended;
  // If there were several streams, the browser has received each one's status.
  if (parts.size() > 1 || code == absl::StatusCode::kOk) {
    if (request->log_entry != nullptr) request->log_entry->OnNoContent();
    request->exchange->Respond(NoEventsResponse(format));
  } else {
    Refuse(*request,
           absl::Status(code, "the stream has already ended with this status"));
  }
  return true;
}

void Api::OpenConnection(std::shared_ptr<Request> request, StreamTraits traits,
                         std::vector<BundlePart> parts, bool bundle) {
  if (draining_) {
    return Refuse(*request,
                  absl::UnavailableError("the bridge is shutting down"));
  }
  if (request->exchange->verb() == "HEAD") {
    request->exchange->Respond(StreamHeadResponse(*traits.format));
    return;
  }
  const auto timeout = AskedTimeout(*request->exchange);
  if (!timeout.ok()) return Refuse(*request, timeout.status());
  if (timeout->has_value())
    traits.deadline = parts_.delivery->WallTime() + **timeout;
  auto forwarded = ForwardedOf(*request);
  if (!forwarded.ok()) return Refuse(*request, forwarded.status());
  request->forwarded = *std::move(forwarded);
  traits.compressible =
      !bundle && traits.added == nullptr &&
      MayCompress(*request, parts[0].route->method(), *traits.format);
  traits.gzip = traits.compressible &&
                WantsGzip(request->exchange->HeaderValues("Accept-Encoding"));
  if (traits.added == nullptr)
    request->log_entry = LogEntryFor(*request, bundle);
  if (AnswerEnded(request.get(), *traits.format, parts)) return;
  const std::string subject =
      request->identity.has_value() ? request->identity->subject : "";
  const std::string address = LimitKey(request->exchange->client_address());
  const int streams = static_cast<int>(parts.size());
  parts_.limits->AcquireShared(
      subject, address, streams,
      [this, request = std::move(request), traits = std::move(traits),
       parts = std::move(parts),
       bundle](absl::StatusOr<ConnectionLimits::Lease> lease) mutable {
        if (!lease.ok()) return Refuse(*request, lease.status());
        EnterParts(std::move(request), std::move(traits), std::move(parts),
                   bundle, *std::move(lease));
      });
}

std::unique_ptr<StreamResponder> Api::ResponderFor(
    const Request& request, StreamTraits traits, FinalEventFrames final_events,
    ConnectionLimits::Lease lease) const {
  if (traits.added != nullptr) {
    return std::make_unique<AddedStreams>(request.exchange, request.served,
                                          std::move(traits.added),
                                          std::move(lease));
  }
  return std::make_unique<StreamConnection>(
      request.exchange, parts_.delivery, parts_.open_streams, request.served,
      std::move(final_events), std::move(lease), std::move(traits));
}

void Api::OpenAdmitted(std::shared_ptr<Request> request, StreamTraits traits,
                       std::vector<BundlePart> parts, bool bundle,
                       ConnectionLimits::Lease lease) {
  traits.log_entry = std::move(request->log_entry);
  if (request->identity.has_value()) {
    traits.expires = request->identity->expires;
    traits.subject = request->identity->subject;
    traits.token_id = request->identity->token_id;
  }
  for (const BundlePart& part : parts) {
    if (part.route->method().has_audiences()) traits.has_audiences = true;
  }

  FinalEventFrames final_events = {token_expired_, reads_too_slowly_};
  Subscription::Options subscription_options;
  subscription_options.grace = options_.open_grace;
  subscription_options.bundle = bundle;
  const bool raw = traits.format->traits().bytes;
  subscription_options.raw = raw;
  if (traits.deadline < traits.expires) {
    // The client's deadline ends a stream like a call.
    traits.expires = traits.deadline;
    final_events.expired = deadline_passed_;
    const absl::Duration left = traits.deadline - parts_.delivery->WallTime();
    if (raw || left <= subscription_options.grace) {
      subscription_options.grace = std::max(left, absl::ZeroDuration());
      subscription_options.too_late = DeadlinePassed();
    }
  }
  const absl::Time deadline = traits.deadline;
  int tag = traits.added == nullptr ? 0 : traits.added->tag();
  auto subscription = std::make_shared<Subscription>(
      parts_.delivery, subscription_options,
      ResponderFor(*request, std::move(traits), std::move(final_events),
                   std::move(lease)));
  request->exchange->OnAbort(
      [weak = std::weak_ptr<Subscription>(subscription)] {
        if (auto gone = weak.lock()) gone->Abandon();
      });

  const auto mode = bundle ? MembershipOptions::Mode::kBundle
                           : MembershipOptions::Mode::kStream;
  const std::string address = LimitKey(request->exchange->client_address());
  for (BundlePart& part : parts) {
    const int points = static_cast<int>(part.resume.points.size());
    absl::Status opened;
    if (part.admitted.has_value() && !part.admitted->ok()) {
      AddUnadmitted(*request, std::move(part), bundle, tag,
                    subscription_options, deadline, subscription.get());
    } else {
      opened = parts_.opener->Open(
          request->served, *part.route, *part.message, request->identity,
          address, request->forwarded, part.resume.points, mode, tag,
          request->traceparent, subscription, raw,
          part.admitted.has_value() ? &**part.admitted : nullptr);
    }
    tag += points;
    if (!opened.ok()) {
      subscription->Abandon();
      return Refuse(*request, opened);
    }
  }
  subscription->Start();
}

}  // namespace sse_bridge

#include "bridge/gateway/admitter.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/access_rule.h"
#include "bridge/base/mutex.h"
#include "bridge/base/own_ids.h"
#include "bridge/feed/own_events.h"
#include "bridge/transcode/field_text.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kSessionBytes = 16;

// Sessions are secrets: whoever knows one could end it where `leave` has a
// route.
absl::StatusOr<std::string> NewSessionId() {
  std::array<unsigned char, kSessionBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return absl::InternalError("no random number for a session");
  }
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// Copies a field of one message to a field of the same type of another.
void CopyFieldTo(const Message& from, const FieldDescriptor* source,
                 const FieldDescriptor* target, Message* to) {
  const auto* in = from.GetReflection();
  const auto* out = to->GetReflection();
  const int count = source->is_repeated() ? in->FieldSize(from, source) : -1;
  const auto each = [&](auto get, auto get_repeated, auto set, auto add) {
    if (count < 0) {
      (out->*set)(to, target, (in->*get)(from, source));
      return;
    }
    for (int i = 0; i < count; ++i) {
      (out->*add)(to, target, (in->*get_repeated)(from, source, i));
    }
  };
  using R = google::protobuf::Reflection;
  // A field that is not set, or has its default, stays so.
  if (count < 0 && !in->HasField(from, source)) return;
  switch (source->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return each(&R::GetInt32, &R::GetRepeatedInt32, &R::SetInt32,
                  &R::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return each(&R::GetInt64, &R::GetRepeatedInt64, &R::SetInt64,
                  &R::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return each(&R::GetUInt32, &R::GetRepeatedUInt32, &R::SetUInt32,
                  &R::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return each(&R::GetUInt64, &R::GetRepeatedUInt64, &R::SetUInt64,
                  &R::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return each(&R::GetDouble, &R::GetRepeatedDouble, &R::SetDouble,
                  &R::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return each(&R::GetFloat, &R::GetRepeatedFloat, &R::SetFloat,
                  &R::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL:
      return each(&R::GetBool, &R::GetRepeatedBool, &R::SetBool, &R::AddBool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return each(&R::GetEnumValue, &R::GetRepeatedEnumValue, &R::SetEnumValue,
                  &R::AddEnumValue);
    case FieldDescriptor::CPPTYPE_STRING:
      return each(&R::GetString, &R::GetRepeatedString, &R::SetString,
                  &R::AddString);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (count < 0) {
        out->MutableMessage(to, target)->CopyFrom(in->GetMessage(from, source));
      }
      for (int i = 0; i < count; ++i) {
        out->AddMessage(to, target)
            ->CopyFrom(in->GetRepeatedMessage(from, source, i));
      }
  }
}

// Returns the request of `enter` or `leave`, without the lease.
absl::StatusOr<std::unique_ptr<Message>> Fill(
    const AdmissionRule::Call& call, const Message* prototype,
    const Method& method, const Message& request,
    const std::optional<Identity>& identity, absl::string_view resume_from,
    const std::string& session) {
  std::unique_ptr<Message> message(prototype->New());
  for (const auto& [source, target] : call.copied) {
    CopyFieldTo(request, source, target, message.get());
    const FieldPath& resume_into = method.resume_into;
    if (!resume_from.empty() && !resume_into.empty() &&
        source == resume_into.front()) {
      // An id that does not fit the field is not the backend's. The stream will
      // answer it with a `reset`.
      SetFieldFromText(message.get(), method.stream.resume_into(), resume_from)
          .IgnoreError();
    }
  }
  if (!call.subject_into.empty() && identity.has_value()) {
    absl::Status set = SetFieldFromText(
        message.get(), call.access.subject_into(), identity->subject);
    if (!set.ok()) return set;
  }
  if (call.session_into != nullptr) {
    message->GetReflection()->SetString(message.get(), call.session_into,
                                        session);
  }
  return message;
}

void SetLease(const FieldDescriptor* field, absl::Duration lease,
              Message* message) {
  Message* duration = message->GetReflection()->MutableMessage(message, field);
  const auto* descriptor = duration->GetDescriptor();
  const int64_t seconds = absl::IDivDuration(lease, absl::Seconds(1), &lease);
  duration->GetReflection()->SetInt64(
      duration, descriptor->FindFieldByName("seconds"), seconds);
  duration->GetReflection()->SetInt32(
      duration, descriptor->FindFieldByName("nanos"),
      static_cast<int32_t>(absl::ToInt64Nanoseconds(lease)));
}

}  // namespace

absl::StatusOr<AdmissionRequests> MakeAdmissionRequests(
    const ServedRoute& route, const Message& request,
    const std::optional<Identity>& identity, absl::string_view resume_from) {
  const Method& method = route.method();
  const AdmissionRule& rule = *method.admission;
  const absl::Status access = CheckAccess(
      rule.enter.access, identity.has_value() ? &*identity : nullptr);
  if (!access.ok()) return access;
  auto session = NewSessionId();
  if (!session.ok()) return session.status();
  AdmissionRequests requests;
  requests.session = *std::move(session);
  auto enter = Fill(rule.enter, route.enter_prototype, method, request,
                    identity, resume_from, requests.session);
  if (!enter.ok()) return enter.status();
  if (rule.lease_into != nullptr) {
    SetLease(rule.lease_into, rule.lease, enter->get());
  }
  (*enter)->SerializePartialToString(&requests.enter);
  if (rule.leave.has_value()) {
    auto leave = Fill(*rule.leave, route.leave_prototype, method, request,
                      identity, "", requests.session);
    if (!leave.ok()) return leave.status();
    (*leave)->SerializePartialToString(&requests.leave);
  }
  return requests;
}

void ClearSubject(const Method& method, Message* request) {
  Message* message = request;
  for (const FieldDescriptor* field : method.subject_into) {
    const auto* reflection = message->GetReflection();
    if (field == method.subject_into.back()) {
      reflection->ClearField(message, field);
    } else if (!reflection->HasField(*message, field)) {
      return;
    } else {
      message = reflection->MutableMessage(message, field);
    }
  }
}

absl::StatusOr<FramePtr> GreetingOf(const ServedRoute& route,
                                    const std::string& response,
                                    absl::string_view resume_from,
                                    std::string* begin_after) {
  begin_after->clear();
  const Method& method = route.method();
  const FieldDescriptor* field = method.admission->greeting;
  if (field == nullptr) return FramePtr();
  std::unique_ptr<Message> entered(route.entered_prototype->New());
  if (!entered->ParsePartialFromString(response)) {
    return absl::InternalError(absl::StrCat(
        "the backend's response of ",
        method.admission->enter.method->full_name(), " cannot be read"));
  }
  const auto* reflection = entered->GetReflection();
  if (!reflection->HasField(*entered, field)) return FramePtr();
  const std::string bytes =
      reflection->GetMessage(*entered, field).SerializePartialAsString();
  EncodedFrame encoded;
  const absl::string_view wire[] = {bytes};
  const absl::Status status = route.encoder->Encode(wire, &encoded);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat(
        "the backend's greeting cannot be shown as JSON: ", status.message()));
  }
  // Where the client's stream begins or continues: if its connection breaks
  // after the greeting, it resumes there.
  std::string id(resume_from);
  if (id.empty() && !method.resume_into.empty() &&
      method.stream.snapshot().what() == sse::v1::Snapshot::NONE) {
    id = std::string(encoded.id());
    if (IsOwnId(id)) id.clear();
    *begin_after = id;
  }
  StreamEvent event;
  event.name = encoded.name();
  event.id = id;
  event.data = encoded.data();
  return EventFrame(event);
}

Admitter::~Admitter() {
  MutexLock lock(&mu_);
  while (entering_ > 0) idle_.wait(mu_);
}

void Admitter::OnDone() const {
  MutexLock lock(&mu_);
  if (--entering_ == 0) idle_.notify_all();
}

ReconnectPolicy Admitter::PolicyOf(const Method& method) const {
  ReconnectPolicy policy;
  policy.give_up_after = method.give_up_after.value_or(options_.give_up_after);
  policy.codes = method.reconnect_codes;
  return policy;
}

void Admitter::Enter(std::shared_ptr<const ServedSchema> served,
                     const ServedRoute& route, const Message& request,
                     const std::optional<Identity>& identity,
                     const std::string& resume_from, const std::string& payer,
                     std::shared_ptr<const Metadata> metadata,
                     absl::Time deadline, Done on_done) const {
  {
    MutexLock lock(&mu_);
    ++entering_;
  }
  const Done done =
      [this, on_done = std::move(on_done)](absl::StatusOr<Admitted> admitted) {
        on_done(std::move(admitted));
        OnDone();
      };
  const Method& method = route.method();
  const AdmissionRule& rule = *method.admission;
  auto requests = MakeAdmissionRequests(route, request, identity, resume_from);
  if (!requests.ok()) return done(requests.status());
  AdmissionSession::Config config;
  config.method = method.descriptor->full_name();
  config.upstream = upstreams_->Find(rule.enter.grpc_path);
  config.path = rule.enter.grpc_path;
  config.request = std::move(requests->enter);
  config.metadata = metadata;
  config.timeout = std::min(rule.timeout, options_.request_timeout);
  config.renew = rule.renew;
  config.reconnect = PolicyOf(method);
  Upstream* leaves = nullptr;
  if (rule.leave.has_value()) leaves = upstreams_->Find(rule.leave->grpc_path);
  if (config.upstream == nullptr ||
      (rule.leave.has_value() && leaves == nullptr)) {
    return done(absl::UnavailableError(absl::StrCat(
        "no backend is configured for ", config.upstream == nullptr
                                             ? rule.enter.grpc_path
                                             : rule.leave->grpc_path)));
  }
  if (leaves != nullptr) {
    config.leaves = admissions_->QueueOf(leaves);
    config.leave.method = config.method;
    config.leave.path = rule.leave->grpc_path;
    config.leave.request = std::move(requests->leave);
    config.leave.metadata = std::move(metadata);
    config.leave.timeout = config.timeout;
    config.leave.payer = payer;
    config.leave.lease = rule.lease;
  }
  deadline = std::min(deadline, admissions_->WallTime() + config.timeout);
  // Filled before the result is used: the response may arrive before Start has
  // returned, on another thread.
  struct Started {
    Mutex mu;
    std::shared_ptr<AdmissionSession> session ABSL_GUARDED_BY(mu);
    std::shared_ptr<void> stay ABSL_GUARDED_BY(mu);
    std::optional<absl::StatusOr<std::string>> response ABSL_GUARDED_BY(mu);
  };
  auto started = std::make_shared<Started>();
  // Called by whichever comes second: the end of Start, or the response.
  const auto finish = [served = std::move(served), &route, resume_from, started,
                       done] {
    Admitted admitted;
    absl::StatusOr<std::string> response = std::string();
    {
      MutexLock lock(&started->mu);
      admitted.session = std::move(started->session);
      admitted.stay = std::move(started->stay);
      response = *std::move(started->response);
    }
    if (!response.ok()) return done(response.status());
    auto greeting =
        GreetingOf(route, *response, resume_from, &admitted.begin_after);
    // The session leaves when `admitted` is destroyed.
    if (!greeting.ok()) return done(greeting.status());
    admitted.greeting = *std::move(greeting);
    done(std::move(admitted));
  };
  auto session = admissions_->Start(
      std::move(config), deadline,
      [started, finish](absl::StatusOr<std::string> response) {
        {
          MutexLock lock(&started->mu);
          started->response = std::move(response);
          if (started->session == nullptr) return;
        }
        finish();
      });
  {
    MutexLock lock(&started->mu);
    started->stay = session->Hold();
    started->session = std::move(session);
    if (!started->response.has_value()) return;
  }
  finish();
}

}  // namespace sse_bridge

#include "bridge/schema/admission_checks.h"

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

constexpr absl::Duration kMinRenew = absl::Seconds(1);
constexpr absl::Duration kMaxRenew = absl::Hours(1);
constexpr absl::Duration kMinTimeout = absl::Milliseconds(1);
constexpr absl::Duration kMaxTimeout = absl::Minutes(1);
constexpr int kDefaultLeaseFactor = 3;
constexpr int kMinLeaseFactor = 2;

constexpr char kDurationType[] = "google.protobuf.Duration";
constexpr char kHttpBodyType[] = "google.api.HttpBody";

// Whether a field of one message can be copied to a field of another.
bool HaveSameType(const pb::FieldDescriptor* a, const pb::FieldDescriptor* b) {
  return a->type() == b->type() && a->is_repeated() == b->is_repeated() &&
         a->message_type() == b->message_type() &&
         a->enum_type() == b->enum_type();
}

class AdmissionReader {
 public:
  AdmissionReader(Method* method,
                  const std::function<void(const std::string&)>& error)
      : method_(method),
        option_(method->stream.admission()),
        request_(method->descriptor->input_type()),
        response_(method->descriptor->output_type()),
        error_(error) {}

  void ReadAudience(absl::string_view option, const std::string& path,
                    FieldPath* out) {
    if (path.empty()) return;
    CheckFiltered(option);
    absl::StatusOr<FieldPath> fields = ResolveFieldPath(response_, path);
    if (!fields.ok()) {
      Error(option, ": ", fields.status().message());
    } else if (fields->back()->is_map() || !IsString(fields->back())) {
      Error(option, ": ", fields->back()->full_name(), " is a ",
            FieldTypeText(fields->back()),
            "; it must be a string or a repeated string");
    } else {
      *out = *std::move(fields);
    }
  }

  void ReadRule() {
    if (!method_->stream.has_admission()) return;
    CheckFiltered("admission");
    if (!method_->stream.share_by().empty()) {
      Error("admission: not allowed with share_by, which makes several calls");
    }
    ReadDurations();
    if (option_.enter().empty()) {
      Error("admission.enter: is needed");
      return;
    }
    if (!ReadCall("admission.enter", option_.enter(), &rule_.enter)) return;
    if (!option_.leave().empty()) {
      AdmissionRule::Call leave;
      if (!ReadCall("admission.leave", option_.leave(), &leave)) return;
      rule_.leave = std::move(leave);
      if (!option_.has_renew()) {
        Error(
            "admission.leave: needs renew, or the sessions of a bridge that "
            "has died would never end");
      }
    }
    if (option_.has_renew() && option_.session_into().empty()) {
      Error("admission.renew: needs session_into");
    }
    if (option_.has_renew() && option_.lease_into().empty()) {
      Error("admission.renew: needs lease_into");
    }
    ReadLeaseField();
    ReadGreeting();
    method_->admission =
        std::make_shared<const AdmissionRule>(std::move(rule_));
  }

 private:
  template <typename... Parts>
  void Error(const Parts&... parts) const {
    error_(absl::StrCat(parts...));
  }

  // Options that decide who receives what need frames that several clients
  // share.
  void CheckFiltered(absl::string_view option) const {
    if (!method_->stream.shared()) {
      Error(option, ": only allowed for a shared stream");
    }
    if (response_->full_name() == kHttpBodyType) {
      Error(option, ": not allowed for ", kHttpBodyType);
    }
  }

  // Reads a duration into `out`, which is unchanged if it is not set.
  void ReadDuration(absl::string_view option, bool set,
                    const pb::Duration& value, absl::Duration min,
                    absl::Duration max, absl::Duration* out) const {
    if (!set) return;
    const bool well_formed =
        value.nanos() > -1'000'000'000 && value.nanos() < 1'000'000'000;
    const absl::Duration duration =
        absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos());
    if (!well_formed || duration < min || duration > max) {
      Error(option, ": ", value.seconds(), " s ", value.nanos(),
            " ns is not between ", absl::FormatDuration(min), " and ",
            absl::FormatDuration(max));
      return;
    }
    *out = duration;
  }

  void ReadDurations() {
    ReadDuration("admission.renew", option_.has_renew(), option_.renew(),
                 kMinRenew, kMaxRenew, &rule_.renew);
    ReadDuration("admission.timeout", option_.has_timeout(), option_.timeout(),
                 kMinTimeout, kMaxTimeout, &rule_.timeout);
    rule_.lease = kDefaultLeaseFactor * rule_.renew;
    if (option_.has_lease() && !option_.has_renew()) {
      Error("admission.lease: needs renew");
    } else if (rule_.renew > absl::ZeroDuration()) {
      ReadDuration("admission.lease", option_.has_lease(), option_.lease(),
                   kMinLeaseFactor * rule_.renew, 24 * kMaxRenew, &rule_.lease);
    }
  }

  bool ReadCall(absl::string_view option, const std::string& name,
                AdmissionRule::Call* call) {
    const pb::MethodDescriptor* method =
        method_->descriptor->file()->pool()->FindMethodByName(name);
    if (method == nullptr) {
      Error(option, ": there is no method \"", absl::CHexEscape(name), "\"");
      return false;
    }
    if (method->client_streaming() || method->server_streaming()) {
      Error(option, ": ", name, " is not unary");
      return false;
    }
    call->method = method;
    call->grpc_path =
        absl::StrCat("/", method->service()->full_name(), "/", method->name());
    call->access = method->options().HasExtension(sse::v1::access)
                       ? method->options().GetExtension(sse::v1::access)
                       : method->service()->options().GetExtension(
                             sse::v1::default_access);
    if (!call->access.scopes().empty() || !call->access.roles().empty() ||
        !call->access.subject_into().empty()) {
      call->access.set_authenticated(true);
    }
    if (!call->access.subject_into().empty()) {
      absl::StatusOr<FieldPath> fields =
          ResolveFieldPath(method->input_type(), call->access.subject_into());
      if (!fields.ok()) {
        Error(option, ": subject_into of ", name, ": ",
              fields.status().message());
      } else if (fields->back()->is_repeated() || !IsString(fields->back())) {
        Error(option, ": subject_into of ", name, ": ",
              fields->back()->full_name(), " is a ",
              FieldTypeText(fields->back()), "; it must be a string");
      } else {
        call->subject_into = *std::move(fields);
      }
    }
    if (!option_.session_into().empty()) {
      call->session_into =
          FieldOf("admission.session_into", method->input_type(),
                  option_.session_into());
      if (call->session_into != nullptr && (call->session_into->is_repeated() ||
                                            !IsString(call->session_into))) {
        Error("admission.session_into: ", call->session_into->full_name(),
              " is a ", FieldTypeText(call->session_into),
              "; it must be a string");
      }
    }
    ReadCopied(option, call);
    return true;
  }

  // The fields that the bridge itself sets are never taken from the client.
  bool IsOwn(const AdmissionRule::Call& call,
             const pb::FieldDescriptor* field) const {
    return field == call.session_into ||
           field->name() == option_.lease_into() ||
           (call.subject_into.size() == 1 &&
            field == call.subject_into.front());
  }

  void ReadCopied(absl::string_view option, AdmissionRule::Call* call) {
    const pb::Descriptor* to = call->method->input_type();
    for (int i = 0; i < to->field_count(); ++i) {
      const pb::FieldDescriptor* target = to->field(i);
      const pb::FieldDescriptor* source =
          request_->FindFieldByName(target->name());
      if (source == nullptr || IsOwn(*call, target)) continue;
      if (!HaveSameType(source, target)) {
        Error(option, ": ", target->full_name(), " is a ",
              FieldTypeText(target), ", but ", source->full_name(), " is a ",
              FieldTypeText(source));
        continue;
      }
      call->copied.emplace_back(source, target);
    }
  }

  const pb::FieldDescriptor* FieldOf(absl::string_view option,
                                     const pb::Descriptor* message,
                                     const std::string& name) const {
    const pb::FieldDescriptor* field = message->FindFieldByName(name);
    if (field == nullptr) {
      Error(option, ": ", message->full_name(), " has no field \"",
            absl::CHexEscape(name), "\"");
    }
    return field;
  }

  void ReadLeaseField() {
    if (option_.lease_into().empty()) return;
    if (!option_.has_renew()) {
      Error("admission.lease_into: needs renew");
      return;
    }
    const pb::FieldDescriptor* field =
        FieldOf("admission.lease_into", rule_.enter.method->input_type(),
                option_.lease_into());
    if (field == nullptr) return;
    if (field->is_repeated() || field->message_type() == nullptr ||
        field->message_type()->full_name() != kDurationType) {
      Error("admission.lease_into: ", field->full_name(), " is a ",
            FieldTypeText(field), "; it must be a ", kDurationType);
      return;
    }
    rule_.lease_into = field;
  }

  void ReadGreeting() {
    if (option_.greeting().empty()) return;
    const pb::FieldDescriptor* field =
        FieldOf("admission.greeting", rule_.enter.method->output_type(),
                option_.greeting());
    if (field == nullptr) return;
    if (field->is_repeated() || field->message_type() != response_) {
      Error("admission.greeting: ", field->full_name(), " is a ",
            FieldTypeText(field), "; it must be a ", response_->full_name(),
            " like the stream's events");
      return;
    }
    rule_.greeting = field;
  }

  Method* const method_;
  const sse::v1::Admission& option_;
  const pb::Descriptor* const request_;
  const pb::Descriptor* const response_;
  const std::function<void(const std::string&)>& error_;
  AdmissionRule rule_;
};

}  // namespace

void ReadAdmission(Method* method,
                   const std::function<void(const std::string&)>& error) {
  AdmissionReader reader(method, error);
  reader.ReadAudience("only_to", method->stream.only_to(), &method->only_to);
  reader.ReadAudience("not_to", method->stream.not_to(), &method->not_to);
  reader.ReadRule();
}

void AddAdmissionMethods(const pb::ServiceDescriptor* service,
                         std::set<std::string>* names) {
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodOptions& options = service->method(i)->options();
    if (!options.HasExtension(sse::v1::stream)) continue;
    const sse::v1::Admission& admission =
        options.GetExtension(sse::v1::stream).admission();
    if (!admission.enter().empty()) names->insert(admission.enter());
    if (!admission.leave().empty()) names->insert(admission.leave());
  }
}

}  // namespace sse_bridge

#include "bridge/schema/option_checks.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/event_names.h"
#include "bridge/schema/access_options.h"
#include "bridge/schema/admission_checks.h"
#include "bridge/schema/option_reporter.h"
#include "bridge/schema/path_template.h"
#include "bridge/schema/secret_fields.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Valid range of keep_alive, retry and max_age.
constexpr absl::Duration kMinDuration = absl::Milliseconds(1);
constexpr absl::Duration kMaxDuration = absl::Hours(24 * 365);

// Indexed by number, from 1 (google/rpc/code.proto).
constexpr absl::string_view kErrorCodes[] = {"CANCELLED",
                                             "UNKNOWN",
                                             "INVALID_ARGUMENT",
                                             "DEADLINE_EXCEEDED",
                                             "NOT_FOUND",
                                             "ALREADY_EXISTS",
                                             "PERMISSION_DENIED",
                                             "RESOURCE_EXHAUSTED",
                                             "FAILED_PRECONDITION",
                                             "ABORTED",
                                             "OUT_OF_RANGE",
                                             "UNIMPLEMENTED",
                                             "INTERNAL",
                                             "UNAVAILABLE",
                                             "DATA_LOSS",
                                             "UNAUTHENTICATED"};

class StreamReader {
 public:
  StreamReader(Method* method, const OptionReporter& report)
      : method_(method),
        stream_(method->stream),
        request_(method->descriptor->input_type()),
        response_(method->descriptor->output_type()),
        report_(report) {}

  void Read() {
    report_.CheckKnown(stream_);
    if (!method_->server_streaming) {
      report_.Error("the method is not server-streaming");
      return;
    }
    ReadEvent();
    ReadResume();
    ReadSharing();
    ReadSlow();
    ReadDuration("keep_alive", stream_.has_keep_alive(), stream_.keep_alive(),
                 &method_->keep_alive);
    ReadDuration("retry", stream_.has_retry(), stream_.retry(),
                 &method_->retry);
    ReadDuration("max_age", stream_.has_max_age(), stream_.max_age(),
                 &method_->max_age);
    if (stream_.has_reconnect()) ReadReconnect();
    if (stream_.has_bundle()) ReadBundle();
    ReadAdmission(method_,
                  [this](const std::string& error) { report_.Error(error); });
  }

 private:
  // Resolves `path` into `out`, which stays empty if `path` is empty or
  // invalid.
  bool Resolve(absl::string_view option, const pb::Descriptor* root,
               const std::string& path, FieldPath* out) {
    if (path.empty()) return false;
    absl::StatusOr<FieldPath> fields = ResolveFieldPath(root, path);
    if (!fields.ok()) {
      report_.Error(option, ": ", fields.status().message());
      return false;
    }
    *out = *std::move(fields);
    return true;
  }

  void WrongType(absl::string_view option, const FieldPath& path,
                 absl::string_view wanted) {
    report_.Error(option, ": ", path.back()->full_name(), " is a ",
                  FieldTypeText(path.back()), "; it must be ", wanted);
  }

  void CheckEventName(absl::string_view option, const std::string& name) {
    if (IsReservedEventName(name)) {
      report_.Error(option, ": \"", name,
                    "\" is reserved for the bridge or EventSource");
    }
    if (name.find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
      report_.Error(option, ": a line break or NUL in \"",
                    absl::CHexEscape(name), "\"");
    }
  }

  void ReadEvent() {
    if (!stream_.event().empty() && !stream_.event_from().empty()) {
      report_.Error("event and event_from are both set");
    }
    CheckEventName("event", stream_.event());
    if (Resolve("event_from", response_, stream_.event_from(),
                &method_->event_from)) {
      const pb::FieldDescriptor* field = method_->event_from.back();
      if (field->is_repeated() ||
          (!IsString(field) && field->enum_type() == nullptr)) {
        WrongType("event_from", method_->event_from, "a string or an enum");
      }
    }
  }

  void CheckId(absl::string_view option, const FieldPath& path) {
    const pb::FieldDescriptor* field = path.back();
    if (field->is_repeated() || (!IsString(field) && !IsInteger(field))) {
      WrongType(option, path, "a string or an integer");
    }
  }

  void ReadResume() {
    if (Resolve("id_from", response_, stream_.id_from(), &method_->id_from)) {
      CheckId("id_from", method_->id_from);
    }
    if (!Resolve("resume_into", request_, stream_.resume_into(),
                 &method_->resume_into)) {
      return;
    }
    CheckId("resume_into", method_->resume_into);
    if (stream_.id_from().empty()) {
      report_.Error("resume_into without id_from: no event has an id");
    }
    if (method_->resume_into == method_->subject_into) {
      report_.Error("resume_into and subject_into are the same field");
    }
  }

  void ReadSharing() {
    if (!stream_.share_by().empty()) ReadShareBy();
    const sse::v1::Snapshot& snapshot = stream_.snapshot();
    if (!sse::v1::Snapshot::What_IsValid(snapshot.what())) {
      report_.Error("snapshot.what: this bridge does not know the value ",
                    static_cast<int>(snapshot.what()));
    }
    if (snapshot.what() != sse::v1::Snapshot::NONE && !stream_.shared()) {
      report_.Error(
          "snapshot: only allowed for a shared stream (shared, share_by)");
    }
    const bool per_key = snapshot.what() == sse::v1::Snapshot::LAST_PER_KEY;
    if (per_key && snapshot.key().empty()) {
      report_.Error("snapshot: LAST_PER_KEY needs a key");
    } else if (!per_key && !snapshot.key().empty()) {
      report_.Error("snapshot: a key is only allowed with LAST_PER_KEY");
    }
    ReadKey("snapshot.key", snapshot.key(), &method_->snapshot_key);
  }

  void ReadShareBy() {
    stream_.set_shared(true);
    const pb::FieldDescriptor* field =
        request_->FindFieldByName(stream_.share_by());
    if (field == nullptr) {
      report_.Error("share_by: there is no field \"",
                    absl::CHexEscape(stream_.share_by()), "\" at the top of ",
                    request_->full_name());
    } else if (!field->is_repeated() || IsMessage(field)) {
      WrongType("share_by", {field}, "a repeated string, number or enum");
    } else {
      method_->share_by = field;
    }
  }

  void ReadSlow() {
    const sse::v1::SlowConsumer& slow = stream_.slow();
    if (!sse::v1::SlowConsumer::Policy_IsValid(slow.policy())) {
      report_.Error("slow.policy: this bridge does not know the value ",
                    static_cast<int>(slow.policy()));
    } else if (slow.policy() != sse::v1::SlowConsumer::CONFLATE &&
               !slow.key().empty()) {
      report_.Error("slow: a key is only allowed with CONFLATE");
    }
    ReadKey("slow.key", slow.key(), &method_->slow_key);
    const std::string& snapshot_key = stream_.snapshot().key();
    if (!slow.key().empty() && !snapshot_key.empty() &&
        slow.key() != snapshot_key) {
      report_.Error("slow.key and snapshot.key must be the same field");
    }
  }

  void ReadKey(absl::string_view option, const std::string& key,
               FieldPath* out) {
    if (!Resolve(option, response_, key, out)) return;
    if (out->back()->is_repeated() || IsMessage(out->back())) {
      WrongType(option, *out, "a single string, number, bool or enum");
    }
  }

  void ReadDuration(absl::string_view option, bool set,
                    const pb::Duration& value,
                    std::optional<absl::Duration>* out) {
    if (!set) return;
    const bool well_formed =
        value.nanos() > -1'000'000'000 && value.nanos() < 1'000'000'000;
    const absl::Duration duration =
        absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos());
    if (!well_formed || duration < kMinDuration || duration > kMaxDuration) {
      report_.Error(option, ": ", value.seconds(), " s ", value.nanos(),
                    " ns is not between ", absl::FormatDuration(kMinDuration),
                    " and ", absl::FormatDuration(kMaxDuration));
      return;
    }
    *out = duration;
  }

  void ReadReconnect() {
    const sse::v1::Reconnect& reconnect = stream_.reconnect();
    const pb::Duration& wait = reconnect.give_up_after();
    if (wait.seconds() == 0 && wait.nanos() == 0) {
      if (reconnect.has_give_up_after()) {
        method_->give_up_after = absl::ZeroDuration();
      }
    } else {
      ReadDuration("reconnect.give_up_after", true, wait,
                   &method_->give_up_after);
    }
    if (reconnect.codes().empty()) return;
    method_->reconnect_codes = 0;
    for (const std::string& name : reconnect.codes()) {
      const auto* found =
          std::find(std::begin(kErrorCodes), std::end(kErrorCodes), name);
      if (found == std::end(kErrorCodes)) {
        report_.Error("reconnect.codes: \"", absl::CHexEscape(name),
                      "\" is not an error code of google.rpc.Code");
        continue;
      }
      const auto code = found - std::begin(kErrorCodes) + 1;
      method_->reconnect_codes |= 1u << code;
    }
  }

  void ReadBundle() {
    sse::v1::Bundle* bundle = stream_.mutable_bundle();
    if (bundle->event().empty()) {
      bundle->set_event(method_->descriptor->name());
    }
    CheckEventName("bundle.event", bundle->event());
    if (bundle->query().empty()) return;
    if (!bundle->by_default()) {
      report_.Error("bundle.query is only used with by_default");
    }
    for (absl::string_view pair : absl::StrSplit(bundle->query(), '&')) {
      const std::string name =
          PercentDecodePath(pair.substr(0, pair.find('=')));
      absl::StatusOr<FieldPath> fields =
          ResolveFieldPath(request_, name, FieldNames::kProtoAndJson);
      if (!fields.ok()) {
        report_.Error("bundle.query: ", fields.status().message());
      } else if (*fields == method_->subject_into) {
        report_.Error("bundle.query: \"", name, "\" is set by subject_into");
      }
    }
  }

  Method* const method_;
  sse::v1::Stream& stream_;
  const pb::Descriptor* const request_;
  const pb::Descriptor* const response_;
  const OptionReporter& report_;
};

}  // namespace

void ReadOptions(Method* method, bool exposed, SchemaErrors* errors) {
  const pb::MethodDescriptor* descriptor = method->descriptor;
  method->answers_secrets = MayContainSecrets(descriptor->output_type());
  method->json = descriptor->service()->options().GetExtension(sse::v1::json);
  ReadAccess(method, exposed, errors);
  if (descriptor->options().HasExtension(sse::v1::stream)) {
    method->stream = descriptor->options().GetExtension(sse::v1::stream);
    const OptionReporter report(descriptor, sse::v1::stream.number(),
                                "sse.v1.stream", errors);
    StreamReader(method, report).Read();
  }
}

void CheckServiceOptions(const pb::ServiceDescriptor* service,
                         SchemaErrors* errors) {
  if (service->options().HasExtension(sse::v1::json)) {
    OptionReporter(service, sse::v1::json.number(), "sse.v1.json", errors)
        .CheckKnown(service->options().GetExtension(sse::v1::json));
  }
  if (service->options().HasExtension(sse::v1::default_access)) {
    CheckAccess(service->options().GetExtension(sse::v1::default_access),
                OptionReporter(service, sse::v1::default_access.number(),
                               "sse.v1.default_access", errors));
  }
}

}  // namespace sse_bridge

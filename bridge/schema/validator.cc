#include "bridge/schema/validator.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/schema/field_features.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/rule_texts.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/validation_rules.h"
#include "bridge/schema/validator_compiler.h"
#include "google/rpc/error_details.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Limits the size of the response to an invalid request.
constexpr size_t kMaxViolations = 64;

// Maximum nesting of messages; the default of protobuf's own parser.
constexpr int kMaxDepth = 100;

// What the expressions of one validation may cost; some 10 ms.
constexpr int64_t kMaxCost = 1'000'000;

// The way to a value, from the inside out. On the stack.
struct Step {
  const Step* outer;
  const pb::FieldDescriptor* field;
  int index = -1;                      // of an element
  const pb::Message* entry = nullptr;  // of a map
};

std::string KeyText(const pb::Message& entry) {
  const pb::FieldDescriptor* key = entry.GetDescriptor()->map_key();
  std::string scratch;
  const ScalarValue value = ReadScalar(entry, key, -1, &scratch);
  switch (key->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return absl::StrCat("\"", absl::Utf8SafeCEscape(value.s), "\"");
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return value.b ? "true" : "false";
    case pb::FieldDescriptor::CPPTYPE_UINT32:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(value.u);
    default:
      return absl::StrCat(value.i);
  }
}

std::string PathText(const Step* step) {
  std::vector<const Step*> steps;
  for (; step != nullptr; step = step->outer) steps.push_back(step);
  std::string out;
  for (auto it = steps.rbegin(); it != steps.rend(); ++it) {
    absl::StrAppend(&out, out.empty() ? "" : ".", (*it)->field->name());
    if ((*it)->index >= 0) absl::StrAppend(&out, "[", (*it)->index, "]");
    if ((*it)->entry != nullptr) {
      absl::StrAppend(&out, "[", KeyText(*(*it)->entry), "]");
    }
  }
  return out;
}

bool IsZero(const ScalarValue& value, const pb::FieldDescriptor* field) {
  if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_ENUM) {
    return value.i == field->enum_type()->value(0)->number();
  }
  return value.i == 0 && value.u == 0 && value.d == 0 && !value.b &&
         value.s.empty();
}

class Run : public Report {
 public:
  explicit Run(absl::Time now) : now_(now), budget_(kMaxCost) {}

  absl::StatusOr<std::vector<RuleViolation>> Validate(
      const MessageChecks& checks, const pb::Message& message) {
    CheckMessage(checks, message, nullptr);
    if (!failure_.ok()) return failure_;
    return std::move(out_);
  }

  void Add(const Breach& breach) override {
    Add(PathText(step_), breach.id, breach.rule, breach.message);
  }

  void Fail(absl::Status status) override {
    if (!failure_.ok()) return;
    const std::string path = PathText(step_);
    failure_ = absl::Status(
        status.code() == absl::StatusCode::kResourceExhausted
            ? absl::StatusCode::kResourceExhausted
            : absl::StatusCode::kInternal,
        absl::StrCat(path, path.empty() ? "" : ": ", status.message()));
  }

  absl::Time now() override {
    if (now_ == absl::InfinitePast()) now_ = absl::Now();
    return now_;
  }

  cel::Budget* budget() override { return &budget_; }

 private:
  bool done() const { return out_.size() >= kMaxViolations || !failure_.ok(); }

  void Add(std::string path, std::string id, std::string rule,
           std::string message) {
    if (done()) return;
    out_.push_back({std::move(path), std::move(message), std::move(id),
                    std::move(rule), for_key_});
  }

  void CheckRules(const Rules& rules, const Subject& subject) {
    for (const auto& rule : rules) {
      if (done()) return;
      rule->Check(subject, *this);
    }
  }

  void CheckMessage(const MessageChecks& checks, const pb::Message& message,
                    const Step* outer) {
    if (!checks.active || done()) return;
    if (depth_ == kMaxDepth) {
      return Add(
          PathText(step_), "", "",
          absl::StrCat("must not be more than ", kMaxDepth, " messages deep"));
    }
    ++depth_;
    const Step* const before = step_;
    for (const FieldChecks& field : checks.fields) {
      Step step = {outer, field.field};
      step_ = &step;
      CheckField(field, message, &step);
    }
    step_ = before;
    Subject subject;
    subject.message = &message;
    CheckRules(checks.rules, subject);
    CheckOneofs(checks, message, outer);
    --depth_;
  }

  void CheckOneofs(const MessageChecks& checks, const pb::Message& message,
                   const Step* outer) {
    for (const OneofCheck& oneof : checks.oneofs) {
      int set = 0;
      for (const pb::FieldDescriptor* field : oneof.fields) {
        set += IsSet(message, field);
      }
      if (set > 1) {
        Add(PathText(outer), "message.oneof", "",
            absl::StrCat("only one of ", oneof.names, " can be set"));
      } else if (set == 0 && oneof.required) {
        Add(PathText(outer), "message.oneof", "",
            absl::StrCat("one of ", oneof.names, " must be set"));
      }
    }
    for (const pb::OneofDescriptor* oneof : checks.required_oneofs) {
      if (message.GetReflection()->HasOneof(message, oneof)) continue;
      const std::string path = PathText(outer);
      Add(absl::StrCat(path, path.empty() ? "" : ".", oneof->name()),
          "required", "", "exactly one field is required in oneof");
    }
  }

  void CheckField(const FieldChecks& checks, const pb::Message& message,
                  Step* step) {
    const pb::FieldDescriptor* field = checks.field;
    const pb::Reflection* reflection = message.GetReflection();
    const int size =
        field->is_repeated() ? reflection->FieldSize(message, field) : 0;
    const bool has = IsSet(message, field);
    if (checks.required && !has) {
      return Add(PathText(step), "required", "required", kRequiredMessage);
    }
    if (checks.when == FieldChecks::When::kNever ||
        (checks.when == FieldChecks::When::kIfSet && !has)) {
      return;
    }
    if (!field->is_repeated()) {
      return CheckValue(checks.value, message, field, -1, step);
    }
    Subject whole;
    whole.parent = &message;
    whole.field = field;
    CheckRules(checks.whole, whole);
    if (checks.keys.empty() && checks.value.empty()) return;
    for (int i = 0; i < size && !done(); ++i) {
      if (!field->is_map()) {
        step->index = i;
        CheckValue(checks.value, message, field, i, step);
        continue;
      }
      const pb::Message& entry =
          reflection->GetRepeatedMessage(message, field, i);
      step->entry = &entry;
      for_key_ = true;
      CheckValue(checks.keys, entry, entry.GetDescriptor()->map_key(), -1,
                 step);
      for_key_ = false;
      CheckValue(checks.value, entry, entry.GetDescriptor()->map_value(), -1,
                 step);
    }
  }

  // `index` is -1 unless `field` is repeated.
  void CheckValue(const ValueChecks& checks, const pb::Message& message,
                  const pb::FieldDescriptor* field, int index,
                  const Step* step) {
    if (checks.never || checks.empty()) return;
    std::string scratch;
    Subject subject;
    subject.parent = &message;
    subject.field = field;
    subject.index = index;
    if (IsMessage(field)) {
      const pb::Reflection* reflection = message.GetReflection();
      subject.message =
          index < 0 ? &reflection->GetMessage(message, field)
                    : &reflection->GetRepeatedMessage(message, field, index);
      // As protovalidate for Go has it: a message without fields is zero.
      if (checks.skip_zero && subject.message->ByteSizeLong() == 0) return;
      if (checks.wrapped != nullptr) {
        subject.scalar =
            ReadScalar(*subject.message, checks.wrapped, -1, &scratch);
      }
    } else {
      subject.scalar = ReadScalar(message, field, index, &scratch);
      if (checks.skip_zero && IsZero(subject.scalar, field)) return;
    }
    CheckRules(checks.rules, subject);
    if (checks.message != nullptr) {
      CheckMessage(*checks.message, *subject.message, step);
      step_ = step;
    }
  }

  std::vector<RuleViolation> out_;
  absl::Status failure_;
  absl::Time now_;
  cel::Budget budget_;
  const Step* step_ = nullptr;  // to what is being checked
  bool for_key_ = false;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Validator>> Validator::Compile(
    const pb::Descriptor* type) {
  SchemaErrors errors;
  ValidatorCompiler compiler;
  std::shared_ptr<const Validator> out = compiler.Compile(type, &errors);
  if (!errors.empty()) return errors.ToStatus();
  if (out == nullptr) {  // no rules: a validator that always succeeds
    static const MessageChecks* const kNoRules = new MessageChecks();
    out.reset(new Validator(nullptr, kNoRules));
  }
  return out;
}

absl::StatusOr<std::vector<RuleViolation>> Validator::Validate(
    const pb::Message& message, absl::Time now) const {
  if (root_->type != nullptr && message.GetDescriptor() != root_->type) {
    RuleViolation violation;
    violation.description = absl::StrCat("must be a ", root_->type->full_name(),
                                         " of the schema that is in force");
    return std::vector<RuleViolation>{std::move(violation)};
  }
  return Run(now).Validate(*root_, message);
}

absl::Status ToStatus(const std::vector<RuleViolation>& violations) {
  if (violations.empty()) return absl::OkStatus();
  google::rpc::BadRequest details;
  for (const RuleViolation& violation : violations) {
    auto* out = details.add_field_violations();
    out->set_field(violation.field);
    out->set_description(violation.description);
    out->set_reason(violation.rule_id);
  }
  absl::Status status = absl::InvalidArgumentError(
      absl::StrCat(violations[0].field, violations[0].field.empty() ? "" : ": ",
                   violations[0].description));
  // A view: Clang 18 and later do not find the constructor that moves a string
  // in a library that GCC has compiled.
  status.SetPayload(kBadRequestUrl,
                    absl::Cord(absl::string_view(details.SerializeAsString())));
  return status;
}

}  // namespace sse_bridge

#include "bridge/schema/validator.h"

#include <bit>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path.h"
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

// Returns a text that is the same for equal values. Nullopt for NaN, which is
// not equal to anything.
std::optional<std::string> Identity(const pb::FieldDescriptor* field,
                                    const ScalarValue& value) {
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return std::string(value.s);
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_DOUBLE: {
      if (value.d != value.d) return std::nullopt;
      const double d = value.d == 0 ? 0 : value.d;  // -0 is 0
      return absl::StrCat(absl::Hex(std::bit_cast<uint64_t>(d)));
    }
    default:
      return absl::StrCat(value.i, " ", value.u, " ", value.b);
  }
}

class Run {
 public:
  std::vector<RuleViolation> Validate(const MessageRules& rules,
                                      const pb::Message& message) {
    CheckMessage(rules, message);
    return std::move(out_);
  }

 private:
  bool full() const { return out_.size() >= kMaxViolations; }

  void Add(std::string description) {
    if (!full()) out_.push_back({path_, std::move(description)});
  }

  void CheckMessage(const MessageRules& rules, const pb::Message& message) {
    if (!rules.active || full()) return;
    if (depth_ == kMaxDepth) {
      return Add(
          absl::StrCat("must not be more than ", kMaxDepth, " messages deep"));
    }
    ++depth_;
    const size_t length = path_.size();
    for (const FieldRules& field : rules.fields) {
      absl::StrAppend(&path_, length == 0 ? "" : ".", field.field->name());
      CheckField(field, message);
      path_.resize(length);
    }
    --depth_;
  }

  void CheckField(const FieldRules& rules, const pb::Message& message) {
    const pb::FieldDescriptor* field = rules.field;
    const pb::Reflection* reflection = message.GetReflection();
    if (field->is_repeated()) {
      const int size = reflection->FieldSize(message, field);
      if (rules.required && size == 0) return Add("is required");
      CheckSize(rules, size);
      if (field->is_map()) {
        CheckMap(rules, message, size);
      } else {
        CheckElements(rules, message, size);
      }
      return;
    }
    // Without presence, HasField returns false for zero values.
    const bool has = reflection->HasField(message, field);
    if (rules.required && !has) return Add("is required");
    if (!has && field->has_presence()) return;
    CheckValue(rules.value, message, field, -1);
  }

  void CheckSize(const FieldRules& rules, uint64_t size) {
    const absl::string_view unit = rules.field->is_map() ? "pair" : "item";
    if (rules.min_size.has_value() && size < *rules.min_size) {
      Add(absl::StrCat("must have at least ", *rules.min_size, " ", unit,
                       *rules.min_size == 1 ? "" : "s"));
    }
    if (rules.max_size.has_value() && size > *rules.max_size) {
      Add(absl::StrCat("must have at most ", *rules.max_size, " ", unit,
                       *rules.max_size == 1 ? "" : "s"));
    }
  }

  void CheckElements(const FieldRules& rules, const pb::Message& message,
                     int size) {
    const size_t length = path_.size();
    absl::flat_hash_set<std::string> seen;
    bool unique = true;
    for (int i = 0; i < size && !full(); ++i) {
      if (rules.unique && unique) {
        std::string scratch;
        std::optional<std::string> identity = Identity(
            rules.field, ReadScalar(message, rules.field, i, &scratch));
        unique =
            !identity.has_value() || seen.insert(*std::move(identity)).second;
        if (!unique) Add("must not contain duplicate items");
      }
      if (rules.value.empty()) continue;
      absl::StrAppend(&path_, "[", i, "]");
      CheckValue(rules.value, message, rules.field, i);
      path_.resize(length);
    }
  }

  void CheckMap(const FieldRules& rules, const pb::Message& message, int size) {
    if (rules.keys.empty() && rules.value.empty()) return;
    const size_t length = path_.size();
    const pb::FieldDescriptor* key = rules.field->message_type()->map_key();
    const pb::FieldDescriptor* value = rules.field->message_type()->map_value();
    for (int i = 0; i < size && !full(); ++i) {
      const pb::Message& entry =
          message.GetReflection()->GetRepeatedMessage(message, rules.field, i);
      absl::StrAppend(&path_, "[", KeyText(entry, key), "]");
      CheckValue(rules.keys, entry, key, -1);
      CheckValue(rules.value, entry, value, -1);
      path_.resize(length);
    }
  }

  static std::string KeyText(const pb::Message& entry,
                             const pb::FieldDescriptor* key) {
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

  // `index` is -1 unless `field` is repeated.
  void CheckValue(const ValueRules& rules, const pb::Message& message,
                  const pb::FieldDescriptor* field, int index) {
    if (rules.empty()) return;
    const pb::Message* value = nullptr;
    if (IsMessage(field)) {
      const pb::Reflection* reflection = message.GetReflection();
      value = index < 0
                  ? &reflection->GetMessage(message, field)
                  : &reflection->GetRepeatedMessage(message, field, index);
    }
    if (rules.message != nullptr) CheckMessage(*rules.message, *value);
    if (rules.scalar == nullptr) return;
    std::string scratch;
    std::vector<std::string> broken;
    rules.scalar->Check(rules.wrapped == nullptr
                            ? ReadScalar(message, field, index, &scratch)
                            : ReadScalar(*value, rules.wrapped, -1, &scratch),
                        &broken);
    for (std::string& description : broken) Add(std::move(description));
  }

  std::vector<RuleViolation> out_;
  std::string path_;  // of the field being checked
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
    static const MessageRules* const kNoRules = new MessageRules();
    out.reset(new Validator(nullptr, kNoRules));
  }
  return out;
}

std::vector<RuleViolation> Validator::Validate(
    const pb::Message& message) const {
  if (root_->type != nullptr && message.GetDescriptor() != root_->type) {
    return {{"", absl::StrCat("must be a ", root_->type->full_name(),
                              " of the schema that is in force")}};
  }
  return Run().Validate(*root_, message);
}

absl::Status ToStatus(const std::vector<RuleViolation>& violations) {
  if (violations.empty()) return absl::OkStatus();
  google::rpc::BadRequest details;
  for (const RuleViolation& violation : violations) {
    auto* out = details.add_field_violations();
    out->set_field(violation.field);
    out->set_description(violation.description);
  }
  absl::Status status = absl::InvalidArgumentError(
      absl::StrCat(violations[0].field, ": ", violations[0].description));
  // A view: Clang 18 and later do not find the constructor that moves a string
  // in a library that GCC has compiled.
  status.SetPayload(kBadRequestUrl,
                    absl::Cord(absl::string_view(details.SerializeAsString())));
  return status;
}

}  // namespace sse_bridge

#include "bridge/schema/validation_rules.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/field_path.h"
#include "re2/re2.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldConstraints;

// For one compiled pattern and its automata, in bytes.
constexpr int64_t kMaxPatternMemory = 2 << 20;

template <typename T>
T As(const ScalarValue& value) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value.d);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(value.i);
  } else {
    return static_cast<T>(value.u);
  }
}

template <typename T>
std::string Text(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
    return std::string(buffer, end.ptr);
  } else {
    return absl::StrCat(value);
  }
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

std::string Count(uint64_t n, absl::string_view unit) {
  return absl::StrCat(n, " ", unit, n == 1 ? "" : "s");
}

// A lower or upper bound of `T`, if any.
template <typename T>
struct Bound {
  T value;
  bool inclusive;
};

template <typename T>
class NumberRules : public ScalarRules {
 public:
  template <typename Rules>
  explicit NumberRules(const Rules& rules)
      : in_(rules.in().begin(), rules.in().end()),
        not_in_(rules.not_in().begin(), rules.not_in().end()) {
    if (rules.has_const_()) const_ = rules.const_();
    if (rules.has_lt()) upper_ = {rules.lt(), false};
    if (rules.has_lte()) upper_ = {rules.lte(), true};
    if (rules.has_gt()) lower_ = {rules.gt(), false};
    if (rules.has_gte()) lower_ = {rules.gte(), true};
    if constexpr (std::is_floating_point_v<T>) finite_ = rules.finite();
  }

  void Check(const ScalarValue& value,
             std::vector<std::string>* broken) const override {
    const T x = As<T>(value);
    if (const_.has_value() && !(x == *const_)) {
      broken->push_back(absl::StrCat("must be ", Text(*const_)));
    }
    CheckBounds(x, broken);
    if (!in_.empty() && !Contains(in_, x)) {
      broken->push_back(absl::StrCat("must be one of ", List(in_)));
    }
    if (Contains(not_in_, x)) {
      broken->push_back(absl::StrCat("must not be one of ", List(not_in_)));
    }
    if constexpr (std::is_floating_point_v<T>) {
      if (finite_ && !std::isfinite(x)) broken->push_back("must be finite");
    }
  }

 private:
  static bool Contains(const std::vector<T>& list, T x) {
    return std::find(list.begin(), list.end(), x) != list.end();
  }

  static std::string List(const std::vector<T>& list) {
    return absl::StrJoin(list, ", ",
                         [](std::string* out, T x) { out->append(Text(x)); });
  }

  // An upper bound below the lower one excludes the values between them. NaN
  // violates every bound.
  void CheckBounds(T x, std::vector<std::string>* broken) const {
    const bool above = !lower_.has_value() || x > lower_->value ||
                       (lower_->inclusive && x == lower_->value);
    const bool below = !upper_.has_value() || x < upper_->value ||
                       (upper_->inclusive && x == upper_->value);
    const bool outside = lower_.has_value() && upper_.has_value() &&
                         upper_->value < lower_->value;
    if (outside ? above || below : above && below) return;
    std::string text = "must be ";
    if (lower_.has_value()) {
      absl::StrAppend(&text, "greater than ",
                      lower_->inclusive ? "or equal to " : "",
                      Text(lower_->value));
    }
    if (lower_.has_value() && upper_.has_value()) {
      absl::StrAppend(&text, outside ? " or " : " and ");
    }
    if (upper_.has_value()) {
      absl::StrAppend(&text, "less than ",
                      upper_->inclusive ? "or equal to " : "",
                      Text(upper_->value));
    }
    broken->push_back(std::move(text));
  }

  std::optional<T> const_;
  std::optional<Bound<T>> lower_;
  std::optional<Bound<T>> upper_;
  const std::vector<T> in_;
  const std::vector<T> not_in_;
  bool finite_ = false;
};

class BoolRules : public ScalarRules {
 public:
  explicit BoolRules(const buf::validate::BoolRules& rules) : rules_(rules) {}

  void Check(const ScalarValue& value,
             std::vector<std::string>* broken) const override {
    if (rules_.has_const_() && value.b != rules_.const_()) {
      broken->push_back(rules_.const_() ? "must be true" : "must be false");
    }
  }

 private:
  const buf::validate::BoolRules rules_;
};

class EnumRules : public ScalarRules {
 public:
  EnumRules(const buf::validate::EnumRules& rules,
            const pb::EnumDescriptor* type)
      : rules_(rules), type_(type) {}

  void Check(const ScalarValue& value,
             std::vector<std::string>* broken) const override {
    const int number = static_cast<int>(value.i);
    if (rules_.has_const_() && number != rules_.const_()) {
      broken->push_back(absl::StrCat("must be ", Name(rules_.const_())));
    }
    if (rules_.defined_only() && type_->FindValueByNumber(number) == nullptr) {
      broken->push_back(
          absl::StrCat("must be a value of ", type_->full_name()));
    }
    if (!rules_.in().empty() && !Contains(rules_.in(), number)) {
      broken->push_back(absl::StrCat("must be one of ", List(rules_.in())));
    }
    if (Contains(rules_.not_in(), number)) {
      broken->push_back(
          absl::StrCat("must not be one of ", List(rules_.not_in())));
    }
  }

 private:
  using Numbers = pb::RepeatedField<int32_t>;

  static bool Contains(const Numbers& list, int number) {
    return std::find(list.begin(), list.end(), number) != list.end();
  }

  std::string Name(int number) const {
    const pb::EnumValueDescriptor* value = type_->FindValueByNumber(number);
    return value == nullptr ? absl::StrCat(number) : value->name();
  }

  std::string List(const Numbers& list) const {
    return absl::StrJoin(list, ", ", [&](std::string* out, int number) {
      out->append(Name(number));
    });
  }

  const buf::validate::EnumRules rules_;
  const pb::EnumDescriptor* const type_;
};

void CheckLength(uint64_t length, bool has_len, uint64_t len, bool has_min,
                 uint64_t min, bool has_max, uint64_t max,
                 absl::string_view unit, std::vector<std::string>* broken) {
  if (has_len && length != len) {
    broken->push_back(absl::StrCat("must have exactly ", Count(len, unit)));
  }
  if (has_min && length < min) {
    broken->push_back(absl::StrCat("must have at least ", Count(min, unit)));
  }
  if (has_max && length > max) {
    broken->push_back(absl::StrCat("must have at most ", Count(max, unit)));
  }
}

uint64_t CodePoints(absl::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

class StringRules : public ScalarRules {
 public:
  StringRules(const buf::validate::StringRules& rules,
              std::unique_ptr<const RE2> pattern)
      : rules_(rules), pattern_(std::move(pattern)) {}

  void Check(const ScalarValue& value,
             std::vector<std::string>* broken) const override {
    const absl::string_view s = value.s;
    const auto& r = rules_;
    if (r.has_const_() && s != r.const_()) {
      broken->push_back(absl::StrCat("must be ", Quoted(r.const_())));
    }
    CheckLength(CodePoints(s), r.has_len(), r.len(), r.has_min_len(),
                r.min_len(), r.has_max_len(), r.max_len(), "character", broken);
    CheckLength(s.size(), r.has_len_bytes(), r.len_bytes(), r.has_min_bytes(),
                r.min_bytes(), r.has_max_bytes(), r.max_bytes(), "byte",
                broken);
    if (pattern_ != nullptr &&
        !RE2::PartialMatch(re2::StringPiece(s.data(), s.size()), *pattern_)) {
      broken->push_back(
          absl::StrCat("must match the pattern ", Quoted(r.pattern())));
    }
    if (r.has_prefix() && !absl::StartsWith(s, r.prefix())) {
      broken->push_back(absl::StrCat("must begin with ", Quoted(r.prefix())));
    }
    if (r.has_suffix() && !absl::EndsWith(s, r.suffix())) {
      broken->push_back(absl::StrCat("must end with ", Quoted(r.suffix())));
    }
    if (r.has_contains() && !absl::StrContains(s, r.contains())) {
      broken->push_back(absl::StrCat("must contain ", Quoted(r.contains())));
    }
    if (r.has_not_contains() && absl::StrContains(s, r.not_contains())) {
      broken->push_back(
          absl::StrCat("must not contain ", Quoted(r.not_contains())));
    }
    if (!r.in().empty() && !Contains(r.in(), s)) {
      broken->push_back(absl::StrCat("must be one of ", List(r.in())));
    }
    if (Contains(r.not_in(), s)) {
      broken->push_back(absl::StrCat("must not be one of ", List(r.not_in())));
    }
  }

 private:
  using Strings = pb::RepeatedPtrField<std::string>;

  static bool Contains(const Strings& list, absl::string_view s) {
    return std::any_of(list.begin(), list.end(),
                       [&](const std::string& item) { return item == s; });
  }

  static std::string List(const Strings& list) {
    return absl::StrJoin(list, ", ",
                         [](std::string* out, const std::string& item) {
                           out->append(Quoted(item));
                         });
  }

  const buf::validate::StringRules rules_;
  const std::unique_ptr<const RE2> pattern_;  // may be null
};

class BytesRules : public ScalarRules {
 public:
  explicit BytesRules(const buf::validate::BytesRules& rules) : rules_(rules) {}

  void Check(const ScalarValue& value,
             std::vector<std::string>* broken) const override {
    const auto& r = rules_;
    if (r.has_const_() && value.s != r.const_()) {
      broken->push_back(absl::StrCat("must be the bytes \"",
                                     absl::CHexEscape(r.const_()), "\""));
    }
    CheckLength(value.s.size(), r.has_len(), r.len(), r.has_min_len(),
                r.min_len(), r.has_max_len(), r.max_len(), "byte", broken);
  }

 private:
  const buf::validate::BytesRules rules_;
};

class AnyRules : public ScalarRules {
 public:
  explicit AnyRules(const buf::validate::AnyRules& rules) : rules_(rules) {}

  void Check(const ScalarValue& value,
             std::vector<std::string>* broken) const override {
    if (!rules_.in().empty() && !Contains(rules_.in(), value.s)) {
      broken->push_back(
          absl::StrCat("must be of a type of ", List(rules_.in())));
    }
    if (Contains(rules_.not_in(), value.s)) {
      broken->push_back(
          absl::StrCat("must not be of a type of ", List(rules_.not_in())));
    }
  }

 private:
  using Strings = pb::RepeatedPtrField<std::string>;

  static bool Contains(const Strings& list, absl::string_view s) {
    return std::any_of(list.begin(), list.end(),
                       [&](const std::string& item) { return item == s; });
  }

  static std::string List(const Strings& list) {
    return absl::StrJoin(list, ", ");
  }

  const buf::validate::AnyRules rules_;
};

using Result = absl::StatusOr<std::unique_ptr<const ScalarRules>>;

Result CompileString(const buf::validate::StringRules& rules) {
  std::unique_ptr<const RE2> pattern;
  if (rules.has_pattern()) {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kMaxPatternMemory);
    pattern = std::make_unique<const RE2>(rules.pattern(), options);
    if (!pattern->ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the pattern ", Quoted(rules.pattern()),
                       " is not a regular expression: ", pattern->error()));
    }
  }
  return std::make_unique<StringRules>(rules, std::move(pattern));
}

// The field type that the rules are for; nullopt for other rules.
std::optional<pb::FieldDescriptor::Type> TypeOfRules(
    FieldConstraints::TypeCase rules) {
  switch (rules) {
    case FieldConstraints::kFloat:
      return pb::FieldDescriptor::TYPE_FLOAT;
    case FieldConstraints::kDouble:
      return pb::FieldDescriptor::TYPE_DOUBLE;
    case FieldConstraints::kInt32:
      return pb::FieldDescriptor::TYPE_INT32;
    case FieldConstraints::kInt64:
      return pb::FieldDescriptor::TYPE_INT64;
    case FieldConstraints::kUint32:
      return pb::FieldDescriptor::TYPE_UINT32;
    case FieldConstraints::kUint64:
      return pb::FieldDescriptor::TYPE_UINT64;
    case FieldConstraints::kSint32:
      return pb::FieldDescriptor::TYPE_SINT32;
    case FieldConstraints::kSint64:
      return pb::FieldDescriptor::TYPE_SINT64;
    case FieldConstraints::kFixed32:
      return pb::FieldDescriptor::TYPE_FIXED32;
    case FieldConstraints::kFixed64:
      return pb::FieldDescriptor::TYPE_FIXED64;
    case FieldConstraints::kSfixed32:
      return pb::FieldDescriptor::TYPE_SFIXED32;
    case FieldConstraints::kSfixed64:
      return pb::FieldDescriptor::TYPE_SFIXED64;
    case FieldConstraints::kBool:
      return pb::FieldDescriptor::TYPE_BOOL;
    case FieldConstraints::kString:
      return pb::FieldDescriptor::TYPE_STRING;
    case FieldConstraints::kBytes:
      return pb::FieldDescriptor::TYPE_BYTES;
    case FieldConstraints::kEnum:
      return pb::FieldDescriptor::TYPE_ENUM;
    case FieldConstraints::kRepeated:
    case FieldConstraints::kMap:
    case FieldConstraints::kAny:
    case FieldConstraints::TYPE_NOT_SET:
      break;
  }
  return std::nullopt;
}

std::string NameOfRules(FieldConstraints::TypeCase rules) {
  return FieldConstraints::descriptor()->FindFieldByNumber(rules)->name();
}

}  // namespace

absl::StatusOr<std::unique_ptr<const ScalarRules>> CompileScalarRules(
    const pb::FieldDescriptor* field, const FieldConstraints& constraints) {
  const FieldConstraints::TypeCase rules = constraints.type_case();
  if (rules == FieldConstraints::TYPE_NOT_SET) return Result(nullptr);
  const std::optional<pb::FieldDescriptor::Type> type = TypeOfRules(rules);
  if (type != field->type()) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", NameOfRules(rules), "` rules do not fit the type ",
                     field->type_name()));
  }
  switch (rules) {
    case FieldConstraints::kFloat:
      return std::make_unique<NumberRules<float>>(constraints.float_());
    case FieldConstraints::kDouble:
      return std::make_unique<NumberRules<double>>(constraints.double_());
    case FieldConstraints::kInt32:
      return std::make_unique<NumberRules<int32_t>>(constraints.int32());
    case FieldConstraints::kInt64:
      return std::make_unique<NumberRules<int64_t>>(constraints.int64());
    case FieldConstraints::kUint32:
      return std::make_unique<NumberRules<uint32_t>>(constraints.uint32());
    case FieldConstraints::kUint64:
      return std::make_unique<NumberRules<uint64_t>>(constraints.uint64());
    case FieldConstraints::kSint32:
      return std::make_unique<NumberRules<int32_t>>(constraints.sint32());
    case FieldConstraints::kSint64:
      return std::make_unique<NumberRules<int64_t>>(constraints.sint64());
    case FieldConstraints::kFixed32:
      return std::make_unique<NumberRules<uint32_t>>(constraints.fixed32());
    case FieldConstraints::kFixed64:
      return std::make_unique<NumberRules<uint64_t>>(constraints.fixed64());
    case FieldConstraints::kSfixed32:
      return std::make_unique<NumberRules<int32_t>>(constraints.sfixed32());
    case FieldConstraints::kSfixed64:
      return std::make_unique<NumberRules<int64_t>>(constraints.sfixed64());
    case FieldConstraints::kBool:
      return std::make_unique<BoolRules>(constraints.bool_());
    case FieldConstraints::kString:
      return CompileString(constraints.string());
    case FieldConstraints::kBytes:
      return std::make_unique<BytesRules>(constraints.bytes());
    case FieldConstraints::kEnum:
      return std::make_unique<EnumRules>(constraints.enum_(),
                                         field->enum_type());
    default:
      return Result(nullptr);
  }
}

std::unique_ptr<const ScalarRules> CompileAnyRules(
    const FieldConstraints& constraints) {
  if (constraints.any().in().empty() && constraints.any().not_in().empty()) {
    return nullptr;
  }
  return std::make_unique<AnyRules>(constraints.any());
}

}  // namespace sse_bridge

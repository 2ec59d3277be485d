#include "bridge/codegen/json_form.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/well_known_types.h"
#include "bridge/schema/field_features.h"
#include "bridge/schema/field_path.h"
#include "bridge/schema/rule_texts.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;
using pb::Descriptor;
using pb::FieldDescriptor;

// Whether both bounds exist and are finite, or `finite` is set.
template <typename Rules>
bool KeepsFinite(const Rules& rules) {
  if (rules.finite() || rules.has_const_()) return true;
  if (!rules.in().empty()) {
    return std::all_of(rules.in().begin(), rules.in().end(),
                       [](double v) { return std::isfinite(v); });
  }
  const bool above = (rules.has_gt() && !std::isnan(rules.gt())) ||
                     (rules.has_gte() && std::isfinite(rules.gte()));
  const bool below = (rules.has_lt() && !std::isnan(rules.lt())) ||
                     (rules.has_lte() && std::isfinite(rules.lte()));
  if (!above || !below) return false;
  // An upper bound below the lower one excludes the values between them.
  const double low = rules.has_gt() ? rules.gt() : rules.gte();
  const double high = rules.has_lt() ? rules.lt() : rules.lte();
  return low <= high;
}

// The rules of elements, unless they are ignored always.
FieldRules HeldRules(const FieldRules& rules) {
  return rules.ignore() == buf::validate::IGNORE_ALWAYS ? FieldRules() : rules;
}

// Adds the zero value to a list of allowed values that lacks it. An empty list
// means that there is no rule.
template <typename Value>
void AddZero(const Value& zero, std::vector<Value>* allowed) {
  if (allowed->empty() || absl::c_linear_search(*allowed, zero)) return;
  allowed->push_back(zero);
}

}  // namespace

JsonKind KindOf(const Descriptor* message) {
  switch (message->well_known_type()) {
    case Descriptor::WELLKNOWNTYPE_ANY:
      return JsonKind::kAny;
    case Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return JsonKind::kTimestamp;
    case Descriptor::WELLKNOWNTYPE_DURATION:
      return JsonKind::kDuration;
    case Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return JsonKind::kFieldMask;
    case Descriptor::WELLKNOWNTYPE_STRUCT:
      return JsonKind::kStruct;
    case Descriptor::WELLKNOWNTYPE_VALUE:
      return JsonKind::kValue;
    case Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return JsonKind::kListValue;
    case Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      return JsonKind::kMessage;
    default:
      // A user's message may have a wrapper's name.
      return IsWrapper(message) && message->FindFieldByNumber(1) != nullptr
                 ? JsonKind::kWrapper
                 : JsonKind::kMessage;
  }
}

JsonKind KindOf(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_UINT32:
      return JsonKind::kInteger;
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
      return JsonKind::kLong;
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return JsonKind::kFloating;
    case FieldDescriptor::CPPTYPE_BOOL:
      return JsonKind::kBool;
    case FieldDescriptor::CPPTYPE_ENUM:
      return field->enum_type()->full_name() == "google.protobuf.NullValue"
                 ? JsonKind::kNull
                 : JsonKind::kEnum;
    case FieldDescriptor::CPPTYPE_STRING:
      return field->type() == FieldDescriptor::TYPE_BYTES ? JsonKind::kBytes
                                                          : JsonKind::kString;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return KindOf(field->message_type());
}

bool IsUnsigned(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
         field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
}

std::string JsonName(const FieldDescriptor* field, const sse::v1::Json& json) {
  if (field->is_extension()) return absl::StrCat("[", field->full_name(), "]");
  return json.preserve_proto_field_names() ? field->name() : field->json_name();
}

bool IsAlwaysPrinted(const FieldDescriptor* field, const sse::v1::Json& json) {
  return json.always_print_fields_with_no_presence() && !HasPresence(field) &&
         !field->is_extension();
}

std::vector<const FieldDescriptor*> FieldsOf(const Descriptor* message) {
  std::vector<const FieldDescriptor*> fields;
  if (message->extension_range_count() > 0) {
    message->file()->pool()->FindAllExtensions(message, &fields);
  }
  for (int i = 0; i < message->field_count(); ++i) {
    fields.push_back(message->field(i));
  }
  std::sort(fields.begin(), fields.end(),
            [](const FieldDescriptor* a, const FieldDescriptor* b) {
              return a->number() < b->number();
            });
  return fields;
}

std::vector<std::string> NamesOf(const pb::EnumDescriptor* enumeration) {
  std::vector<std::string> names;
  std::set<int> seen;
  for (int i = 0; i < enumeration->value_count(); ++i) {
    const pb::EnumValueDescriptor* value = enumeration->value(i);
    if (seen.insert(value->number()).second) names.push_back(value->name());
  }
  return names;
}

bool IsOpenEnum(const FieldDescriptor* field) { return !HasClosedEnum(field); }

FieldRules RulesOf(const FieldDescriptor* field) {
  const buf::validate::Ignore ignore = IgnoreOf(field);
  if (ignore == buf::validate::IGNORE_ALWAYS) return FieldRules();
  FieldRules rules = field->options().GetExtension(buf::validate::field);
  rules.clear_ignore();
  if (ignore == buf::validate::IGNORE_IF_ZERO_VALUE && !HasPresence(field) &&
      !rules.required()) {
    rules.set_ignore(ignore);
  }
  return rules;
}

FieldRules ElementRulesOf(const FieldDescriptor* field) {
  if (!field->is_repeated()) return RulesOf(field);
  const FieldRules rules = RulesOf(field);
  return HeldRules(field->is_map() ? rules.map().values()
                                   : rules.repeated().items());
}

FieldRules KeyRulesOf(const FieldDescriptor* map) {
  return HeldRules(RulesOf(map).map().keys());
}

bool AllowsZero(const FieldRules& rules) {
  return rules.ignore() == buf::validate::IGNORE_IF_ZERO_VALUE;
}

std::vector<std::string> AllowedTexts(const FieldRules& rules) {
  std::vector<std::string> texts(rules.string().in().begin(),
                                 rules.string().in().end());
  if (rules.string().has_const_()) texts = {rules.string().const_()};
  if (AllowsZero(rules)) AddZero(std::string(), &texts);
  return texts;
}

std::vector<int> AllowedEnumNumbers(const FieldRules& rules,
                                    const pb::EnumDescriptor* enumeration) {
  std::vector<int> numbers(rules.enum_().in().begin(),
                           rules.enum_().in().end());
  if (rules.enum_().has_const_()) numbers = {rules.enum_().const_()};
  if (AllowsZero(rules)) AddZero(enumeration->value(0)->number(), &numbers);
  return numbers;
}

bool IsFinite(const FieldDescriptor* field, const FieldRules& rules) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT
             ? KeepsFinite(rules.float_())
             : KeepsFinite(rules.double_());
}

std::vector<AnyCandidate> CandidatesOf(const FieldDescriptor* any,
                                       const FieldRules& rules) {
  std::vector<AnyCandidate> candidates;
  for (const std::string& url : rules.any().in()) {
    const Descriptor* type = any->file()->pool()->FindMessageTypeByName(
        url.substr(url.rfind('/') + 1));
    if (type != nullptr) candidates.push_back({url, type});
  }
  return candidates;
}

}  // namespace sse_bridge

#include "bridge/codegen/ts_types.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/json_form.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;
using Fields = std::set<const pb::FieldDescriptor*>;

// How other files refer to the types of messages.d.ts.
constexpr char kOutside[] = "m.";

// Kinds of rules whose `in` is no union of literals.
constexpr absl::string_view kWithoutLiterals[] = {
    "float", "double", "bytes", "duration", "timestamp", "field_mask"};

std::string Union(const std::vector<std::string>& types) {
  return absl::StrJoin(types, " | ");
}

std::string Literals(const std::vector<std::string>& texts) {
  return absl::StrJoin(texts, " | ",
                       [](std::string* out, const std::string& text) {
                         out->append(JsString(text));
                       });
}

template <typename Numbers>
std::string NumberLiterals(const Numbers& numbers, bool quoted = false) {
  return absl::StrJoin(numbers, " | ", [&](std::string* out, auto number) {
    absl::StrAppend(out, quoted ? "\"" : "", number, quoted ? "\"" : "");
  });
}

// The literals of an `in` or `const` rule for integers; empty if there is none.
template <typename Rules>
std::string AllowedNumbers(const Rules& rules, bool zero, bool quoted) {
  std::vector allowed(rules.in().begin(), rules.in().end());
  if (rules.has_const_()) allowed = {rules.const_()};
  if (zero && !allowed.empty() && !absl::c_linear_search(allowed, 0)) {
    allowed.push_back(0);
  }
  return NumberLiterals(allowed, quoted);
}

std::string AllowedIntegers(const FieldRules& rules, bool quoted) {
  const bool zero = AllowsZero(rules);
  switch (rules.type_case()) {
    case FieldRules::kInt32:
      return AllowedNumbers(rules.int32(), zero, quoted);
    case FieldRules::kInt64:
      return AllowedNumbers(rules.int64(), zero, quoted);
    case FieldRules::kUint32:
      return AllowedNumbers(rules.uint32(), zero, quoted);
    case FieldRules::kUint64:
      return AllowedNumbers(rules.uint64(), zero, quoted);
    case FieldRules::kSint32:
      return AllowedNumbers(rules.sint32(), zero, quoted);
    case FieldRules::kSint64:
      return AllowedNumbers(rules.sint64(), zero, quoted);
    case FieldRules::kFixed32:
      return AllowedNumbers(rules.fixed32(), zero, quoted);
    case FieldRules::kFixed64:
      return AllowedNumbers(rules.fixed64(), zero, quoted);
    case FieldRules::kSfixed32:
      return AllowedNumbers(rules.sfixed32(), zero, quoted);
    case FieldRules::kSfixed64:
      return AllowedNumbers(rules.sfixed64(), zero, quoted);
    default:
      return "";
  }
}

// Whether the type of a value expresses the rule: unions of literals do.
bool IsInType(const RuleText& rule) {
  const std::vector<absl::string_view> path = absl::StrSplit(rule.rule, '.');
  if (path.size() < 2 || absl::StrContains(rule.rule, '[')) return false;
  const absl::string_view kind = path[path.size() - 2];
  if (path.back() == "defined_only") return true;
  if (path.back() != "const" && path.back() != "in") return false;
  return !absl::c_linear_search(kWithoutLiterals, kind);
}

// Adds a line for each rule that the types do not express.
void AddLines(const std::vector<RuleText>& rules, absl::string_view subject,
              bool typed, std::vector<std::string>* lines) {
  for (const RuleText& rule : rules) {
    if (typed && IsInType(rule)) continue;
    lines->push_back(absl::StrCat("- ", subject, rule.text));
  }
}

std::string WithRules(std::string comment,
                      const std::vector<std::string>& lines) {
  if (lines.empty()) return comment;
  absl::StrAppend(&comment, comment.empty() ? "" : "\n\n", "Rules:\n",
                  absl::StrJoin(lines, "\n"));
  return comment;
}

std::string WithRules(std::string comment, const FieldRuleTexts& rules,
                      bool repeated) {
  std::vector<std::string> lines;
  AddLines(rules.whole, "", /*typed=*/true, &lines);
  // Types do not limit the keys of objects.
  AddLines(rules.keys, "each key: ", /*typed=*/false, &lines);
  AddLines(rules.value, repeated ? "each value: " : "", /*typed=*/true, &lines);
  return WithRules(std::move(comment), lines);
}

std::string WithRules(std::string comment, const std::vector<RuleText>& rules) {
  std::vector<std::string> lines;
  AddLines(rules, "", /*typed=*/false, &lines);
  return WithRules(std::move(comment), lines);
}

// The request's top-level fields that are in the path of every route.
Fields PathFieldsOf(const Method& method) {
  Fields common;
  for (size_t i = 0; i < method.routes.size(); ++i) {
    Fields own;
    for (const FieldPath& path : method.routes[i]->resolved_path_fields) {
      own.insert(path.front());
    }
    if (i == 0) {
      common = own;
    } else {
      std::erase_if(common, [&](auto* field) { return !own.contains(field); });
    }
  }
  return common;
}

Fields SubjectFieldOf(const Method& method) {
  if (method.subject_into.size() != 1) return {};
  return {method.subject_into.front()};
}

// Reduces *all to what all methods with the same request type have in common.
class CommonFields {
 public:
  void Add(const Method& method, const Fields& fields) {
    const auto [it, first] =
        common_.emplace(method.descriptor->input_type(), fields);
    if (first) return;
    std::erase_if(it->second,
                  [&](auto* field) { return !fields.contains(field); });
  }

  Fields All() const {
    Fields all;
    for (const auto& [type, fields] : common_) {
      all.insert(fields.begin(), fields.end());
    }
    return all;
  }

 private:
  std::map<const pb::Descriptor*, Fields> common_;
};

}  // namespace

TsTypes::TsTypes(const Schema& schema)
    : shapes_(schema), texts_(std::make_unique<RuleTexts>()) {
  for (const Shape& shape : shapes_.all()) type_names_.Add(shape.type);
  for (const pb::EnumDescriptor* each : shapes_.enums()) type_names_.Add(each);
  names_ = shapes_.Name(
      [this](const pb::Descriptor* type) { return type_names_.Name(type); },
      "Input");
  CommonFields subjects, paths;
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    subjects.Add(*method, SubjectFieldOf(*method));
    paths.Add(*method, PathFieldsOf(*method));
  }
  left_out_ = subjects.All();
  in_paths_ = paths.All();
}

std::string TsTypes::RequestType(const Method& method) const {
  return MessageType(method.descriptor->input_type(), true,
                     JsonBits(method.json), kOutside);
}

bool TsTypes::IsRequestOptional(const Method& method) const {
  const pb::Descriptor* type = method.descriptor->input_type();
  if (KindOf(type) != JsonKind::kMessage) return false;
  const Shape shape = {type, true, JsonBits(method.json)};
  const auto fields = FieldsOf(type);
  return !shapes_.RejectsEmpty(type) &&
         std::none_of(fields.begin(), fields.end(), [&](auto* field) {
           return IsRequired(field, shape) && !left_out_.contains(field);
         });
}

std::string TsTypes::ResponseType(const Route& route) const {
  const int json = JsonBits(route.method->json);
  return route.response_body_field == nullptr
             ? MessageType(route.method->descriptor->output_type(), false, json,
                           kOutside)
             : FieldType(route.response_body_field, false, json, kOutside);
}

std::string TsTypes::Declarations() const {
  std::string out =
      "// Messages as they look in JSON. Generated; do not edit.\n\n"
      "import type * as $rt from './runtime/index.js';\n";
  for (const pb::EnumDescriptor* each : shapes_.enums()) {
    absl::StrAppend(&out, "\n", JsDoc(CommentOf(each), ""), "export type ",
                    type_names_.Name(each), " =\n  | ",
                    absl::StrJoin(NamesOf(each), "\n  | ",
                                  [](std::string* to, const std::string& name) {
                                    to->append(JsString(name));
                                  }),
                    ";\n");
  }
  for (const Shape& shape : shapes_.all()) out += Interface(shape);
  return out;
}

bool TsTypes::IsRequired(const pb::FieldDescriptor* field,
                         const Shape& shape) const {
  if (!shape.input) return IsAlwaysPrinted(field, JsonFromBits(shape.json));
  return field->is_required() || shapes_.IsRequired(field) ||
         in_paths_.contains(field);
}

std::string TsTypes::Interface(const Shape& shape) const {
  std::string about = CommentOf(shape.type);
  if (shape.input) about = WithRules(about, texts_->OfMessage(shape.type));
  std::string out = absl::StrCat("\n", JsDoc(about, ""), "export interface ",
                                 names_.at(shape), " {");
  bool empty = true;
  for (const pb::FieldDescriptor* field : FieldsOf(shape.type)) {
    if (shape.input && left_out_.contains(field)) continue;
    std::string comment = CommentOf(field);
    if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
      absl::StrAppend(&comment, comment.empty() ? "" : "\n\n",
                      "At most one of `", oneof->name(), "` is set.");
    }
    if (shape.input) {
      comment =
          WithRules(comment, texts_->OfField(field), field->is_repeated());
    }
    absl::StrAppend(&out, "\n", JsDoc(comment, "  "), "  ",
                    JsMember(JsonName(field, JsonFromBits(shape.json))),
                    IsRequired(field, shape) ? ": " : "?: ",
                    FieldType(field, shape.input, shape.json, ""), ";");
    empty = false;
  }
  return out + (empty ? "}\n" : "\n}\n");
}

std::string TsTypes::FieldType(const pb::FieldDescriptor* field, bool input,
                               int json, const std::string& prefix) const {
  const FieldRules rules = ElementRulesOf(field);
  if (field->is_map()) {
    return absl::StrCat("{ [key: string]: ",
                        ElementType(field->message_type()->map_value(), rules,
                                    input, json, prefix),
                        " }");
  }
  const std::string element = ElementType(field, rules, input, json, prefix);
  if (!field->is_repeated()) return element;
  return absl::StrContains(element, " ") ? absl::StrCat("(", element, ")[]")
                                         : element + "[]";
}

std::string TsTypes::ElementType(const pb::FieldDescriptor* field,
                                 const FieldRules& rules, bool input, int json,
                                 const std::string& prefix) const {
  switch (KindOf(field)) {
    case JsonKind::kInteger: {
      const std::string allowed = AllowedIntegers(rules, false);
      return allowed.empty() ? "number" : allowed;
    }
    case JsonKind::kLong: {
      const std::string allowed = AllowedIntegers(rules, true);
      if (!allowed.empty()) return allowed;
      return input ? "$rt.LongInput" : "string";
    }
    case JsonKind::kFloating:
      return input || IsFinite(field, rules) ? "number" : "$rt.Double";
    case JsonKind::kBool:
      if (!rules.bool_().has_const_() ||
          (rules.bool_().const_() && AllowsZero(rules))) {
        return "boolean";
      }
      return rules.bool_().const_() ? "true" : "false";
    case JsonKind::kString: {
      const std::vector<std::string> allowed = AllowedTexts(rules);
      return allowed.empty() ? "string" : Literals(allowed);
    }
    case JsonKind::kBytes:
      return input ? "$rt.BytesInput" : "string";
    case JsonKind::kEnum:
      return EnumType(field, rules, input, json, prefix);
    case JsonKind::kNull:
      return "null";
    case JsonKind::kAny:
      return AnyType(field, rules, input, json, prefix);
    case JsonKind::kWrapper:
      return ElementType(field->message_type()->FindFieldByNumber(1), rules,
                         input, json, prefix);
    default:
      return MessageType(field->message_type(), input, json, prefix);
  }
}

std::string TsTypes::MessageType(const pb::Descriptor* type, bool input,
                                 int json, const std::string& prefix) const {
  switch (KindOf(type)) {
    case JsonKind::kMessage:
      return absl::StrCat(prefix, names_.at({type, input, json}));
    case JsonKind::kAny:
      return "$rt.Any";
    case JsonKind::kTimestamp:
      return input ? "$rt.TimestampInput" : "string";
    case JsonKind::kStruct:
      return "$rt.Struct";
    case JsonKind::kValue:
      return "$rt.Value";
    case JsonKind::kListValue:
      return "$rt.Value[]";
    case JsonKind::kWrapper: {
      const pb::FieldDescriptor* value = type->FindFieldByNumber(1);
      return ElementType(value, RulesOf(value), input, json, prefix);
    }
    default:  // durations and field masks
      return "string";
  }
}

std::string TsTypes::EnumType(const pb::FieldDescriptor* field,
                              const FieldRules& rules, bool input, int json,
                              const std::string& prefix) const {
  if (JsonFromBits(json).always_print_enums_as_ints() && !input) {
    return "number";
  }
  std::vector<std::string> allowed;
  for (const int number : AllowedEnumNumbers(rules, field->enum_type())) {
    const auto* value = field->enum_type()->FindValueByNumber(number);
    allowed.push_back(value == nullptr ? absl::StrCat(number)
                                       : JsString(value->name()));
  }
  if (!allowed.empty()) return Union(allowed);
  const std::string named =
      absl::StrCat(prefix, type_names_.Name(field->enum_type()));
  // A newer backend may send values that are not in this schema.
  const bool open =
      IsOpenEnum(field) && !rules.enum_().defined_only() && !input;
  return open ? named + " | number" : named;
}

std::string TsTypes::AnyType(const pb::FieldDescriptor* field,
                             const FieldRules& rules, bool input, int json,
                             const std::string& prefix) const {
  std::vector<std::string> types;
  for (const AnyCandidate& each : CandidatesOf(field, rules)) {
    const std::string type = MessageType(each.type, input, json, prefix);
    const std::string tag = absl::StrCat("\"@type\": ", JsString(each.url));
    types.push_back(KindOf(each.type) == JsonKind::kMessage
                        ? absl::StrCat("({ ", tag, " } & ", type, ")")
                        : absl::StrCat("{ ", tag, "; value: ", type, " }"));
  }
  return types.empty() ? "$rt.Any" : Union(types);
}

}  // namespace sse_bridge

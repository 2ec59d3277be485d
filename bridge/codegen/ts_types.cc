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
#include "bridge/codegen/ts_descriptors.h"
#include "bridge/codegen/ts_reserved.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using buf::validate::FieldRules;
using Fields = std::set<const pb::FieldDescriptor*>;

// How other files refer to the types of messages.d.ts.
constexpr char kOutside[] = "m.";

// TypeScript multiplies the unions of a message, and refuses 100 000 types. The
// oneofs beyond this bound are fields.
constexpr int kMaxCombinations = 500;

// Kinds of rules whose `in` is no union of literals.
constexpr absl::string_view kWithoutLiterals[] = {
    "float", "double", "bytes", "duration", "timestamp", "field_mask"};

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

template <typename Element>
std::string DocOf(const Element* element, absl::string_view indent) {
  return JsDoc(
      WithDeprecation(CommentOf(element), element->options().deprecated()),
      indent);
}

std::set<std::string> ClassNames(const Schema& schema) {
  const TsServiceNames names(schema);
  std::set<std::string> classes;
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    classes.insert(names.Class(method->descriptor->service()));
  }
  return classes;
}

}  // namespace

TsTypes::TsTypes(const Schema& schema)
    : shapes_(schema),
      texts_(std::make_unique<RuleTexts>()),
      names_(shapes_, ClassNames(schema)) {
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
      "import type * as $rt from './runtime/index.js';\n"
      "import type * as $v from './runtime/values.js';\n";
  for (const pb::EnumDescriptor* each : shapes_.enums()) out += Enum(each);
  for (const Shape& shape : shapes_.all()) out += Message(shape);
  out += TsDescriptors(shapes_, names_).Declarations();
  return out;
}

std::string TsTypes::Constants() const {
  return TsDescriptors(shapes_, names_).Constants();
}

std::string TsTypes::Enum(const pb::EnumDescriptor* type) const {
  const std::string& name = names_.Of(type);
  std::string names, numbers;
  for (int i = 0; i < type->value_count(); ++i) {
    const pb::EnumValueDescriptor* value = type->value(i);
    // An alias is printed with the first name of its number.
    const std::string& printed =
        type->FindValueByNumber(value->number())->name();
    absl::StrAppend(&names, DocOf(value, "  "), "  readonly ",
                    JsMember(value->name()), ": ", JsString(printed), ";\n");
    absl::StrAppend(&numbers, "  readonly ", JsMember(value->name()), ": ",
                    value->number(), ";\n");
  }
  std::string out =
      absl::StrCat("\n", DocOf(type, ""), "export type ", name, " =");
  for (const std::string& printed : NamesOf(type)) {
    absl::StrAppend(&out, "\n", DocOf(type->FindValueByName(printed), "  "),
                    "  | ", JsString(printed));
  }
  absl::StrAppend(&out, ";\n", DocOf(type, ""), "export declare const ", name,
                  ": {\n", names, "};\n");
  absl::StrAppend(&out, "/** The numbers of `", name,
                  "`. */\nexport declare const ", names_.NumbersOf(type),
                  ": {\n", numbers, "};\n");
  return out;
}

bool TsTypes::IsRequired(const pb::FieldDescriptor* field,
                         const Shape& shape) const {
  if (!shape.input) return IsAlwaysPrinted(field, JsonFromBits(shape.json));
  return field->is_required() || shapes_.IsRequired(field) ||
         in_paths_.contains(field);
}

int TsTypes::ChoicesOf(const pb::OneofDescriptor* oneof,
                       const Shape& shape) const {
  int members = 0;
  for (int i = 0; i < oneof->field_count(); ++i) {
    const pb::FieldDescriptor* member = oneof->field(i);
    if (IsLeftOut(member, shape)) continue;
    // If one is always set, there is no choice. What all objects inherit is
    // never `undefined`.
    if (IsRequired(member, shape) || IsInheritedMember(NameOf(member, shape))) {
      return 0;
    }
    ++members;
  }
  return members > 1 ? members + 1 : 0;
}

std::set<const pb::OneofDescriptor*> TsTypes::UnionsOf(
    const Shape& shape) const {
  std::set<const pb::OneofDescriptor*> unions;
  int combinations = 1;
  for (int i = 0; i < shape.type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = shape.type->oneof_decl(i);
    const int choices = ChoicesOf(oneof, shape);
    if (choices == 0 || combinations > kMaxCombinations / choices) continue;
    combinations *= choices;
    unions.insert(oneof);
  }
  return unions;
}

std::string TsTypes::Member(const pb::FieldDescriptor* field,
                            const Shape& shape, bool required) const {
  std::string comment = CommentOf(field);
  if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
    absl::StrAppend(&comment, comment.empty() ? "" : "\n\n", "At most one of `",
                    oneof->name(), "` is set.");
  }
  if (shape.input) {
    comment = WithRules(comment, texts_->OfField(field), field->is_repeated());
  }
  comment = WithDeprecation(comment, field->options().deprecated());
  const std::string name = NameOf(field, shape);
  std::string type = FieldType(field, shape.input, shape.json, "");
  if (!required && IsInheritedMember(name)) {
    absl::StrAppend(&type, " | $v.Inherited<", JsString(name), ">");
  }
  return absl::StrCat("\n", JsDoc(comment, "  "), "  ", JsMember(name),
                      required ? ": " : "?: ", type, ";");
}

std::string TsTypes::Message(const Shape& shape) const {
  std::string about = CommentOf(shape.type);
  if (shape.input) about = WithRules(about, texts_->OfMessage(shape.type));
  about = WithDeprecation(about, shape.type->options().deprecated());
  const std::set<const pb::OneofDescriptor*> in_unions = UnionsOf(shape);
  std::string members;
  std::vector<std::pair<const pb::OneofDescriptor*, std::string>> unions;
  for (const pb::FieldDescriptor* field : FieldsOf(shape.type)) {
    if (IsLeftOut(field, shape)) continue;
    const pb::OneofDescriptor* oneof = field->real_containing_oneof();
    if (!in_unions.contains(oneof)) {
      members += Member(field, shape, IsRequired(field, shape));
      continue;
    }
    auto it = absl::c_find_if(
        unions, [&](const auto& each) { return each.first == oneof; });
    if (it == unions.end()) it = unions.emplace(it, oneof, "");
    it->second += Member(field, shape, /*required=*/true);
  }
  const std::string end = members.empty() ? "}" : "\n}";
  const std::string& name = names_.Of(shape);
  std::string out = absl::StrCat("\n", JsDoc(about, ""));
  if (unions.empty()) {
    return absl::StrCat(out, "export interface ", name, " {", members, end,
                        "\n");
  }
  absl::StrAppend(&out, "export type ", name, " =");
  std::vector<std::string> parts;
  if (!members.empty()) parts.push_back(absl::StrCat(" {", members, end));
  for (const auto& [oneof, choices] : unions) {
    const bool always =
        shape.input &&
        oneof->options().GetExtension(buf::validate::oneof).required();
    const std::string comment = JsDoc(CommentOf(oneof), "");
    parts.push_back(absl::StrCat(comment.empty() ? " " : "\n", comment,
                                 always ? "$v.OneOf<{" : "$v.AtMostOneOf<{",
                                 choices, "\n}>"));
  }
  return absl::StrCat(out, absl::StrJoin(parts, " &"), ";\n");
}

std::string TsTypes::NameOf(const pb::FieldDescriptor* field,
                            const Shape& shape) const {
  return JsonName(field, JsonFromBits(shape.json));
}

bool TsTypes::IsLeftOut(const pb::FieldDescriptor* field,
                        const Shape& shape) const {
  return shape.input && left_out_.contains(field);
}

}  // namespace sse_bridge

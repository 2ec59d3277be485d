#include "bridge/schema/validation_cel.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/cel/message_values.h"
#include "bridge/cel/program.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
namespace bv = ::buf::validate;

// The message of rules that a predefined rule belongs to, and its own value.
struct RuleValue {
  const pb::Message* rules = nullptr;  // owned by the RuleSet
  const pb::FieldDescriptor* rule = nullptr;
};

class CelRule : public Rule {
 public:
  CelRule(cel::Program program, Breach breach, cel::Types types,
          RuleValue value)
      : program_(std::move(program)),
        breach_(std::move(breach)),
        types_(types),
        value_(value) {}

  void Check(const Subject& subject, Report& report) const override {
    const absl::StatusOr<cel::Value> result = Evaluate(subject, report);
    if (!result.ok()) {
      return report.Fail(
          absl::Status(result.status().code(),
                       absl::StrCat("the expression of rule ", breach_.id,
                                    " failed: ", result.status().message())));
    }
    if (result->Is(cel::Value::Kind::kBool)) {
      if (result->bool_value()) return;
      Breach breach = breach_;
      if (breach.message.empty()) {
        breach.message =
            absl::StrCat("\"", program_.text(), "\" returned false");
      }
      return report.Add(breach);
    }
    if (result->Is(cel::Value::Kind::kString)) {
      if (result->string().empty()) return;
      Breach breach = breach_;
      if (breach.message.empty())
        breach.message = std::string(result->string());
      return report.Add(breach);
    }
    report.Fail(absl::InvalidArgumentError(
        absl::StrCat("the expression of rule ", breach_.id,
                     " returned neither a bool nor a string")));
  }
  const Breach& breach() const override { return breach_; }
  absl::string_view expression() const override { return program_.text(); }

 private:
  absl::StatusOr<cel::Value> This(const Subject& s, Report& report) const {
    if (s.field == nullptr) {
      return cel::MessageValue(*s.message, nullptr, types_, report.budget());
    }
    if (s.index >= 0) {
      return cel::ElementValue(*s.parent, s.field, s.index, nullptr, types_,
                               report.budget());
    }
    return cel::FieldValue(*s.parent, s.field, nullptr, types_,
                           report.budget());
  }

  absl::StatusOr<cel::Value> Evaluate(const Subject& subject,
                                      Report& report) const {
    absl::StatusOr<cel::Value> value = This(subject, report);
    if (!value.ok()) return value;
    std::vector<cel::Value> variables = {*std::move(value),
                                         cel::Value::Timestamp(report.now())};
    if (value_.rules != nullptr) {
      absl::StatusOr<cel::Value> rules =
          cel::MessageValue(*value_.rules, nullptr, types_, report.budget());
      if (!rules.ok()) return rules;
      absl::StatusOr<cel::Value> rule = cel::FieldValue(
          *value_.rules, value_.rule, nullptr, types_, report.budget());
      if (!rule.ok()) return rule;
      variables.push_back(*std::move(rules));
      variables.push_back(*std::move(rule));
    }
    return program_.Run(variables, report.budget());
  }

  const cel::Program program_;
  const Breach breach_;
  const cel::Types types_;
  const RuleValue value_;
};

cel::Types TypesOf(const pb::FileDescriptor* file, RuleSet* set) {
  if (set->factory == nullptr) {
    set->factory = std::make_unique<pb::DynamicMessageFactory>(file->pool());
  }
  return {file->pool(), set->factory.get()};
}

// Adds one expression.
absl::Status AddExpression(const cel::Type& this_type, const bv::Rule& rule,
                           std::string path, const pb::FileDescriptor* file,
                           RuleValue value, RuleSet* set, Rules* out) {
  cel::Declarations declarations;
  declarations.types = TypesOf(file, set);
  declarations.container = file->package();
  declarations.variables = {{"this", this_type},
                            {"now", cel::Type::Kind::kTimestamp}};
  if (value.rules != nullptr) {
    declarations.variables.push_back(
        {"rules", cel::Type::OfMessage(value.rules->GetDescriptor())});
    declarations.variables.push_back({"rule", cel::Type::OfField(value.rule)});
  }
  absl::StatusOr<cel::Program> program =
      cel::Compile(rule.expression(), declarations);
  if (!program.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the expression of rule ", rule.id(),
                     " does not compile: ", program.status().message()));
  }
  const cel::Type& result = program->type();
  if (!result.Is(cel::Type::Kind::kDyn) && !result.Is(cel::Type::Kind::kBool) &&
      !result.Is(cel::Type::Kind::kString)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the expression of rule ", rule.id(), " is of type ",
                     result.Name(), ", not bool or string"));
  }
  out->push_back(std::make_unique<CelRule>(
      *std::move(program), Breach{rule.id(), std::move(path), rule.message()},
      declarations.types, value));
  return absl::OkStatus();
}

cel::Type TypeOfThis(const pb::FieldDescriptor* field, bool whole) {
  cel::Type type = cel::Type::OfField(field);
  if (field->is_repeated() && !whole) return type.element();
  return type;
}

bv::Rule RuleOf(const std::string& expression) {
  bv::Rule rule;
  rule.set_id(expression);
  rule.set_expression(expression);
  return rule;
}

}  // namespace

absl::Status AddCelRules(const pb::FieldDescriptor* field, bool whole,
                         const bv::FieldRules& rules, absl::string_view path,
                         RuleSet* set, Rules* out) {
  const cel::Type type = TypeOfThis(field, whole);
  for (int i = 0; i < rules.cel_size(); ++i) {
    const absl::Status added =
        AddExpression(type, rules.cel(i), absl::StrCat(path, "cel[", i, "]"),
                      field->file(), {}, set, out);
    if (!added.ok()) return added;
  }
  for (int i = 0; i < rules.cel_expression_size(); ++i) {
    const absl::Status added =
        AddExpression(type, RuleOf(rules.cel_expression(i)),
                      absl::StrCat(path, "cel_expression[", i, "]"),
                      field->file(), {}, set, out);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status AddCelRules(const pb::Descriptor* message,
                         const bv::MessageRules& rules, RuleSet* set,
                         Rules* out) {
  const cel::Type type = cel::Type::OfMessage(message);
  for (const std::string& expression : rules.cel_expression()) {
    const absl::Status added = AddExpression(type, RuleOf(expression), "",
                                             message->file(), {}, set, out);
    if (!added.ok()) return added;
  }
  for (const bv::Rule& rule : rules.cel()) {
    const absl::Status added =
        AddExpression(type, rule, "", message->file(), {}, set, out);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status AddPredefinedRules(const pb::FieldDescriptor* field, bool whole,
                                const pb::Message& rules,
                                absl::string_view path, RuleSet* set,
                                Rules* out) {
  const pb::Reflection* reflection = rules.GetReflection();
  const pb::UnknownFieldSet& unknown = reflection->GetUnknownFields(rules);
  if (!unknown.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the rule ", path, ".field ", unknown.field(0).number(),
                     " is not enforced: the schema does not define it"));
  }
  const pb::Descriptor* native =
      pb::DescriptorPool::generated_pool()->FindMessageTypeByName(
          rules.GetDescriptor()->full_name());
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(rules, &fields);
  for (const pb::FieldDescriptor* rule : fields) {
    if (!rule->is_extension() &&
        (rule->name() == "example" ||
         (native != nullptr &&
          native->FindFieldByNumber(rule->number()) != nullptr))) {
      continue;
    }
    const std::string name = rule->is_extension()
                                 ? absl::StrCat("[", rule->full_name(), "]")
                                 : rule->name();
    const bv::PredefinedRules& predefined =
        rule->options().GetExtension(bv::predefined);
    if (predefined.cel().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the rule ", path, ".", name, " (field ", rule->number(),
                       ") is not enforced: it has no definition in CEL"));
    }
    for (const bv::Rule& each : predefined.cel()) {
      const absl::Status added = AddExpression(
          TypeOfThis(field, whole), each, absl::StrCat(path, ".", name),
          rule->file(), {&rules, rule}, set, out);
      if (!added.ok()) return added;
    }
  }
  return absl::OkStatus();
}

}  // namespace sse_bridge

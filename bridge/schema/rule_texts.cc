#include "bridge/schema/rule_texts.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/validation_range.h"
#include "bridge/schema/validation_rules.h"
#include "bridge/schema/validator_compiler.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
namespace bv = ::buf::validate;

// Some violations say what is wrong, not what is demanded. Their wording is
// protovalidate's.
constexpr std::pair<absl::string_view, absl::string_view> kDemands[] = {
    {"does not match regex pattern ", "must match regex pattern "},
    {"does not have prefix ", "must have prefix "},
    {"does not have suffix ", "must have suffix "},
    {"does not contain ", "must contain "},
    {"contains substring ", "must not contain substring "},
    {"map must be at ", "must have at "},
    {"repeated value must ", "must "},
    {"value must ", "must "},
};

std::string DemandOf(const Rule& rule) {
  absl::string_view message = rule.breach().message;
  if (!rule.expression().empty()) {
    return message.empty()
               ? absl::StrCat("must satisfy `", rule.expression(), "`")
               : std::string(message);
  }
  for (const auto& [violation, demand] : kDemands) {
    if (absl::ConsumePrefix(&message, violation)) {
      return absl::StrCat(demand, message);
    }
  }
  return std::string(message);
}

std::vector<RuleText> RuleTextsOf(const Rules& rules) {
  std::vector<RuleText> texts;
  for (const auto& rule : rules) {
    const Breach& breach = rule->breach();
    // The same rule, for the empty text.
    if (absl::EndsWith(breach.id, "_empty") && !texts.empty() &&
        texts.back().rule == breach.rule) {
      continue;
    }
    texts.push_back({breach.id, breach.rule, DemandOf(*rule),
                     std::string(rule->expression())});
  }
  return texts;
}

// Violations show the numbers of an enum, but JSON has its names.
void NameEnumValues(const pb::EnumDescriptor* type, const bv::EnumRules& rules,
                    std::vector<RuleText>* texts) {
  const auto name = [type](int number) {
    const pb::EnumValueDescriptor* value = type->FindValueByNumber(number);
    return value == nullptr ? absl::StrCat(number) : value->name();
  };
  for (RuleText& each : *texts) {
    if (!each.expression.empty()) continue;
    if (each.id == "enum.const") {
      each.text = absl::StrCat("must equal ", name(rules.const_()));
    } else if (each.id == "enum.in") {
      each.text = absl::StrCat("must be in list ", ListText(rules.in(), name));
    } else if (each.id == "enum.not_in") {
      each.text =
          absl::StrCat("must not be in list ", ListText(rules.not_in(), name));
    }
  }
}

}  // namespace

bv::Ignore IgnoreOf(const pb::FieldDescriptor* field) {
  const bv::FieldRules& rules = field->options().GetExtension(bv::field);
  if (rules.has_ignore() || field->is_extension()) return rules.ignore();
  const auto& oneofs =
      field->containing_type()->options().GetExtension(bv::message).oneof();
  const bool named = std::any_of(
      oneofs.begin(), oneofs.end(), [field](const bv::MessageOneofRule& rule) {
        return absl::c_linear_search(rule.fields(), field->name());
      });
  return named ? bv::IGNORE_IF_ZERO_VALUE : bv::IGNORE_UNSPECIFIED;
}

RuleTexts::RuleTexts() = default;
RuleTexts::~RuleTexts() = default;

const MessageChecks& RuleTexts::ChecksOf(const pb::Descriptor* message) {
  std::unique_ptr<ValidatorCompiler>& compiler =
      compilers_[message->file()->pool()];
  if (compiler == nullptr) compiler = std::make_unique<ValidatorCompiler>();
  SchemaErrors ignored;
  return compiler->ChecksOf(message, &ignored);
}

FieldRuleTexts RuleTexts::OfField(const pb::FieldDescriptor* field) {
  FieldRuleTexts texts;
  // Extensions are not validated.
  if (field->is_extension() || !field->options().HasExtension(bv::field)) {
    return texts;
  }
  const MessageChecks& checks = ChecksOf(field->containing_type());
  for (const FieldChecks& each : checks.fields) {
    if (each.field != field) continue;
    texts.required = each.required;
    texts.whole = RuleTextsOf(each.whole);
    texts.keys = RuleTextsOf(each.keys.rules);
    texts.value = RuleTextsOf(each.value.rules);
  }
  const bv::FieldRules& rules = field->options().GetExtension(bv::field);
  if (field->is_map()) {
    const pb::EnumDescriptor* type =
        field->message_type()->map_value()->enum_type();
    if (type != nullptr) {
      NameEnumValues(type, rules.map().values().enum_(), &texts.value);
    }
  } else if (field->enum_type() != nullptr) {
    NameEnumValues(
        field->enum_type(),
        field->is_repeated() ? rules.repeated().items().enum_() : rules.enum_(),
        &texts.value);
  }
  return texts;
}

std::vector<RuleText> RuleTexts::OfMessage(const pb::Descriptor* message) {
  bool has = message->options().HasExtension(bv::message);
  for (int i = 0; i < message->oneof_decl_count() && !has; ++i) {
    has = message->oneof_decl(i)->options().HasExtension(bv::oneof);
  }
  if (!has) return {};
  const MessageChecks& checks = ChecksOf(message);
  std::vector<RuleText> texts = RuleTextsOf(checks.rules);
  for (RuleText& text : texts) text.rule = "cel";
  for (const OneofCheck& oneof : checks.oneofs) {
    texts.push_back({"message.oneof", "oneof",
                     absl::StrCat(oneof.required ? "exactly" : "at most",
                                  " one of ", oneof.names,
                                  oneof.required ? " must" : " can", " be set"),
                     ""});
  }
  for (const pb::OneofDescriptor* oneof : checks.required_oneofs) {
    texts.push_back(
        {"required", absl::StrCat(oneof->name(), ".required"),
         absl::StrCat("one field of ", oneof->name(), " must be set"), ""});
  }
  return texts;
}

}  // namespace sse_bridge

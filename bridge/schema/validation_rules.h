#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_

// Shared by Validator, ValidatorCompiler and the rules only.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/cel/budget.h"
#include "bridge/schema/scalar_value.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

struct MessageChecks;

// What a rule is checked against: a field, an element of a list, a key or value
// of a map (a field of its entry), or a whole message. Borrowed.
struct Subject {
  const google::protobuf::Message* parent = nullptr;
  const google::protobuf::FieldDescriptor* field = nullptr;  // of `parent`
  int index = -1;  // of an element, if only that is meant

  ScalarValue scalar;  // of a scalar, an enum, or a wrapper
  const google::protobuf::Message* message = nullptr;  // of a message
};

// How a rule that does not hold is reported.
struct Breach {
  std::string id;       // "string.min_len"
  std::string rule;     // path within FieldRules: "repeated.items.string.len"
  std::string message;  // "must be at least 3 characters"
};

// What one validation has found.
class Report {
 public:
  virtual ~Report() = default;
  virtual void Add(const Breach& breach) = 0;
  // The rule could not be evaluated. Ends the validation.
  virtual void Fail(absl::Status status) = 0;
  // The same throughout one validation.
  virtual absl::Time now() = 0;
  virtual cel::Budget* budget() = 0;
};

// One rule. Immutable and thread-safe.
class Rule {
 public:
  virtual ~Rule() = default;
  virtual void Check(const Subject& subject, Report& report) const = 0;

  // What Check reports. The message is empty if an expression makes it.
  virtual const Breach& breach() const = 0;

  // The rule's text in CEL; empty for native rules.
  virtual absl::string_view expression() const { return ""; }
};

using Rules = std::vector<std::unique_ptr<const Rule>>;

// A rule that does not allocate unless it is broken. `holds` takes the Subject
// and the Report, and allocates nothing.
template <typename Holds>
class NativeRule : public Rule {
 public:
  NativeRule(Breach breach, Holds holds)
      : breach_(std::move(breach)), holds_(std::move(holds)) {}

  void Check(const Subject& subject, Report& report) const override {
    if (!holds_(subject, report)) report.Add(breach_);
  }
  const Breach& breach() const override { return breach_; }

 private:
  const Breach breach_;
  const Holds holds_;
};

// Adds the native rules of one message of rules, such as StringRules.
class RuleAdder {
 public:
  // `kind` is the prefix of the rules' IDs ("string"), `path` is that of the
  // message within FieldRules ("repeated.items.string").
  RuleAdder(absl::string_view kind, absl::string_view path, Rules* out)
      : kind_(kind), path_(path), out_(out) {}

  // Adds the rule `field`, whose ID ends in `id`.
  template <typename Holds>
  void Add(absl::string_view field, absl::string_view id, std::string message,
           Holds holds) {
    out_->push_back(std::make_unique<NativeRule<Holds>>(
        Breach{kind_ + "." + std::string(id), path_ + "." + std::string(field),
               std::move(message)},
        std::move(holds)));
  }

 private:
  const std::string kind_;
  const std::string path_;
  Rules* const out_;
};

// Each adds the rules that validate.proto defines and `rules` has, in native
// code. `path` is that of the FieldRules: "", or "repeated.items." Errors are
// kInvalidArgument.
void AddNumberRules(const google::protobuf::FieldDescriptor* field,
                    const buf::validate::FieldRules& rules,
                    absl::string_view path, Rules* out);
absl::Status AddStringRules(const buf::validate::StringRules& rules,
                            absl::string_view path, Rules* out);
// The part of AddStringRules for strings with a format, such as an address.
void AddStringFormats(const buf::validate::StringRules& rules, RuleAdder* add);
absl::Status AddBytesRules(const buf::validate::BytesRules& rules,
                           absl::string_view path, Rules* out);
void AddDurationRules(const buf::validate::DurationRules& rules,
                      absl::string_view path, Rules* out);
void AddTimestampRules(const buf::validate::TimestampRules& rules,
                       absl::string_view path, Rules* out);
void AddFieldMaskRules(const buf::validate::FieldMaskRules& rules,
                       absl::string_view path, Rules* out);
void AddAnyRules(const buf::validate::AnyRules& rules, absl::string_view path,
                 Rules* out);
// Of the whole list or map, not of its elements.
void AddListRules(const buf::validate::RepeatedRules& rules, Rules* out);
void AddMapRules(const buf::validate::MapRules& rules, Rules* out);

// What is checked of a singular field's value, an element, a key or a value.
struct ValueChecks {
  // IGNORE_ALWAYS, and IGNORE_IF_ZERO_VALUE of elements.
  bool never = false;
  bool skip_zero = false;

  Rules rules;

  // If set, rules take this field of the value, which is a wrapper message.
  const google::protobuf::FieldDescriptor* wrapped = nullptr;

  // Checks of the message's own type; may be null.
  const MessageChecks* message = nullptr;

  bool empty() const { return rules.empty() && message == nullptr; }
};

struct FieldChecks {
  const google::protobuf::FieldDescriptor* field = nullptr;
  bool required = false;
  enum class When { kAlways, kIfSet, kNever } when = When::kAlways;
  Rules whole;  // of a list or map
  ValueChecks keys;
  ValueChecks value;  // of the field, its elements, or the map's values
};

// At most one of the fields, or exactly one, is set.
struct OneofCheck {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  bool required = false;
  std::string names;  // "a, b"
};

struct MessageChecks {
  const google::protobuf::Descriptor* type = nullptr;
  std::vector<FieldChecks> fields;
  Rules rules;  // of the whole message
  std::vector<OneofCheck> oneofs;
  std::vector<const google::protobuf::OneofDescriptor*> required_oneofs;

  // Whether there is a rule here or in a reachable message.
  bool active = false;
};

// The checks of all message types in one schema's requests. Types may refer to
// each other in cycles, so one object owns them all.
struct RuleSet {
  // Makes messages of the schema's own pool. Outlives what was made with it.
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory;
  std::vector<std::unique_ptr<const google::protobuf::Message>> rule_messages;
  absl::flat_hash_map<const google::protobuf::Descriptor*,
                      std::unique_ptr<MessageChecks>>
      messages;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_

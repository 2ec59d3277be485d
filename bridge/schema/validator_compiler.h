#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_COMPILER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_COMPILER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/validation_rules.h"
#include "bridge/schema/validator.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Compiles validators for many types; each message type is compiled once. Not
// thread-safe. Validators may outlive the compiler.
class ValidatorCompiler {
 public:
  ValidatorCompiler() : rules_(std::make_shared<RuleSet>()) {}

  // Returns null if neither `type` nor a message in it has a rule. Appends
  // rules that cannot be enforced to `errors`.
  std::shared_ptr<const Validator> Compile(
      const google::protobuf::Descriptor* type, SchemaErrors* errors);

  // Returns the checks of `type`, which this object and its validators own.
  // Appends rules that cannot be enforced to `errors`, at the first call that
  // reaches their type.
  const MessageChecks& ChecksOf(const google::protobuf::Descriptor* type,
                                SchemaErrors* errors);

 private:
  // Returns the rules of `type`, which may not be compiled yet.
  MessageChecks* RulesOf(const google::protobuf::Descriptor* type);

  void CompileMessage(MessageChecks* message, SchemaErrors* errors);
  FieldChecks CompileField(MessageChecks* parent,
                           const google::protobuf::FieldDescriptor* field,
                           SchemaErrors* errors);
  // Compiles `rules`, whose path is `path`, for a value of `type`; errors are
  // those of field `blame`.
  ValueChecks CompileValue(MessageChecks* parent,
                           const google::protobuf::FieldDescriptor* type,
                           const google::protobuf::FieldDescriptor* blame,
                           const buf::validate::FieldRules& rules,
                           const std::string& path, SchemaErrors* errors);

  // Adds rules that are not native: of `field`, or of its values.
  void AddForeignRules(const google::protobuf::FieldDescriptor* field,
                       bool whole,
                       const google::protobuf::FieldDescriptor* blame,
                       const buf::validate::FieldRules& rules,
                       const std::string& path, Rules* out,
                       SchemaErrors* errors);
  void CompileOneofs(MessageChecks* message, SchemaErrors* errors);
  void Activate(MessageChecks* message);

  const std::shared_ptr<RuleSet> rules_;
  std::vector<MessageChecks*> waiting_;  // to be compiled
  absl::flat_hash_map<const MessageChecks*, std::vector<MessageChecks*>>
      parents_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_COMPILER_H_

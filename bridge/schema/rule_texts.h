#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_RULE_TEXTS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_RULE_TEXTS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

struct MessageChecks;
class ValidatorCompiler;

// Returns when the rules of a field do not apply. This is its `ignore`, and
// IGNORE_IF_ZERO_VALUE for a field without one that a `oneof` rule of its
// message names.
buf::validate::Ignore IgnoreOf(const google::protobuf::FieldDescriptor* field);

// What a buf.validate rule demands, in words. Documents, clients and forms show
// these texts, which are made from the messages of violations.
struct RuleText {
  std::string id;          // of its violations: "string.min_len"
  std::string rule;        // path within FieldRules: "map.keys.string.min_len"
  std::string text;        // "must be at least 3 characters"
  std::string expression;  // of a rule in CEL
};

// The violation of `required`.
inline constexpr char kRequiredMessage[] = "value is required";

struct FieldRuleTexts {
  bool required = false;
  std::vector<RuleText> whole;  // of a list or map
  std::vector<RuleText> keys;   // of a map
  std::vector<RuleText> value;  // of the field, of each element, of each value
};

// Describes the rules of a schema. A rule that the bridge cannot enforce has no
// text: methods whose requests contain it are not served. Not thread-safe. The
// descriptors must outlive this object.
class RuleTexts {
 public:
  RuleTexts();
  ~RuleTexts();
  RuleTexts(const RuleTexts&) = delete;
  RuleTexts& operator=(const RuleTexts&) = delete;

  // The rules of a field itself. Empty if it ignores them always.
  FieldRuleTexts OfField(const google::protobuf::FieldDescriptor* field);

  // The rules of a message as a whole, `cel` and `oneof`, and those of its
  // oneofs. `rule` is "cel", "oneof" or "NAME.required" of a oneof.
  std::vector<RuleText> OfMessage(const google::protobuf::Descriptor* message);

 private:
  const MessageChecks& ChecksOf(const google::protobuf::Descriptor* message);

  // A schema may have several pools, with extensions of their own.
  std::map<const google::protobuf::DescriptorPool*,
           std::unique_ptr<ValidatorCompiler>>
      compilers_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_RULE_TEXTS_H_

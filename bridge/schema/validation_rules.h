#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_

// What Validator and ValidatorCompiler share; nobody else includes it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/scalar_value.h"
#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

struct MessageRules;

// The rules of one scalar value. Immutable.
class ScalarRules {
 public:
  virtual ~ScalarRules() = default;

  // Appends a description of each rule that `value` breaks.
  virtual void Check(const ScalarValue& value,
                     std::vector<std::string>* broken) const = 0;
};

// The rules that `constraints` has for a value of the type of `field` (its
// element, if it is repeated). Null when there are none; InvalidArgument when
// they are for another type, or a pattern does not compile.
absl::StatusOr<std::unique_ptr<const ScalarRules>> CompileScalarRules(
    const google::protobuf::FieldDescriptor* field,
    const buf::validate::FieldConstraints& constraints);

// The rules that `constraints` has for the type URL of a google.protobuf.Any.
// Null when there are none.
std::unique_ptr<const ScalarRules> CompileAnyRules(
    const buf::validate::FieldConstraints& constraints);

// The rules of a single value: of a singular field, of an element, or of a key
// or value of a map.
struct ValueRules {
  std::unique_ptr<const ScalarRules> scalar;  // may be null

  // `scalar` is for this field of the value, which is a wrapper message or an
  // Any.
  const google::protobuf::FieldDescriptor* wrapped = nullptr;

  // The value is a message with rules of its own. May be null.
  const MessageRules* message = nullptr;

  bool empty() const { return scalar == nullptr && message == nullptr; }
};

struct FieldRules {
  const google::protobuf::FieldDescriptor* field = nullptr;
  bool required = false;
  std::optional<uint64_t> min_size;  // items or pairs
  std::optional<uint64_t> max_size;
  bool unique = false;
  ValueRules keys;
  ValueRules value;  // of the field, its elements, or the values of the map
};

struct MessageRules {
  const google::protobuf::Descriptor* type = nullptr;
  std::vector<FieldRules> fields;

  // There is a rule here, or in a message that can be reached from here.
  bool active = false;
};

// The rules of all messages that one schema's requests can hold. Types refer
// to each other, also in circles, so one owner has them all.
struct RuleSet {
  absl::flat_hash_map<const google::protobuf::Descriptor*,
                      std::unique_ptr<MessageRules>>
      messages;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_

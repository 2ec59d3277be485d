#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_

// Shared by Validator and ValidatorCompiler only.

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

  // Appends a description of each rule that `value` violates.
  virtual void Check(const ScalarValue& value,
                     std::vector<std::string>* broken) const = 0;
};

// Compiles the rules of `constraints` for a value of the type of `field` (its
// element type, if repeated). Returns null if there are none, and
// kInvalidArgument if they are for another type or a pattern does not compile.
absl::StatusOr<std::unique_ptr<const ScalarRules>> CompileScalarRules(
    const google::protobuf::FieldDescriptor* field,
    const buf::validate::FieldConstraints& constraints);

// Compiles the rules of `constraints` for the type URL of a
// google.protobuf.Any. Returns null if there are none.
std::unique_ptr<const ScalarRules> CompileAnyRules(
    const buf::validate::FieldConstraints& constraints);

// Rules of a single value: a singular field, an element of a list, or a key or
// value of a map.
struct ValueRules {
  std::unique_ptr<const ScalarRules> scalar;  // may be null

  // If set, `scalar` applies to this field of the value, which is a wrapper
  // message or an Any.
  const google::protobuf::FieldDescriptor* wrapped = nullptr;

  // Rules of the message's own type; may be null.
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
  ValueRules value;  // of the field, its elements, or the map's values
};

struct MessageRules {
  const google::protobuf::Descriptor* type = nullptr;
  std::vector<FieldRules> fields;

  // Whether there is a rule here or in a reachable message.
  bool active = false;
};

// The rules of all message types in one schema's requests. Types may refer to
// each other in cycles, so one object owns them all.
struct RuleSet {
  absl::flat_hash_map<const google::protobuf::Descriptor*,
                      std::unique_ptr<MessageRules>>
      messages;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RULES_H_

#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

struct MessageRules;
struct RuleSet;

// A violated rule.
struct RuleViolation {
  // Proto field names, with indices and keys: `items[3].name`, `by_id["a"]`.
  std::string field;
  std::string description;  // "must have at least 1 item"

  bool operator==(const RuleViolation&) const = default;
};

// Validates messages of one type against the buf.validate rules of its fields
// and nested messages. Follows protovalidate: rules of fields with presence
// apply if the field is set, other rules always; `required` also rejects zero
// values of fields without presence. Immutable and thread-safe.
class Validator {
 public:
  // Returns kInvalidArgument naming file, field and reason of each rule that
  // cannot be enforced. The descriptor's pool must outlive the validator.
  static absl::StatusOr<std::shared_ptr<const Validator>> Compile(
      const google::protobuf::Descriptor* type);

  // Returns all violations, up to a limit, in field order; empty if the message
  // is valid. The message must have exactly the descriptor that was compiled.
  std::vector<RuleViolation> Validate(
      const google::protobuf::Message& message) const;

 private:
  friend class ValidatorCompiler;

  Validator(std::shared_ptr<const RuleSet> rules, const MessageRules* root)
      : rules_(std::move(rules)), root_(root) {}

  const std::shared_ptr<const RuleSet> rules_;  // owns what root_ points to
  const MessageRules* const root_;
};

// Returns OK if there are no violations. Otherwise returns kInvalidArgument
// with the first one as message and all of them as a google.rpc.BadRequest in
// the payload kBadRequestUrl.
absl::Status ToStatus(const std::vector<RuleViolation>& violations);

inline constexpr char kBadRequestUrl[] =
    "type.googleapis.com/google.rpc.BadRequest";

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_

#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

struct MessageChecks;
struct RuleSet;

// A violated rule, as protovalidate's buf.validate.Violation.
struct RuleViolation {
  // Proto field names, with indices and keys: `items[3].name`, `by_id["a"]`.
  // Empty for a rule of the whole message.
  std::string field;
  std::string description;  // "must be at least 3 characters"
  std::string rule_id;      // "string.min_len"
  std::string rule;         // "repeated.items.string.min_len"
  bool for_key = false;     // of a map's key, not its value

  bool operator==(const RuleViolation&) const = default;
};

// Validates messages of one type against the buf.validate rules of its fields
// and nested messages, as protovalidate does (https://protovalidate.com).
// Immutable and thread-safe.
class Validator {
 public:
  // Returns kInvalidArgument naming file, field and reason of each rule that
  // cannot be enforced. The descriptor's pool must outlive the validator.
  static absl::StatusOr<std::shared_ptr<const Validator>> Compile(
      const google::protobuf::Descriptor* type);

  // Returns all violations, up to a limit, in field order; empty if the message
  // is valid. The message must have exactly the descriptor that was compiled.
  // Errors are of rules that could not be evaluated: kResourceExhausted if
  // their expressions cost too much, kInternal otherwise. Native rules do not
  // allocate if the message is valid, except for `unique` lists of more than
  // 128 items. `now` is taken at the first rule that needs it, unless given.
  absl::StatusOr<std::vector<RuleViolation>> Validate(
      const google::protobuf::Message& message,
      absl::Time now = absl::InfinitePast()) const;

 private:
  friend class ValidatorCompiler;

  Validator(std::shared_ptr<const RuleSet> rules, const MessageChecks* root)
      : rules_(std::move(rules)), root_(root) {}

  const std::shared_ptr<const RuleSet> rules_;  // owns what root_ points to
  const MessageChecks* const root_;
};

// Returns OK if there are no violations. Otherwise returns kInvalidArgument
// with the first one as message and all of them as a google.rpc.BadRequest in
// the payload kBadRequestUrl.
absl::Status ToStatus(const std::vector<RuleViolation>& violations);

inline constexpr char kBadRequestUrl[] =
    "type.googleapis.com/google.rpc.BadRequest";

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_

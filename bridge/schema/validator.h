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

// One rule that a request breaks.
struct RuleViolation {
  // Proto field names, with indices and keys: `items[3].name`, `by_id["a"]`.
  std::string field;
  std::string description;  // "must have at least 1 item"

  bool operator==(const RuleViolation&) const = default;
};

// Checks messages of one type against the buf.validate rules of its fields and
// of the messages in them, with protovalidate's meaning: the rules of a field
// with presence hold when it is set, those of other fields always, and
// `required` also refuses their zero values. Immutable; safe for any number of
// threads.
class Validator {
 public:
  // InvalidArgument names file, field and reason of each rule that cannot be
  // enforced. The descriptor's pool must outlive the validator.
  static absl::StatusOr<std::shared_ptr<const Validator>> Compile(
      const google::protobuf::Descriptor* type);

  // All violations, up to a limit, in the order of the fields; empty if the
  // message is valid. It must be of exactly the descriptor that was compiled.
  std::vector<RuleViolation> Validate(
      const google::protobuf::Message& message) const;

 private:
  friend class ValidatorCompiler;

  Validator(std::shared_ptr<const RuleSet> rules, const MessageRules* root)
      : rules_(std::move(rules)), root_(root) {}

  const std::shared_ptr<const RuleSet> rules_;  // owns what root_ leads to
  const MessageRules* const root_;
};

// Ok without violations; else InvalidArgument that tells the first of them and
// carries all as a google.rpc.BadRequest, in the payload named by
// kBadRequestUrl.
absl::Status ToStatus(const std::vector<RuleViolation>& violations);

inline constexpr char kBadRequestUrl[] =
    "type.googleapis.com/google.rpc.BadRequest";

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATOR_H_

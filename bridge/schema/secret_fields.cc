#include "bridge/schema/secret_fields.h"

#include <vector>

#include "absl/container/flat_hash_set.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;

// FieldOptions.debug_redact, which libprotobuf 3.21 does not know yet.
constexpr int kDebugRedact = 16;

bool IsRedacted(const pb::FieldDescriptor* field) {
  const pb::FieldOptions& options = field->options();
  if (const pb::FieldDescriptor* const known =
          options.GetDescriptor()->FindFieldByNumber(kDebugRedact)) {
    return options.GetReflection()->GetBool(options, known);
  }
  bool redacted = false;
  const pb::UnknownFieldSet& unknown =
      options.GetReflection()->GetUnknownFields(options);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const pb::UnknownField& each = unknown.field(i);
    if (each.number() == kDebugRedact &&
        each.type() == pb::UnknownField::TYPE_VARINT) {
      redacted = each.varint() != 0;
    }
  }
  return redacted;
}

}  // namespace

bool MayContainSecrets(const pb::Descriptor* message) {
  absl::flat_hash_set<const pb::Descriptor*> seen = {message};
  std::vector<const pb::Descriptor*> left = {message};
  while (!left.empty()) {
    const pb::Descriptor* const next = left.back();
    left.pop_back();
    for (int i = 0; i < next->field_count(); ++i) {
      const pb::FieldDescriptor* const field = next->field(i);
      if (IsRedacted(field)) return true;
      const pb::Descriptor* const inner = field->message_type();
      if (inner != nullptr && seen.insert(inner).second) left.push_back(inner);
    }
  }
  return false;
}

}  // namespace sse_bridge

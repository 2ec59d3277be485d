#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_JSON_FORM_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_JSON_FORM_H_

// ProtoJSON (protobuf.dev, "ProtoJSON Format") as shared by the generators:
// names, kinds and presence of fields, matching what bridge/transcode prints.

#include <string>
#include <vector>

#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// JSON form of a single value, ignoring repetition.
enum class JsonKind {
  kInteger,   // 32 bits: a number
  kLong,      // 64 bits: a string of digits
  kFloating,  // a number, or "NaN", "Infinity", "-Infinity"
  kBool,
  kString,
  kBytes,  // base64
  kEnum,
  kNull,  // google.protobuf.NullValue
  kMessage,
  kAny,
  kTimestamp,
  kDuration,
  kFieldMask,
  kStruct,
  kValue,  // any JSON
  kListValue,
  kWrapper,  // the JSON form of its only field
};

// Kind of a field's element; for a map, of its entry (kMessage).
JsonKind KindOf(const google::protobuf::FieldDescriptor* field);
JsonKind KindOf(const google::protobuf::Descriptor* message);

// Returns whether a kInteger or kLong is unsigned.
bool IsUnsigned(const google::protobuf::FieldDescriptor* field);

// The member's name: the proto name or the JSON name; "[full.name]" for an
// extension.
std::string JsonName(const google::protobuf::FieldDescriptor* field,
                     const sse::v1::Json& json);

// Returns whether the member is present in every message that the bridge
// prints.
bool IsAlwaysPrinted(const google::protobuf::FieldDescriptor* field,
                     const sse::v1::Json& json);

// The fields of a message and its extensions in the pool, by number.
std::vector<const google::protobuf::FieldDescriptor*> FieldsOf(
    const google::protobuf::Descriptor* message);

// The names that are printed: of aliases, only the first.
std::vector<std::string> NamesOf(
    const google::protobuf::EnumDescriptor* enumeration);

// Returns whether unnamed values are possible; they are printed as numbers.
bool IsOpenEnum(const google::protobuf::FieldDescriptor* field);

// The buf.validate rules that hold for a field, including those of its
// elements. Empty if it ignores them always. `ignore` is IGNORE_IF_ZERO_VALUE
// if a zero value is accepted although it violates them, and else not set.
buf::validate::FieldRules RulesOf(
    const google::protobuf::FieldDescriptor* field);

// The same for one of its values: the field's own, or those of its elements.
buf::validate::FieldRules ElementRulesOf(
    const google::protobuf::FieldDescriptor* field);

// The same for the keys of a map.
buf::validate::FieldRules KeyRulesOf(
    const google::protobuf::FieldDescriptor* map);

// Returns whether zero is accepted although it violates these rules.
bool AllowsZero(const buf::validate::FieldRules& rules);

// The texts of an `in` or `const` rule of a string; empty if there is none.
std::vector<std::string> AllowedTexts(const buf::validate::FieldRules& rules);

// Like AllowedTexts, for the numbers of an enum.
std::vector<int> AllowedEnumNumbers(
    const buf::validate::FieldRules& rules,
    const google::protobuf::EnumDescriptor* enumeration);

// Returns whether the rules exclude NaN and infinities.
bool IsFinite(const google::protobuf::FieldDescriptor* field,
              const buf::validate::FieldRules& rules);

// A type that `any.in` allows an Any to hold; only types that the pool has.
struct AnyCandidate {
  std::string url;
  const google::protobuf::Descriptor* type;
};
std::vector<AnyCandidate> CandidatesOf(
    const google::protobuf::FieldDescriptor* any,
    const buf::validate::FieldRules& rules);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_JSON_FORM_H_

#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_JSON_FORM_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_JSON_FORM_H_

// What the generators share of ProtoJSON (protobuf.dev, "ProtoJSON Format"):
// names, kinds and presence of fields, as bridge/transcode prints them.

#include <string>
#include <vector>

#include "buf/validate/validate.pb.h"
#include "google/protobuf/descriptor.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

// What one value looks like in JSON, whatever repeats it.
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
  kWrapper,  // the JSON of its only field
};

// Of a field's element; of a map, that of its entry (kMessage).
JsonKind KindOf(const google::protobuf::FieldDescriptor* field);
JsonKind KindOf(const google::protobuf::Descriptor* message);

// Unsigned, of kInteger and kLong.
bool IsUnsigned(const google::protobuf::FieldDescriptor* field);

// The member's name: of the proto or of JSON; "[full.name]" of an extension.
std::string JsonName(const google::protobuf::FieldDescriptor* field,
                     const sse::v1::Json& json);

// The member is there in every message that the bridge prints.
bool IsAlwaysPrinted(const google::protobuf::FieldDescriptor* field,
                     const sse::v1::Json& json);

// The fields of a message and the pool's extensions of it, by number.
std::vector<const google::protobuf::FieldDescriptor*> FieldsOf(
    const google::protobuf::Descriptor* message);

// The names that are printed: of aliases, the first.
std::vector<std::string> NamesOf(
    const google::protobuf::EnumDescriptor* enumeration);

// Values without a name can come, and are printed as numbers.
bool IsOpenEnum(const google::protobuf::FieldDescriptor* field);

// The buf.validate rules of a field, and of what is within it.
const buf::validate::FieldConstraints& RulesOf(
    const google::protobuf::FieldDescriptor* field);

// The rules that hold for one value of it: its own, or its elements'.
const buf::validate::FieldConstraints& ElementRulesOf(
    const google::protobuf::FieldDescriptor* field);

// The texts of an `in` or `const` rule for a string; empty without one.
std::vector<std::string> AllowedTexts(
    const buf::validate::FieldConstraints& rules);

// The same for an enum, by name; values without a name are left out.
std::vector<std::string> AllowedNames(
    const buf::validate::FieldConstraints& rules,
    const google::protobuf::EnumDescriptor* enumeration);

// The rules leave no place for NaN and the infinities.
bool IsFinite(const google::protobuf::FieldDescriptor* field,
              const buf::validate::FieldConstraints& rules);

// What an Any may hold by its `any.in` rule, where the pool has the type.
struct AnyCandidate {
  std::string url;
  const google::protobuf::Descriptor* type;
};
std::vector<AnyCandidate> CandidatesOf(
    const google::protobuf::FieldDescriptor* any,
    const buf::validate::FieldConstraints& rules);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_JSON_FORM_H_

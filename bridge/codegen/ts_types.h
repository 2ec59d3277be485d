#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_

#include <memory>
#include <set>
#include <string>

#include "bridge/codegen/shapes.h"
#include "bridge/codegen/ts_names.h"
#include "bridge/schema/rule_texts.h"
#include "bridge/schema/schema.h"
#include "buf/validate/validate.pb.h"

namespace sse_bridge {

// TypeScript types of a schema's messages in JSON form: `messages.d.ts`, and
// their descriptors. Uses no global names, so a message may have any name;
// types of the runtime are imported as `$rt` and `$v`. A oneof is a union that
// any member which is set tells apart.
class TsTypes {
 public:
  explicit TsTypes(const Schema& schema);

  // Returns the texts of messages.d.ts and messages.js.
  std::string Declarations() const;
  std::string Constants() const;

  // Returns the type of a method's request, and whether it may be omitted.
  std::string RequestType(const Method& method) const;
  bool IsRequestOptional(const Method& method) const;

  // Returns the response type of a route of the method.
  std::string ResponseType(const Route& route) const;

 private:
  // `prefix` is how types of this file are referenced: empty within it, a
  // namespace from elsewhere.
  std::string FieldType(const google::protobuf::FieldDescriptor* field,
                        bool input, int json, const std::string& prefix) const;
  std::string ElementType(const google::protobuf::FieldDescriptor* field,
                          const buf::validate::FieldRules& rules, bool input,
                          int json, const std::string& prefix) const;
  std::string MessageType(const google::protobuf::Descriptor* type, bool input,
                          int json, const std::string& prefix) const;
  std::string EnumType(const google::protobuf::FieldDescriptor* field,
                       const buf::validate::FieldRules& rules, bool input,
                       int json, const std::string& prefix) const;
  std::string AnyType(const google::protobuf::FieldDescriptor* field,
                      const buf::validate::FieldRules& rules, bool input,
                      int json, const std::string& prefix) const;
  std::string Enum(const google::protobuf::EnumDescriptor* type) const;
  std::string Message(const Shape& shape) const;

  // Returns one field of a message. A required one has no question mark.
  std::string Member(const google::protobuf::FieldDescriptor* field,
                     const Shape& shape, bool required) const;

  // Returns the oneofs of a message that are unions; the members of the others
  // are declared by themselves.
  std::set<const google::protobuf::OneofDescriptor*> UnionsOf(
      const Shape& shape) const;

  // Returns how many members a oneof has, and none; 0 if it is no union.
  int ChoicesOf(const google::protobuf::OneofDescriptor* oneof,
                const Shape& shape) const;

  std::string NameOf(const google::protobuf::FieldDescriptor* field,
                     const Shape& shape) const;
  bool IsLeftOut(const google::protobuf::FieldDescriptor* field,
                 const Shape& shape) const;
  bool IsRequired(const google::protobuf::FieldDescriptor* field,
                  const Shape& shape) const;

  const Shapes shapes_;
  const std::unique_ptr<RuleTexts> texts_;
  const TsTypeNames names_;

  // Request fields that the bridge sets itself, and those that every route
  // needs in its path.
  std::set<const google::protobuf::FieldDescriptor*> left_out_;
  std::set<const google::protobuf::FieldDescriptor*> in_paths_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_

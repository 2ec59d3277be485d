#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_

#include <map>
#include <memory>
#include <set>
#include <string>

#include "bridge/codegen/shapes.h"
#include "bridge/codegen/ts_names.h"
#include "bridge/schema/rule_texts.h"
#include "bridge/schema/schema.h"
#include "buf/validate/validate.pb.h"

namespace sse_bridge {

// TypeScript types of a schema's messages in JSON form: `messages.d.ts`. Uses
// no global names, so a message may have any name; runtime types are imported
// as `$rt`.
class TsTypes {
 public:
  explicit TsTypes(const Schema& schema);

  // Returns the text of messages.d.ts.
  std::string Declarations() const;

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
  std::string Interface(const Shape& shape) const;
  bool IsRequired(const google::protobuf::FieldDescriptor* field,
                  const Shape& shape) const;

  const Shapes shapes_;
  const std::unique_ptr<RuleTexts> texts_;
  TsTypeNames type_names_;
  std::map<Shape, std::string> names_;

  // Request fields that the bridge sets itself, and those that every route
  // needs in its path.
  std::set<const google::protobuf::FieldDescriptor*> left_out_;
  std::set<const google::protobuf::FieldDescriptor*> in_paths_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_

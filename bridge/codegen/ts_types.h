#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_

#include <map>
#include <set>
#include <string>

#include "bridge/codegen/shapes.h"
#include "bridge/codegen/ts_names.h"
#include "bridge/schema/schema.h"
#include "buf/validate/validate.pb.h"

namespace sse_bridge {

// The TypeScript types of a schema's messages as they look in JSON:
// `messages.d.ts`. It names nothing global, so that a message may have any
// name; what it needs comes from the runtime's types, as `$rt`.
class TsTypes {
 public:
  explicit TsTypes(const Schema& schema);

  // The text of messages.d.ts.
  std::string Declarations() const;

  // The type of a method's request, and whether it may be left out.
  std::string RequestType(const Method& method) const;
  bool IsRequestOptional(const Method& method) const;

  // The type of what a route of the method shows.
  std::string ResponseType(const Route& route) const;

 private:
  // How types of this file are referred to: as they are within it, as
  // members of `prefix` from elsewhere.
  std::string FieldType(const google::protobuf::FieldDescriptor* field,
                        bool input, int json, const std::string& prefix) const;
  std::string ElementType(const google::protobuf::FieldDescriptor* field,
                          const buf::validate::FieldConstraints& rules,
                          bool input, int json,
                          const std::string& prefix) const;
  std::string MessageType(const google::protobuf::Descriptor* type, bool input,
                          int json, const std::string& prefix) const;
  std::string EnumType(const google::protobuf::FieldDescriptor* field,
                       const buf::validate::FieldConstraints& rules, bool input,
                       int json, const std::string& prefix) const;
  std::string AnyType(const google::protobuf::FieldDescriptor* field,
                      const buf::validate::FieldConstraints& rules, bool input,
                      int json, const std::string& prefix) const;
  std::string Interface(const Shape& shape) const;
  bool IsRequired(const google::protobuf::FieldDescriptor* field,
                  const Shape& shape) const;

  const Shapes shapes_;
  TsTypeNames type_names_;
  std::map<Shape, std::string> names_;

  // Of requests: what the bridge itself sets, and what every route needs for
  // its path.
  std::set<const google::protobuf::FieldDescriptor*> left_out_;
  std::set<const google::protobuf::FieldDescriptor*> in_paths_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_TYPES_H_

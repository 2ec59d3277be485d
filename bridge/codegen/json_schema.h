#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_JSON_SCHEMA_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_JSON_SCHEMA_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/codegen/json_schema_rules.h"
#include "bridge/codegen/shapes.h"
#include "bridge/schema/schema.h"
#include "buf/validate/validate.pb.h"

namespace sse_bridge {

// JSON Schemas of a schema's messages, exactly as the bridge prints and accepts
// them. Messages refer to each other as "#/components/schemas/NAME". Rules of
// requests that JSON Schema cannot express are named in `x-validation`.
class JsonSchemas {
 public:
  explicit JsonSchemas(const Schema& schema);

  // Calls visit(name, schema) for each message and enum. Names are unique.
  void ForEachComponent(const std::function<void(const std::string& name,
                                                 Json schema)>& visit) const;

  // Schema of a message: a reference, or inline for types with a special JSON
  // form.
  Json Message(const google::protobuf::Descriptor* type, bool input,
               int json) const;

  // Schema of a field, with its rules and comment.
  Json Field(const google::protobuf::FieldDescriptor* field, bool input,
             int json) const;

  // Schema of a request without some of its (nested) fields; inline if any are
  // excluded.
  Json RequestWithout(const google::protobuf::Descriptor* type, int json,
                      const std::vector<FieldPath>& without) const;

  // Like RequestWithout, for a message that is a field of the request.
  Json FieldWithout(const google::protobuf::FieldDescriptor* field, int json,
                    const std::vector<FieldPath>& without) const;

  // A reference to google.rpc.BadRequest; null if the schema does not have it.
  Json BadRequest() const;

  bool IsRequired(const google::protobuf::FieldDescriptor* field) const {
    return field->is_required() || shapes_.IsRequired(field);
  }
  // What the rules of requests demand.
  RuleTexts* texts() const { return texts_.get(); }

  bool RejectsEmpty(const google::protobuf::Descriptor* request) const {
    return shapes_.RejectsEmpty(request);
  }

 private:
  // `without`: paths of fields to exclude, relative to this message.
  Json Object(const Shape& shape, const std::vector<FieldPath>& without) const;
  Json Element(const google::protobuf::FieldDescriptor* field,
               const buf::validate::FieldRules& rules,
               const std::vector<RuleText>& texts, bool input, int json) const;
  Json Enum(const google::protobuf::FieldDescriptor* field,
            const buf::validate::FieldRules& rules, bool input, int json) const;
  Json Any(const google::protobuf::FieldDescriptor* field,
           const buf::validate::FieldRules& rules, bool input, int json) const;

  Shapes shapes_;
  const google::protobuf::Descriptor* const bad_request_;  // may be null
  const std::unique_ptr<RuleTexts> texts_;
  std::map<Shape, std::string> names_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_JSON_SCHEMA_H_

#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_DESCRIPTORS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_DESCRIPTORS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "bridge/codegen/shapes.h"
#include "bridge/codegen/ts_names.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// The constants of a schema: a descriptor per message, from which
// ts_runtime/values.js converts values, and the values of each enum. Refers to
// its arguments, which must outlive it.
class TsDescriptors {
 public:
  TsDescriptors(const Shapes& shapes, const TsTypeNames& names);

  // Returns messages.js, and the declarations of the descriptors in it.
  std::string Constants() const;
  std::string Declarations() const;

 private:
  std::string Literal(const google::protobuf::Descriptor* type) const;
  std::string FieldLiteral(
      const google::protobuf::FieldDescriptor* field) const;

  // The keys that a field has in JSON: two if services print it differently.
  std::vector<std::string> KeysOf(
      const google::protobuf::FieldDescriptor* field) const;

  // How a conversion changes the type of a field; empty if it does not.
  std::string Conversion(const google::protobuf::FieldDescriptor* field) const;
  std::string ElementConversion(
      const google::protobuf::FieldDescriptor* field) const;

  const Shapes& shapes_;
  const TsTypeNames& names_;
  std::vector<const google::protobuf::Descriptor*> messages_;
  // The names of the types that a descriptor describes: those that are printed.
  std::map<const google::protobuf::Descriptor*, std::vector<std::string>>
      types_;
  std::set<const google::protobuf::Descriptor*> printed_;
  // The JSON options of the services that use a message.
  std::map<const google::protobuf::Descriptor*, std::set<int>> jsons_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_DESCRIPTORS_H_

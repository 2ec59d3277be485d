#include "bridge/schema/scalar_value.h"

namespace sse_bridge {

namespace pb = ::google::protobuf;

ScalarValue ReadScalar(const pb::Message& message,
                       const pb::FieldDescriptor* field, int index,
                       std::string* scratch) {
  const pb::Reflection* r = message.GetReflection();
  const bool repeated = field->is_repeated();
  ScalarValue out;
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      out.i = repeated ? r->GetRepeatedInt32(message, field, index)
                       : r->GetInt32(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_INT64:
      out.i = repeated ? r->GetRepeatedInt64(message, field, index)
                       : r->GetInt64(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      out.u = repeated ? r->GetRepeatedUInt32(message, field, index)
                       : r->GetUInt32(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      out.u = repeated ? r->GetRepeatedUInt64(message, field, index)
                       : r->GetUInt64(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      out.d = repeated ? r->GetRepeatedDouble(message, field, index)
                       : r->GetDouble(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      out.d = repeated ? r->GetRepeatedFloat(message, field, index)
                       : r->GetFloat(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      out.b = repeated ? r->GetRepeatedBool(message, field, index)
                       : r->GetBool(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      out.i = repeated ? r->GetRepeatedEnumValue(message, field, index)
                       : r->GetEnumValue(message, field);
      break;
    case pb::FieldDescriptor::CPPTYPE_STRING:
      out.s = repeated ? r->GetRepeatedStringReference(message, field, index,
                                                       scratch)
                       : r->GetStringReference(message, field, scratch);
      break;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return out;
}

}  // namespace sse_bridge

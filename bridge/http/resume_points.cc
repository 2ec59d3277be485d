#include "bridge/http/resume_points.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;

std::string ElementText(const google::protobuf::Message& message,
                        const FieldDescriptor* field, int i) {
  const auto* reflection = message.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->GetRepeatedString(message, field, i);
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection->GetRepeatedInt32(message, field, i));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection->GetRepeatedInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetRepeatedUInt32(message, field, i));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetRepeatedUInt64(message, field, i));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(reflection->GetRepeatedDouble(message, field, i));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(reflection->GetRepeatedFloat(message, field, i));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetRepeatedBool(message, field, i) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat(reflection->GetRepeatedEnumValue(message, field, i));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;  // the schema does not allow it
  }
  return "";
}

}  // namespace

bool HasCompositeIds(const Method& method) {
  return method.share_by != nullptr && !method.stream.id_from().empty();
}

std::vector<std::string> CursorKeys(const Method& method,
                                    const google::protobuf::Message& request,
                                    absl::string_view name) {
  if (!HasCompositeIds(method)) return {std::string(name)};
  const int size = request.GetReflection()->FieldSize(request, method.share_by);
  std::vector<std::string> keys;
  for (int i = 0; i < size; ++i) {
    const std::string element = ElementText(request, method.share_by, i);
    keys.push_back(name.empty() ? element : absl::StrCat(name, "/", element));
  }
  // Without elements there is one call all the same.
  if (keys.empty()) keys.push_back(std::string(name));
  return keys;
}

}  // namespace sse_bridge

#include "bridge/cel/names.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sse_bridge::cel {

namespace pb = ::google::protobuf;

std::vector<std::string> CandidateNames(absl::string_view container_name,
                                        absl::string_view name, bool absolute) {
  std::vector<std::string> names;
  std::string container(absolute ? "" : container_name);
  while (!container.empty()) {
    names.push_back(absl::StrCat(container, ".", name));
    const size_t dot = container.rfind('.');
    container.resize(dot == std::string::npos ? 0 : dot);
  }
  names.emplace_back(name);
  return names;
}

std::string QualifiedName(const Expr& expr, const Expr** root) {
  if (expr.kind == Expr::Kind::kName) {
    *root = &expr;
    return expr.name;
  }
  if (expr.kind != Expr::Kind::kSelect || expr.presence) return "";
  std::string operand = QualifiedName(*expr.args[0], root);
  return operand.empty() ? "" : absl::StrCat(operand, ".", expr.name);
}

bool FindConstant(const pb::DescriptorPool& pool, const std::string& name,
                  Value* constant) {
  for (const absl::string_view type :
       {"bool", "int", "uint", "double", "string", "bytes", "list", "map",
        "type", "null_type", "google.protobuf.Timestamp",
        "google.protobuf.Duration"}) {
    if (name != type) continue;
    *constant = Value::Type(type);
    return true;
  }
  if (const pb::Descriptor* message = pool.FindMessageTypeByName(name)) {
    *constant = Value::Type(message->full_name());
    return true;
  }
  // Values of enums are siblings of their enum, except in CEL.
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return false;
  const pb::EnumDescriptor* enumeration =
      pool.FindEnumTypeByName(name.substr(0, dot));
  const pb::EnumValueDescriptor* value =
      enumeration == nullptr
          ? nullptr
          : enumeration->FindValueByName(name.substr(dot + 1));
  if (value == nullptr) return false;
  *constant = Value::Int(value->number());
  return true;
}

}  // namespace sse_bridge::cel

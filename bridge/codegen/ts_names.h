#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_NAMES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_NAMES_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/codegen/shapes.h"
#include "bridge/schema/schema.h"

namespace sse_bridge {

// "StreamPrices" -> "streamPrices", "HTTPGet" -> "httpGet".
std::string LowerCamel(absl::string_view name);

// Returns a JavaScript string literal.
std::string JsString(absl::string_view text);

// Returns the name as a member of an object or interface: quoted unless it is
// an identifier.
std::string JsMember(absl::string_view name);

// The same as a key of an object literal, in which `__proto__` is special.
std::string JsKey(absl::string_view name);

// Returns a JSDoc comment at this indentation, with a newline; empty if `text`
// is.
std::string JsDoc(absl::string_view text, absl::string_view indent);

// Gives each name only once.
class UniqueNames {
 public:
  explicit UniqueNames(std::set<std::string> taken = {})
      : taken_(std::move(taken)) {}

  // Returns the wanted name, or if it is taken the name with a number.
  std::string Claim(const std::string& wanted);

 private:
  std::set<std::string> taken_;
};

// The names that messages.d.ts and messages.js declare: the short name of a
// type if it is unique and not reserved. Depends on nothing but the schema.
class TsTypeNames {
 public:
  // `taken` are the names of other exports of index.d.ts.
  TsTypeNames(const Shapes& shapes, const std::set<std::string>& taken);

  // The type of a shape: "Order"; "OrderInput" if `Order` is also printed.
  const std::string& Of(const Shape& shape) const { return shapes_.at(shape); }

  // A message's descriptor, which has the name of its first type.
  const std::string& Of(const google::protobuf::Descriptor* type) const {
    return messages_.at(type);
  }

  // An enum's type and the constant with its values; that with its numbers.
  const std::string& Of(const google::protobuf::EnumDescriptor* type) const {
    return enums_.at(type);
  }
  const std::string& NumbersOf(
      const google::protobuf::EnumDescriptor* type) const {
    return numbers_.at(type);
  }

 private:
  void Count(const std::string& package, const std::string& full_name);
  std::string Claim(const std::string& package, const std::string& full_name);

  UniqueNames unique_;
  std::map<std::string, std::string> owners_;  // short name -> full name, or ""
  std::map<const google::protobuf::Descriptor*, std::string> messages_;
  std::map<const google::protobuf::EnumDescriptor*, std::string> enums_;
  std::map<const google::protobuf::EnumDescriptor*, std::string> numbers_;
  std::map<Shape, std::string> shapes_;
};

// The names of a client's services and their methods.
class TsServiceNames {
 public:
  explicit TsServiceNames(const Schema& schema);

  // Member: "orders", the client's member. Class: "OrdersClient".
  std::string Member(const google::protobuf::ServiceDescriptor* service) const {
    return services_.at(service).member;
  }
  std::string Class(const google::protobuf::ServiceDescriptor* service) const {
    return services_.at(service).class_name;
  }

  // Omits the service's own name: Orders.StreamOrders becomes "stream".
  std::string Method(const google::protobuf::MethodDescriptor* method) const {
    return methods_.at(method);
  }

 private:
  struct Names {
    std::string member;
    std::string class_name;
  };

  void NameMethods(
      const std::vector<const google::protobuf::MethodDescriptor*>& methods);

  std::map<const google::protobuf::ServiceDescriptor*, Names> services_;
  std::map<const google::protobuf::MethodDescriptor*, std::string> methods_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_NAMES_H_

#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_TS_NAMES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_TS_NAMES_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/schema/schema.h"

namespace sse_bridge {

// "StreamPrices" -> "streamPrices", "HTTPGet" -> "httpGet".
std::string LowerCamel(absl::string_view name);

// Returns a JavaScript string literal.
std::string JsString(absl::string_view text);

// Returns the name as a member of an object or interface: quoted unless it is
// an identifier.
std::string JsMember(absl::string_view name);

// Returns a JSDoc comment at this indentation, with a newline; empty if `text`
// is.
std::string JsDoc(absl::string_view text, absl::string_view indent);

// The names of types declared in messages.d.ts: of message or enum `full_name`
// in `package`.
class TsTypeNames {
 public:
  // Call for every type before calling Name.
  void Add(const google::protobuf::Descriptor* type);
  void Add(const google::protobuf::EnumDescriptor* type);

  // The short name if it is unique, otherwise prefixed with the package.
  std::string Name(const google::protobuf::Descriptor* type) const;
  std::string Name(const google::protobuf::EnumDescriptor* type) const;

 private:
  void AddName(const std::string& package, const std::string& full_name);
  std::string NameOf(const std::string& package,
                     const std::string& full_name) const;

  std::map<std::string, std::string> owners_;  // short name -> full name, or ""
};

// The names of a client's services and their methods.
class TsServiceNames {
 public:
  explicit TsServiceNames(const Schema& schema);

  // Member: "orders", the client's member. Class: "OrdersClient".
  std::string Member(const google::protobuf::ServiceDescriptor* service) const;
  std::string Class(const google::protobuf::ServiceDescriptor* service) const;

  // Omits the service's own name: Orders.StreamOrders becomes "stream".
  std::string Method(const google::protobuf::MethodDescriptor* method) const;

 private:
  std::map<const google::protobuf::ServiceDescriptor*, std::string> services_;
  std::map<const google::protobuf::MethodDescriptor*, std::string> methods_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_TS_NAMES_H_

#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_SHAPES_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_SHAPES_H_

#include <compare>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bridge/schema/schema.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// A JSON form of a message type. Responses follow the options of their service;
// requests are what the bridge accepts.
struct Shape {
  const google::protobuf::Descriptor* type = nullptr;
  bool input = false;
  int json = 0;  // JsonBits of the service

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes it for a zero.
  auto operator<=>(const Shape&) const = default;
};

// Encodes a service's options as a number, and decodes them.
int JsonBits(const sse::v1::Json& json);
sse::v1::Json JsonFromBits(int bits);

// All shapes and enums that the routes of a schema can print or accept, and the
// required fields of requests. Refers to the schema, which must outlive it.
class Shapes {
 public:
  explicit Shapes(const Schema& schema);

  // In the order of the methods; each shape precedes those it refers to.
  const std::vector<Shape>& all() const { return all_; }
  const std::vector<const google::protobuf::EnumDescriptor*>& enums() const {
    return enums_;
  }

  // Adds another printed type and the types it refers to.
  void Add(Shape shape);

  // Returns whether a request that omits the field, or sets it to zero,
  // violates its rules.
  bool IsRequired(const google::protobuf::FieldDescriptor* field) const {
    return required_.contains(field);
  }

  // Returns whether an empty request violates a rule of the message as a whole.
  bool RejectsEmpty(const google::protobuf::Descriptor* request) const {
    return reject_empty_.contains(request);
  }

  // Returns a unique name per shape: `base` of its type, plus `input_suffix` if
  // the type is also printed, plus a number if a type is printed in two ways.
  std::map<Shape, std::string> Name(
      const std::function<std::string(const google::protobuf::Descriptor*)>&
          base,
      const std::string& input_suffix) const;

 private:
  void AddField(const google::protobuf::FieldDescriptor* field, bool input,
                int json);
  void Follow();

  std::vector<Shape> all_;
  size_t followed_ = 0;  // of all_
  std::set<Shape> known_;
  std::vector<const google::protobuf::EnumDescriptor*> enums_;
  std::set<const google::protobuf::EnumDescriptor*> known_enums_;
  std::set<const google::protobuf::FieldDescriptor*> required_;
  std::set<const google::protobuf::Descriptor*> reject_empty_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_SHAPES_H_

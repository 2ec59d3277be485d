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

// One form that a message type has in JSON. A response is what the bridge
// prints by the options of its service; a request is what it accepts.
struct Shape {
  const google::protobuf::Descriptor* type = nullptr;
  bool input = false;
  int json = 0;  // JsonBits of the service

  auto operator<=>(const Shape&) const = default;
};

// A service's options as a number, and back.
int JsonBits(const sse::v1::Json& json);
sse::v1::Json JsonFromBits(int bits);

// Every shape and enum that the routes of a schema can show or take, and what
// of a request must be set. Refers into the schema, which must outlive it.
class Shapes {
 public:
  explicit Shapes(const Schema& schema);

  // In the order of the methods, each before what it refers to.
  const std::vector<Shape>& all() const { return all_; }
  const std::vector<const google::protobuf::EnumDescriptor*>& enums() const {
    return enums_;
  }

  // A further type that is printed, and what it refers to.
  void Add(Shape shape);

  // Without the field, or with its zero value, a request breaks its rules.
  bool IsRequired(const google::protobuf::FieldDescriptor* field) const {
    return required_.contains(field);
  }

  // A name for each shape: `base` of its type; with `input_suffix` where the
  // type is printed too; and numbered where one type is printed in two ways.
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
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_SHAPES_H_

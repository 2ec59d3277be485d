#ifndef SSE_BRIDGE_BRIDGE_CEL_TYPE_H_
#define SSE_BRIDGE_BRIDGE_CEL_TYPE_H_

#include <memory>
#include <string>
#include <vector>

#include "bridge/cel/value.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge::cel {

// What the checker knows of a value before it is evaluated.
class Type {
 public:
  using Kind = ValueKind;

  // Not for lists, maps, messages and wrappers. Implicit, so that kinds are
  // types.
  Type(Kind kind = Kind::kDyn) : kind_(kind) {}  // NOLINT
  static Type ListOf(Type element);
  static Type MapOf(Type key, Type value);
  static Type WrapperOf(Type element);
  // The type of a message's value: a well-known type is what it stands for.
  static Type OfMessage(const google::protobuf::Descriptor* message);
  // The type of a field's value, repeated or not.
  static Type OfField(const google::protobuf::FieldDescriptor* field);

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  // Of a list, the values of a map, or a wrapper.
  const Type& element() const { return params_->back(); }
  // Of a map.
  const Type& key() const { return params_->front(); }
  const google::protobuf::Descriptor* message() const { return message_; }

  // Such as "list(int)".
  std::string Name() const;

  // Whether one value can be of both types: the same, or dyn or null where that
  // can be.
  static bool Compatible(const Type& a, const Type& b);
  // The type of a value that is of either: dyn if they have nothing in common.
  static Type Join(const Type& a, const Type& b);

 private:
  Kind kind_;
  const google::protobuf::Descriptor* message_ = nullptr;
  std::shared_ptr<const std::vector<Type>> params_;
};

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_TYPE_H_

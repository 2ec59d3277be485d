#include "bridge/cel/type.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/well_known_types.h"

namespace sse_bridge::cel {

namespace pb = ::google::protobuf;

Type Type::ListOf(Type element) {
  Type type(Kind::kList);
  type.params_ = std::make_shared<const std::vector<Type>>(
      std::vector<Type>{std::move(element)});
  return type;
}

Type Type::MapOf(Type key, Type value) {
  Type type(Kind::kMap);
  type.params_ = std::make_shared<const std::vector<Type>>(
      std::vector<Type>{std::move(key), std::move(value)});
  return type;
}

Type Type::WrapperOf(Type element) {
  Type type = ListOf(std::move(element));
  type.kind_ = Kind::kWrapper;
  return type;
}

namespace {

Type SingularType(const pb::FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_INT64:
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return Type::Kind::kInt;
    case pb::FieldDescriptor::CPPTYPE_UINT32:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return Type::Kind::kUint;
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      return Type::Kind::kDouble;
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return Type::Kind::kBool;
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return field->type() == pb::FieldDescriptor::TYPE_BYTES
                 ? Type::Kind::kBytes
                 : Type::Kind::kString;
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return Type::OfMessage(field->message_type());
  }
  return Type::Kind::kDyn;
}

bool IsNullable(Type::Kind kind) {
  return kind == Type::Kind::kMessage || kind == Type::Kind::kWrapper ||
         kind == Type::Kind::kTimestamp || kind == Type::Kind::kDuration;
}

}  // namespace

Type Type::OfMessage(const pb::Descriptor* message) {
  if (IsWrapper(message)) {
    const pb::FieldDescriptor* value = message->FindFieldByName("value");
    return value == nullptr ? Type(Kind::kDyn) : WrapperOf(SingularType(value));
  }
  switch (message->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
      return Kind::kDyn;
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return ListOf(Kind::kDyn);
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT:
      return MapOf(Kind::kString, Kind::kDyn);
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return Kind::kTimestamp;
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return Kind::kDuration;
    default:
      Type type(Kind::kMessage);
      type.message_ = message;
      return type;
  }
}

Type Type::OfField(const pb::FieldDescriptor* field) {
  if (field->is_map()) {
    return MapOf(SingularType(field->message_type()->map_key()),
                 SingularType(field->message_type()->map_value()));
  }
  Type type = SingularType(field);
  return field->is_repeated() ? ListOf(std::move(type)) : type;
}

std::string Type::Name() const {
  switch (kind_) {
    case Kind::kDyn:
      return "dyn";
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kTimestamp:
      return "timestamp";
    case Kind::kDuration:
      return "duration";
    case Kind::kType:
      return "type";
    case Kind::kList:
      return absl::StrCat("list(", element().Name(), ")");
    case Kind::kMap:
      return absl::StrCat("map(", key().Name(), ", ", element().Name(), ")");
    case Kind::kMessage:
      return message_->full_name();
    case Kind::kWrapper:
      return absl::StrCat("wrapper(", element().Name(), ")");
  }
  return "";
}

bool Type::Compatible(const Type& a, const Type& b) {
  if (a.Is(Kind::kDyn) || b.Is(Kind::kDyn)) return true;
  if (a.Is(Kind::kWrapper) && !b.Is(Kind::kWrapper)) {
    return b.Is(Kind::kNull) || Compatible(a.element(), b);
  }
  if (b.Is(Kind::kWrapper) && !a.Is(Kind::kWrapper)) return Compatible(b, a);
  if (a.Is(Kind::kNull) && IsNullable(b.kind())) return true;
  if (b.Is(Kind::kNull) && IsNullable(a.kind())) return true;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kList:
    case Kind::kWrapper:
      return Compatible(a.element(), b.element());
    case Kind::kMap:
      return Compatible(a.key(), b.key()) &&
             Compatible(a.element(), b.element());
    case Kind::kMessage:
      return a.message() == b.message();
    default:
      return true;
  }
}

Type Type::Join(const Type& a, const Type& b) {
  if (a.Is(Kind::kDyn) || b.Is(Kind::kDyn) || !Compatible(a, b)) {
    return Kind::kDyn;
  }
  if (a.Is(Kind::kNull)) return b;
  if (b.Is(Kind::kNull)) return a;
  if (a.Is(Kind::kWrapper)) return a;
  if (b.Is(Kind::kWrapper)) return b;
  if (a.Is(Kind::kList)) return ListOf(Join(a.element(), b.element()));
  if (a.Is(Kind::kMap)) {
    return MapOf(Join(a.key(), b.key()), Join(a.element(), b.element()));
  }
  return a;
}

}  // namespace sse_bridge::cel

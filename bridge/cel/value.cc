#include "bridge/cel/value.h"

#include <cmath>

#include "bridge/cel/message_values.h"

namespace sse_bridge::cel {

Value Value::OwnString(std::string text) {
  auto owned = std::make_shared<const std::string>(std::move(text));
  const absl::string_view view = *owned;
  return String(view, std::move(owned));
}

Value Value::OwnBytes(std::string bytes) {
  auto owned = std::make_shared<const std::string>(std::move(bytes));
  const absl::string_view view = *owned;
  return Bytes(view, std::move(owned));
}

Value Value::OfList(std::shared_ptr<const List> list) {
  const List* data = list.get();
  return Value(data, std::move(list));
}

Value Value::OfList(std::vector<Value> elements) {
  return OfList(std::make_shared<const List>(std::move(elements)));
}

Value Value::OfMap(std::shared_ptr<const Map> map) {
  const Map* data = map.get();
  return Value(data, std::move(map));
}

absl::string_view Value::TypeName() const {
  switch (kind()) {
    case Kind::kNull:
      return "null_type";
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
      return "google.protobuf.Timestamp";
    case Kind::kDuration:
      return "google.protobuf.Duration";
    case Kind::kType:
      return "type";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kMessage:
      return message().GetDescriptor()->full_name();
    case Kind::kDyn:
    case Kind::kWrapper:
      break;  // only of types
  }
  return "";
}

List::List(const google::protobuf::Message* message,
           const google::protobuf::FieldDescriptor* field, Owner owner,
           const Types* types)
    : message_(message),
      field_(field),
      owner_(std::move(owner)),
      types_(types) {}

size_t List::size() const {
  if (message_ == nullptr) return elements_.size();
  return message_->GetReflection()->FieldSize(*message_, field_);
}

absl::StatusOr<Value> List::Get(size_t index, Budget* budget) const {
  if (message_ == nullptr) return elements_[index];
  return ElementValue(*message_, field_, static_cast<int>(index), owner_,
                      *types_, budget);
}

Map::Key Map::KeyOf(const Value& value) {
  const auto signed_key = [](int64_t number) {
    return Key{Value::Kind::kInt, static_cast<uint64_t>(number), {}};
  };
  const auto unsigned_key = [&](uint64_t number) {
    return number > INT64_MAX ? Key{Value::Kind::kUint, number, {}}
                              : signed_key(static_cast<int64_t>(number));
  };
  switch (value.kind()) {
    case Value::Kind::kBool:
      return {Value::Kind::kBool, value.bool_value(), {}};
    case Value::Kind::kInt:
      return signed_key(value.int_value());
    case Value::Kind::kUint:
      return unsigned_key(value.uint_value());
    case Value::Kind::kDouble: {
      const double number = value.double_value();
      if (std::trunc(number) != number) return {};
      if (number >= -0x1p63 && number < 0x1p63) {
        return signed_key(static_cast<int64_t>(number));
      }
      if (number >= 0x1p63 && number < 0x1p64) {
        return unsigned_key(static_cast<uint64_t>(number));
      }
      return {};
    }
    case Value::Kind::kString:
      return {Value::Kind::kString, 0, value.string()};
    default:
      return {};
  }
}

absl::Status Map::Add(Value key, Value value) {
  const Key k = KeyOf(key);
  if (k.kind == Value::Kind::kNull || key.Is(Value::Kind::kDouble)) {
    return absl::InvalidArgumentError("unsupported type of key in a map");
  }
  if (!index_.emplace(k, entries_.size()).second) {
    return absl::InvalidArgumentError("repeated key in a map");
  }
  entries_.emplace_back(std::move(key), std::move(value));
  return absl::OkStatus();
}

const Value* Map::Find(const Value& key) const {
  const auto found = index_.find(KeyOf(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

}  // namespace sse_bridge::cel

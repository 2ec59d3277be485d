#ifndef SSE_BRIDGE_BRIDGE_CEL_VALUE_H_
#define SSE_BRIDGE_BRIDGE_CEL_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/cel/budget.h"
#include "google/protobuf/message.h"

namespace sse_bridge::cel {

class List;
class Map;

// Keeps alive what a value points into; null if that outlives the evaluation.
using Owner = std::shared_ptr<const void>;

// Where messages' types come from. Both outlive everything made with them.
struct Types {
  const google::protobuf::DescriptorPool* pool;
  google::protobuf::MessageFactory* factory;
};

// The kinds of values, in the order of Value's `Data`; then those that only a
// Type has.
enum class ValueKind : uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kType,
  kList,
  kMap,
  kMessage,

  kDyn,      // a value of any kind
  kWrapper,  // google.protobuf.Int64Value and the like: a value, or null
};

// The values of CEL. Well-known types of protobuf are the CEL values that they
// stand for; enums are ints. Immutable and cheap to copy: texts, lists, maps
// and messages are shared or borrowed.
class Value {
 public:
  using Kind = ValueKind;

  Value() = default;  // null
  static Value Bool(bool value) { return Value(value); }
  static Value Int(int64_t value) { return Value(value); }
  static Value Uint(uint64_t value) { return Value(value); }
  static Value Double(double value) { return Value(value); }
  static Value Timestamp(absl::Time value) { return Value(value); }
  static Value Duration(absl::Duration value) { return Value(value); }
  // Borrowed text, which `owner` keeps alive. A string is valid UTF-8.
  static Value String(absl::string_view text, Owner owner = nullptr) {
    return Value(StringData{text}, std::move(owner));
  }
  static Value Bytes(absl::string_view bytes, Owner owner = nullptr) {
    return Value(BytesData{bytes}, std::move(owner));
  }
  static Value OwnString(std::string text);
  static Value OwnBytes(std::string bytes);
  // The type called `name`, which outlives the value.
  static Value Type(absl::string_view name) { return Value(TypeData{name}); }
  static Value OfList(std::shared_ptr<const List> list);
  static Value OfList(std::vector<Value> elements);
  static Value OfMap(std::shared_ptr<const Map> map);
  // A message that is not of a well-known type; see message_values.h.
  static Value OfMessage(const google::protobuf::Message* message,
                         Owner owner = nullptr) {
    return Value(message, std::move(owner));
  }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool Is(Kind kind) const { return this->kind() == kind; }
  bool IsTrue() const { return Is(Kind::kBool) && bool_value(); }
  bool IsFalse() const { return Is(Kind::kBool) && !bool_value(); }

  // Each requires its kind.
  bool bool_value() const { return std::get<bool>(data_); }
  int64_t int_value() const { return std::get<int64_t>(data_); }
  uint64_t uint_value() const { return std::get<uint64_t>(data_); }
  double double_value() const { return std::get<double>(data_); }
  absl::string_view string() const { return std::get<StringData>(data_).text; }
  absl::string_view bytes() const { return std::get<BytesData>(data_).text; }
  absl::Time timestamp() const { return std::get<absl::Time>(data_); }
  absl::Duration duration() const { return std::get<absl::Duration>(data_); }
  absl::string_view type() const { return std::get<TypeData>(data_).name; }
  const List& list() const { return *std::get<const List*>(data_); }
  const Map& map() const { return *std::get<const Map*>(data_); }
  const google::protobuf::Message& message() const {
    return *std::get<const google::protobuf::Message*>(data_);
  }
  const Owner& owner() const { return owner_; }

  // The name of the value's type in CEL, such as "list" or a message's name.
  absl::string_view TypeName() const;

 private:
  struct StringData {
    absl::string_view text;
  };
  struct BytesData {
    absl::string_view text;
  };
  struct TypeData {
    absl::string_view name;
  };
  using Data =
      std::variant<std::monostate, bool, int64_t, uint64_t, double, StringData,
                   BytesData, absl::Time, absl::Duration, TypeData, const List*,
                   const Map*, const google::protobuf::Message*>;

  explicit Value(Data data, Owner owner = nullptr)
      : data_(data), owner_(std::move(owner)) {}

  Data data_;
  Owner owner_;
};

// The elements of a list, or of a repeated field, which are converted when they
// are read. Immutable.
class List {
 public:
  explicit List(std::vector<Value> elements) : elements_(std::move(elements)) {}
  List(const google::protobuf::Message* message,
       const google::protobuf::FieldDescriptor* field, Owner owner,
       const Types* types);

  size_t size() const;
  // Requires index < size(). Fails where an element's Any cannot be unpacked.
  absl::StatusOr<Value> Get(size_t index, Budget* budget) const;

 private:
  const std::vector<Value> elements_;
  const google::protobuf::Message* const message_ = nullptr;
  const google::protobuf::FieldDescriptor* const field_ = nullptr;
  const Owner owner_;
  const Types* const types_ = nullptr;
};

// Keys are bools, ints, uints and strings. Numbers that are equal are the same
// key. Entries stay in the order in which they were added. Immutable once
// built.
class Map {
 public:
  using Entry = std::pair<Value, Value>;

  // Fails on a key of another type, or that is there already.
  absl::Status Add(Value key, Value value);

  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  // Returns null if there is no such key, or no such key can be. Doubles find
  // integers that they equal.
  const Value* Find(const Value& key) const;

 private:
  struct Key {
    // kInt also stands for uints that are in its range; kNull is not a key.
    Value::Kind kind = Value::Kind::kNull;
    uint64_t number = 0;
    absl::string_view text;

    bool operator==(const Key&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const Key& key) {
      return H::combine(std::move(state), key.kind, key.number, key.text);
    }
  };
  static Key KeyOf(const Value& value);

  std::vector<Entry> entries_;
  absl::flat_hash_map<Key, size_t> index_;
};

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_VALUE_H_

#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TABLES_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TABLES_H_

#include <google/protobuf/descriptor.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/transcode/json_options.h"
#include "bridge/transcode/json_text.h"

namespace sse_bridge {

// Types with a JSON form of their own.
enum class KnownType : uint8_t {
  kNone,
  kAny,
  kTimestamp,
  kDuration,
  kFieldMask,
  kStruct,
  kValue,
  kListValue,
  kWrapper,
};

// The JSON text of an enum's values.
struct EnumTable {
  // Null when there is no such value.
  const json_text::Text* Find(int32_t number) const {
    const uint64_t offset =
        static_cast<uint64_t>(int64_t{number} - int64_t{dense_first});
    if (offset < dense.size()) {
      return dense[offset].data == nullptr ? nullptr : &dense[offset];
    }
    if (sparse.empty()) return nullptr;
    const auto it = sparse.find(number);
    return it == sparse.end() ? nullptr : &it->second;
  }

  const google::protobuf::EnumDescriptor* descriptor = nullptr;
  bool is_null_value = false;  // google.protobuf.NullValue
  int32_t dense_first = 0;
  std::vector<json_text::Text> dense;
  absl::flat_hash_map<int32_t, json_text::Text> sparse;
};

struct MessageTable;

// How one field goes from the wire to JSON.
struct FieldTable {
  static constexpr uint32_t kNoByte = 256;

  bool Accepts(uint32_t wire_type) const {
    return (accepted_wire_types >> wire_type & 1) != 0;
  }

  json_text::Text key;  // "name": with quotes and colon

  // Written, with the comma that follows, when the field is not there. Empty
  // for nothing.
  json_text::Text absent;

  // The value of a field that is not there: "0", "[]", ...; empty for messages.
  json_text::Text default_value;

  const MessageTable* message = nullptr;
  const EnumTable* enumeration = nullptr;
  const google::protobuf::FieldDescriptor* descriptor = nullptr;

  uint32_t first_byte = kNoByte;  // its usual tag, where that is one byte
  uint32_t room = 0;              // for the key, what follows it and a number
  uint32_t number = 0;
  uint32_t index = 0;  // place in MessageTable::fields
  uint8_t kind = 0;    // google::protobuf::FieldDescriptor::Type
  uint8_t accepted_wire_types = 0;
  uint8_t oneof = 0;  // 1 + bit of its oneof, the last bit is shared; 0: none
  bool repeated = false;
  bool map = false;
  bool closed_enum = false;  // unknown numbers are unknown fields
  bool omit_zero = false;    // a default on the wire is not written
};

// How a message type goes from the wire to JSON. Immutable once published.
struct MessageTable {
  const FieldTable* Find(uint32_t number) const {
    return number < dense.size() ? dense[number] : FindSparse(number);
  }
  const FieldTable* FindSparse(uint32_t number) const;

  std::vector<FieldTable> fields;        // by field number, with extensions
  std::vector<const FieldTable*> dense;  // those of small numbers, by number
  const google::protobuf::Descriptor* descriptor = nullptr;
  KnownType known = KnownType::kNone;
  bool message_set = false;
  bool any_absent = false;  // some field has `absent`
};

// Makes the tables of message types and keeps them. Thread-safe. Tables live
// as long as this object; those of types that reach each other are shared.
class JsonTables {
 public:
  // `pool` must outlive this object.
  JsonTables(const google::protobuf::DescriptorPool* pool, JsonOptions options);
  ~JsonTables();
  JsonTables(const JsonTables&) = delete;
  JsonTables& operator=(const JsonTables&) = delete;

  const JsonOptions& options() const { return options_; }

  // `descriptor` belongs to the pool (or to one that is beneath it).
  const MessageTable* For(const google::protobuf::Descriptor* descriptor) const;

  // The type with this full name, or null if the pool has none. Takes no lock
  // and allocates nothing once the type was asked for before.
  const MessageTable* ByName(absl::string_view full_name) const;

 private:
  // Types that were asked for by name: an insert-only hash table, so that
  // readers need no lock.
  struct Node {
    std::string name;
    const MessageTable* table;
    Node* next;
  };
  static constexpr size_t kBuckets = 256;

  MessageTable* Build(const google::protobuf::Descriptor* descriptor) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Fill(const google::protobuf::Descriptor* descriptor,
            MessageTable* table) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FillField(const google::protobuf::FieldDescriptor* field,
                 FieldTable* table) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  const EnumTable* BuildEnum(const google::protobuf::EnumDescriptor* descriptor)
      const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  json_text::Text Keep(absl::string_view text) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const google::protobuf::DescriptorPool* const pool_;
  const JsonOptions options_;

  mutable std::array<std::atomic<Node*>, kBuckets> by_name_ = {};

  mutable Mutex mu_;
  mutable absl::flat_hash_map<const google::protobuf::Descriptor*,
                              std::unique_ptr<MessageTable>>
      messages_ ABSL_GUARDED_BY(mu_);
  mutable absl::flat_hash_map<const google::protobuf::EnumDescriptor*,
                              std::unique_ptr<EnumTable>>
      enums_ ABSL_GUARDED_BY(mu_);
  mutable std::deque<std::string> texts_ ABSL_GUARDED_BY(mu_);
  // Made but not yet filled: the types that a type reaches are made without
  // recursion, however long the chain is.
  mutable std::vector<MessageTable*> to_fill_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TABLES_H_

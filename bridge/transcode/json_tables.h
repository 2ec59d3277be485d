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

// Types with a special JSON form.
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
  // Returns null if there is no such value.
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

// How to convert one field from wire format to JSON.
struct FieldTable {
  static constexpr uint32_t kNoByte = 256;

  bool Accepts(uint32_t wire_type) const {
    return (accepted_wire_types >> wire_type & 1) != 0;
  }

  json_text::Text key;  // "name": with quotes and colon

  // Text to write if the field is absent, with the comma that follows. Empty if
  // nothing is written.
  json_text::Text absent;

  // The value of an absent field: "0", "[]", ...; empty for messages.
  json_text::Text default_value;

  const MessageTable* message = nullptr;
  const EnumTable* enumeration = nullptr;
  const google::protobuf::FieldDescriptor* descriptor = nullptr;

  uint32_t first_byte = kNoByte;  // the usual tag, if it takes one byte
  uint32_t reserve = 0;           // output bytes for the key and a number
  uint32_t number = 0;
  uint32_t index = 0;  // index in MessageTable::fields
  uint8_t kind = 0;    // google::protobuf::FieldDescriptor::Type
  uint8_t accepted_wire_types = 0;
  uint8_t oneof = 0;  // 1 + bit of its oneof (the last bit is shared), or 0
  bool repeated = false;
  bool map = false;
  bool closed_enum = false;  // unknown numbers are unknown fields
  bool omit_zero = false;    // skip a default value on the wire
};

// How to convert a message type from wire format to JSON. Immutable once
// published.
struct MessageTable {
  const FieldTable* Find(uint32_t number) const {
    return number < dense.size() ? dense[number] : FindSparse(number);
  }
  const FieldTable* FindSparse(uint32_t number) const;

  std::vector<FieldTable> fields;  // by field number, including extensions
  std::vector<const FieldTable*> dense;  // fields with small numbers, by number
  const google::protobuf::Descriptor* descriptor = nullptr;
  KnownType known = KnownType::kNone;
  bool message_set = false;
  bool any_absent = false;  // some field has `absent`
};

// Creates and keeps the tables of message types. Thread-safe. Tables live as
// long as this object. Types that refer to each other share their tables.
class JsonTables {
 public:
  // `pool` must outlive this object.
  JsonTables(const google::protobuf::DescriptorPool* pool, JsonOptions options);
  ~JsonTables();
  JsonTables(const JsonTables&) = delete;
  JsonTables& operator=(const JsonTables&) = delete;

  const JsonOptions& options() const { return options_; }

  // `descriptor` must belong to the pool or to one of its underlays.
  const MessageTable* For(const google::protobuf::Descriptor* descriptor) const;

  // Returns the table of the type with this full name, or null if the pool has
  // no such type. After the first call for a name, takes no lock and does not
  // allocate.
  const MessageTable* ByName(absl::string_view full_name) const;

 private:
  // Types looked up by name: an insert-only hash table, so that readers need no
  // lock.
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
  // Tables that are created but not yet filled. A work list instead of
  // recursion, because chains of types can be arbitrarily long.
  mutable std::vector<MessageTable*> to_fill_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_TABLES_H_

#include "bridge/transcode/normalizer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <climits>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string KeyOf(const Message& entry) {
  const FieldDescriptor* key = entry.GetDescriptor()->map_key();
  const Reflection* reflection = entry.GetReflection();
  switch (key->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection->GetInt32(entry, key));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection->GetInt64(entry, key));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetUInt32(entry, key));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetUInt64(entry, key));
    case FieldDescriptor::CPPTYPE_BOOL:
      return absl::StrCat(reflection->GetBool(entry, key));
    default:
      return reflection->GetString(entry, key);
  }
}

// An entry whose value is not in its closed enum counts as an unknown field.
bool IsUnknown(const Message& entry) {
  const FieldDescriptor* value = entry.GetDescriptor()->map_value();
  if (value->cpp_type() != FieldDescriptor::CPPTYPE_ENUM) return false;
  const Reflection* reflection = entry.GetReflection();
  if (reflection->HasField(entry, value)) return false;
  const auto& unknown = reflection->GetUnknownFields(entry);
  for (int i = 0; i < unknown.field_count(); ++i) {
    if (unknown.field(i).number() == value->number()) return true;
  }
  return false;
}

// Keeps only the last of several entries with the same key.
void DropDuplicates(Message* message, const FieldDescriptor* map) {
  const Reflection* const reflection = message->GetReflection();
  const int size = reflection->FieldSize(*message, map);
  absl::flat_hash_set<std::string> keys;
  std::vector<bool> drop(static_cast<size_t>(size));
  for (int i = size - 1; i >= 0; --i) {
    const Message& entry = reflection->GetRepeatedMessage(*message, map, i);
    drop[static_cast<size_t>(i)] =
        IsUnknown(entry) || !keys.insert(KeyOf(entry)).second;
  }
  int kept = 0;
  for (int i = 0; i < size; ++i) {
    if (drop[static_cast<size_t>(i)]) continue;
    if (i != kept) reflection->SwapElements(message, map, i, kept);
    ++kept;
  }
  for (int i = kept; i < size; ++i) reflection->RemoveLast(message, map);
}

// The parser has bounded the nesting, and so the recursion.
void DropDuplicates(Message* message) {
  const Reflection* const reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      DropDuplicates(reflection->MutableMessage(message, field));
      continue;
    }
    if (field->is_map()) DropDuplicates(message, field);
    const int size = reflection->FieldSize(*message, field);
    for (int i = 0; i < size; ++i) {
      DropDuplicates(reflection->MutableRepeatedMessage(message, field, i));
    }
  }
}

}  // namespace

Normalizer::Normalizer(const google::protobuf::DescriptorPool* pool)
    : factory_(pool) {}

bool Normalizer::Normalize(const Descriptor* type, absl::string_view wire,
                           std::string* normal) const {
  if (wire.size() > INT_MAX) return false;
  const Message* prototype = open_enums_.PrototypeFor(type);
  if (prototype == nullptr) prototype = factory_.GetPrototype(type);
  const std::unique_ptr<Message> message(prototype->New());
  if (!message->ParsePartialFromArray(wire.data(),
                                      static_cast<int>(wire.size()))) {
    return false;
  }
  DropDuplicates(message.get());
  message->DiscardUnknownFields();

  normal->clear();
  google::protobuf::io::StringOutputStream stream(normal);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  return message->SerializePartialToCodedStream(&coded);
}

}  // namespace sse_bridge

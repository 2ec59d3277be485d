#include "bridge/transcode/json_tables.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/well_known_types.h"
#include "bridge/schema/field_features.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

// Field numbers below this limit are found by index.
constexpr int kMaxDense = 1024;

// Enum numbers within a span of up to this size are found by index.
constexpr int64_t kMaxDenseEnum = 1024;

// Number of oneofs of a message that have their own bit. The others share one
// bit, which only makes the fast path give up more often.
constexpr int kMaxOneofBits = 63;

uint32_t WireType(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return wire::kFixed64;
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return wire::kFixed32;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return wire::kLength;
    case FieldDescriptor::TYPE_GROUP:
      return wire::kStartGroup;
    default:
      return wire::kVarint;
  }
}

bool IsMessageField(const Descriptor* type, int number, absl::string_view name,
                    bool repeated) {
  const FieldDescriptor* field = type->FindFieldByNumber(number);
  return field != nullptr && field->is_repeated() == repeated &&
         field->type() == FieldDescriptor::TYPE_MESSAGE &&
         field->message_type()->full_name() ==
             std::string(name.data(), name.size());
}

bool IsGenuineWrapper(const Descriptor* type) {
  if (!IsWrapper(type)) return false;
  const FieldDescriptor* value = type->FindFieldByNumber(1);
  return type->field_count() == 1 && value != nullptr &&
         !value->is_repeated() &&
         value->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE &&
         value->cpp_type() != FieldDescriptor::CPPTYPE_ENUM;
}

// A type that has the name of a well-known type but not its fields is treated
// as an ordinary message.
KnownType Classify(const Descriptor* type) {
  if (type->file()->package() != "google.protobuf" ||
      type->containing_type() != nullptr) {
    return KnownType::kNone;
  }
  const std::string& name = type->name();
  if (name == "Any") return KnownType::kAny;
  if (name == "Timestamp") return KnownType::kTimestamp;
  if (name == "Duration") return KnownType::kDuration;
  if (name == "FieldMask") return KnownType::kFieldMask;
  if (name == "Struct") {
    const FieldDescriptor* fields = type->FindFieldByNumber(1);
    const bool ok = fields != nullptr && fields->is_map() &&
                    IsMessageField(fields->message_type(), 2,
                                   "google.protobuf.Value", false);
    return ok ? KnownType::kStruct : KnownType::kNone;
  }
  if (name == "Value") {
    const bool ok = type->field_count() == 6 &&
                    IsMessageField(type, 5, "google.protobuf.Struct", false) &&
                    IsMessageField(type, 6, "google.protobuf.ListValue", false);
    return ok ? KnownType::kValue : KnownType::kNone;
  }
  if (name == "ListValue") {
    const bool ok = IsMessageField(type, 1, "google.protobuf.Value", true);
    return ok ? KnownType::kListValue : KnownType::kNone;
  }
  return IsGenuineWrapper(type) ? KnownType::kWrapper : KnownType::kNone;
}

std::string DefaultText(const FieldDescriptor* field,
                        const EnumTable* enumeration) {
  char number[json_text::kMaxNumberSize];
  const auto text = [&number](char* end) {
    return std::string(number, static_cast<size_t>(end - number));
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(field->default_value_int32());
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(field->default_value_uint32());
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat("\"", field->default_value_int64(), "\"");
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat("\"", field->default_value_uint64(), "\"");
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return text(json_text::PutDouble(field->default_value_double(), number));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return text(json_text::PutFloat(field->default_value_float(), number));
    case FieldDescriptor::CPPTYPE_BOOL:
      return field->default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int32_t value = field->default_value_enum()->number();
      if (enumeration->is_null_value) return "null";
      const json_text::Text* name = enumeration->Find(value);
      if (name == nullptr) return absl::StrCat(value);
      return std::string(name->data, name->size);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string& value = field->default_value_string();
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        return json_text::Quote(value);
      }
      std::string base64(json_text::Base64Size(value.size()), '\0');
      json_text::PutBase64(value, base64.data());
      return absl::StrCat("\"", base64, "\"");
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "";
  }
  return "";
}

size_t BucketOf(absl::string_view name, size_t buckets) {
  return absl::Hash<absl::string_view>()(name) % buckets;
}

}  // namespace

const FieldTable* MessageTable::FindSparse(uint32_t number) const {
  const auto it = std::lower_bound(
      fields.begin(), fields.end(), number,
      [](const FieldTable& f, uint32_t n) { return f.number < n; });
  return it == fields.end() || it->number != number ? nullptr : &*it;
}

JsonTables::JsonTables(const DescriptorPool* pool, JsonOptions options)
    : pool_(pool), options_(options) {}

JsonTables::~JsonTables() {
  for (std::atomic<Node*>& bucket : by_name_) {
    Node* node = bucket.load(std::memory_order_relaxed);
    while (node != nullptr) delete std::exchange(node, node->next);
  }
}

const MessageTable* JsonTables::For(const Descriptor* descriptor) const {
  MutexLock lock(&mu_);
  const MessageTable* const table = Build(descriptor);
  while (!to_fill_.empty()) {
    MessageTable* const next = to_fill_.back();
    to_fill_.pop_back();
    Fill(next->descriptor, next);
  }
  return table;
}

const MessageTable* JsonTables::ByName(absl::string_view full_name) const {
  std::atomic<Node*>& bucket = by_name_[BucketOf(full_name, kBuckets)];
  for (const Node* node = bucket.load(std::memory_order_acquire);
       node != nullptr; node = node->next) {
    if (node->name == full_name) return node->table;
  }
  // Unknown names are not cached, because they come from untrusted data.
  const Descriptor* const descriptor = pool_->FindMessageTypeByName(
      std::string(full_name.data(), full_name.size()));
  if (descriptor == nullptr) return nullptr;
  const MessageTable* const table = For(descriptor);
  auto node = std::make_unique<Node>(
      Node{std::string(full_name.data(), full_name.size()), table, nullptr});
  MutexLock lock(&mu_);
  Node* const head = bucket.load(std::memory_order_relaxed);
  for (const Node* other = head; other != nullptr; other = other->next) {
    if (other->name == full_name) return table;
  }
  node->next = head;
  bucket.store(node.release(), std::memory_order_release);
  return table;
}

MessageTable* JsonTables::Build(const Descriptor* descriptor) const {
  std::unique_ptr<MessageTable>& slot = messages_[descriptor];
  if (slot == nullptr) {
    slot = std::make_unique<MessageTable>();
    slot->descriptor = descriptor;
    to_fill_.push_back(slot.get());
  }
  return slot.get();
}

void JsonTables::Fill(const Descriptor* descriptor, MessageTable* table) const {
  table->known = Classify(descriptor);
  table->message_set = descriptor->options().message_set_wire_format();

  std::vector<const FieldDescriptor*> fields;
  if (descriptor->extension_range_count() > 0) {
    pool_->FindAllExtensions(descriptor, &fields);
  }
  for (int i = 0; i < descriptor->field_count(); ++i) {
    fields.push_back(descriptor->field(i));
  }
  std::sort(fields.begin(), fields.end(),
            [](const FieldDescriptor* a, const FieldDescriptor* b) {
              return a->number() < b->number();
            });

  table->fields.resize(fields.size());
  int dense_size = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    FieldTable& field = table->fields[i];
    FillField(fields[i], &field);
    field.index = static_cast<uint32_t>(i);
    if (field.absent.size > 0) table->any_absent = true;
    if (fields[i]->number() < kMaxDense) {
      dense_size = fields[i]->number() + 1;
    }
  }
  table->dense.resize(static_cast<size_t>(dense_size));
  for (const FieldTable& field : table->fields) {
    if (field.number < table->dense.size()) {
      table->dense[field.number] = &field;
    }
  }
}

void JsonTables::FillField(const FieldDescriptor* field,
                           FieldTable* table) const {
  table->descriptor = field;
  table->number = static_cast<uint32_t>(field->number());
  table->kind = static_cast<uint8_t>(field->type());
  table->repeated = field->is_repeated();
  table->map = field->is_map();
  table->accepted_wire_types =
      static_cast<uint8_t>(1u << WireType(field->type()));
  if (field->is_packable()) table->accepted_wire_types |= 1u << wire::kLength;
  const uint32_t tag =
      table->number << 3 |
      (field->is_packed() ? uint32_t{wire::kLength} : WireType(field->type()));
  if (tag < 0x80) table->first_byte = tag;
  if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
    table->oneof =
        static_cast<uint8_t>(1 + std::min(oneof->index(), kMaxOneofBits));
  }

  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    table->message = Build(field->message_type());
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    table->enumeration = BuildEnum(field->enum_type());
    table->closed_enum = HasClosedEnum(field);
  }

  std::string name;
  if (field->is_extension()) {
    name = absl::StrCat("[", field->full_name(), "]");
  } else if (options_.preserve_proto_field_names) {
    name = field->name();
  } else {
    name = field->json_name();
  }
  const std::string key = absl::StrCat(json_text::Quote(name), ":");
  table->key = Keep(key);
  table->reserve = static_cast<uint32_t>(key.size() + json_text::kBlock +
                                         json_text::kMaxNumberSize);

  std::string value;
  if (field->is_map()) {
    value = "{}";
  } else if (field->is_repeated()) {
    value = "[]";
  } else {
    value = DefaultText(field, table->enumeration);
  }
  table->default_value = Keep(value);

  // The map prints the fields of its entries.
  if (HasPresence(field) || field->containing_type()->options().map_entry()) {
    return;
  }
  if (!options_.always_print_fields_with_no_presence) {
    table->omit_zero = !field->is_repeated();
  } else if (!field->is_extension()) {
    table->absent = Keep(absl::StrCat(key, value, ","));
  }
}

const EnumTable* JsonTables::BuildEnum(const EnumDescriptor* descriptor) const {
  std::unique_ptr<EnumTable>& slot = enums_[descriptor];
  if (slot != nullptr) return slot.get();
  slot = std::make_unique<EnumTable>();
  slot->descriptor = descriptor;
  slot->is_null_value = descriptor->full_name() == "google.protobuf.NullValue";

  int64_t first = descriptor->value(0)->number();
  int64_t last = first;
  for (int i = 0; i < descriptor->value_count(); ++i) {
    first = std::min<int64_t>(first, descriptor->value(i)->number());
    last = std::max<int64_t>(last, descriptor->value(i)->number());
  }
  const bool dense = last - first < kMaxDenseEnum;
  slot->dense_first = static_cast<int32_t>(first);
  if (dense) slot->dense.resize(static_cast<size_t>(last - first + 1));
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const int32_t number = descriptor->value(i)->number();
    // The first of several aliases is the name.
    const std::string quoted =
        options_.always_print_enums_as_ints
            ? absl::StrCat(number)
            : json_text::Quote(descriptor->FindValueByNumber(number)->name());
    const json_text::Text text = Keep(quoted);
    if (dense) {
      slot->dense[static_cast<size_t>(number - first)] = text;
    } else {
      slot->sparse[number] = text;
    }
  }
  return slot.get();
}

json_text::Text JsonTables::Keep(absl::string_view text) const {
  std::string& kept = texts_.emplace_back(text.data(), text.size());
  kept.resize((text.size() / json_text::kBlock + 1) * json_text::kBlock);
  return {kept.data(), static_cast<uint32_t>(text.size())};
}

}  // namespace sse_bridge

#include "bridge/schema/json_image_reader.h"

#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/feature_set.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using ImageJson = nlohmann::json;

// Far deeper than any schema.
constexpr int kMaxImageDepth = 100;

// Maximum length of a key, in bytes, that an error quotes.
constexpr size_t kMaxKeyShown = 200;

constexpr char kFileType[] = "google.protobuf.FileDescriptorProto";

// Field of FileDescriptorProto that libprotobuf 3.21 does not know.
constexpr int kEditionNumber = 14;

absl::Status MemberError(const std::string& path, absl::string_view reason) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, path.empty() ? "" : ": ", reason));
}

// What buf adds to a file; it is not part of the schema.
bool IsOfBuf(const std::string& key, const pb::Message& message) {
  return message.GetDescriptor()->full_name() == kFileType &&
         (key == "bufExtension" || key == "buf_extension");
}

// Types with a JSON form of their own.
bool HasOwnForm(const pb::Descriptor* type) {
  return type->well_known_type() != pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
}

template <typename Number>
std::optional<Number> IntegerOf(const ImageJson& value) {
  Number number;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
    return number;
  }
  if (value.is_number_integer()) {
    // Through text, which notices what is out of range.
    if (!absl::SimpleAtoi(value.dump(), &number)) return std::nullopt;
    return number;
  }
  if (!value.is_number_float()) return std::nullopt;
  // 1e3 and 1.0. The limits themselves may not be exact as doubles.
  const double real = value.get<double>();
  if (real != std::floor(real) ||
      real < static_cast<double>(std::numeric_limits<Number>::min()) ||
      real >= std::ldexp(1.0, std::numeric_limits<Number>::digits)) {
    return std::nullopt;
  }
  return static_cast<Number>(real);
}

std::optional<double> RealOf(const ImageJson& value) {
  if (value.is_number()) return value.get<double>();
  double number;
  if (!value.is_string() ||
      !absl::SimpleAtod(value.get_ref<const std::string&>(), &number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<bool> BoolOf(const ImageJson& value) {
  if (value.is_boolean()) return value.get<bool>();
  // A key of a map.
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

std::optional<std::string> BytesOf(const ImageJson& value) {
  std::string bytes;
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (absl::Base64Unescape(text, &bytes) ||
      absl::WebSafeBase64Unescape(text, &bytes)) {
    return bytes;
  }
  return std::nullopt;
}

std::optional<int> EnumOf(const ImageJson& value,
                          const pb::EnumDescriptor* type) {
  if (!value.is_string()) return IntegerOf<int32_t>(value);
  const pb::EnumValueDescriptor* found =
      type->FindValueByName(value.get_ref<const std::string&>());
  if (found == nullptr) return std::nullopt;
  return found->number();
}

// Sets the value of a field or adds it to a list: set(value) if there is one.
template <typename Value, typename Set>
bool SetIf(const std::optional<Value>& value, const Set& set) {
  if (value.has_value()) set(*value);
  return value.has_value();
}

bool SetScalar(const ImageJson& value, const pb::FieldDescriptor* field,
               pb::Message* message) {
  using Type = pb::FieldDescriptor;
  const pb::Reflection* r = message->GetReflection();
  const bool add = field->is_repeated();
  switch (field->cpp_type()) {
    case Type::CPPTYPE_INT32:
      return SetIf(IntegerOf<int32_t>(value), [&](int32_t v) {
        add ? r->AddInt32(message, field, v) : r->SetInt32(message, field, v);
      });
    case Type::CPPTYPE_INT64:
      return SetIf(IntegerOf<int64_t>(value), [&](int64_t v) {
        add ? r->AddInt64(message, field, v) : r->SetInt64(message, field, v);
      });
    case Type::CPPTYPE_UINT32:
      return SetIf(IntegerOf<uint32_t>(value), [&](uint32_t v) {
        add ? r->AddUInt32(message, field, v) : r->SetUInt32(message, field, v);
      });
    case Type::CPPTYPE_UINT64:
      return SetIf(IntegerOf<uint64_t>(value), [&](uint64_t v) {
        add ? r->AddUInt64(message, field, v) : r->SetUInt64(message, field, v);
      });
    case Type::CPPTYPE_FLOAT:
      return SetIf(RealOf(value), [&](double v) {
        const auto narrow = static_cast<float>(v);
        add ? r->AddFloat(message, field, narrow)
            : r->SetFloat(message, field, narrow);
      });
    case Type::CPPTYPE_DOUBLE:
      return SetIf(RealOf(value), [&](double v) {
        add ? r->AddDouble(message, field, v) : r->SetDouble(message, field, v);
      });
    case Type::CPPTYPE_BOOL:
      return SetIf(BoolOf(value), [&](bool v) {
        add ? r->AddBool(message, field, v) : r->SetBool(message, field, v);
      });
    case Type::CPPTYPE_ENUM:
      return SetIf(EnumOf(value, field->enum_type()), [&](int v) {
        add ? r->AddEnumValue(message, field, v)
            : r->SetEnumValue(message, field, v);
      });
    case Type::CPPTYPE_STRING: {
      std::optional<std::string> text;
      if (field->type() == Type::TYPE_BYTES) {
        text = BytesOf(value);
      } else if (value.is_string()) {
        text = value.get<std::string>();
      }
      return SetIf(text, [&](const std::string& v) {
        add ? r->AddString(message, field, v) : r->SetString(message, field, v);
      });
    }
    case Type::CPPTYPE_MESSAGE:
      break;
  }
  return false;
}

// Keeps the edition of a file for EditionOf() in editions.cc. Returns whether
// the key is that.
bool KeepEdition(const std::string& key, const ImageJson& value,
                 pb::Message* message) {
  if (key != "edition" || message->GetDescriptor()->full_name() != kFileType) {
    return false;
  }
  int edition = 0;
  if (value == "EDITION_2023") edition = kEdition2023;
  if (value == "EDITION_2024") edition = kEdition2024;
  if (edition == 0) return false;
  message->GetReflection()->MutableUnknownFields(message)->AddVarint(
      kEditionNumber, static_cast<uint64_t>(edition));
  return true;
}

}  // namespace

absl::Status JsonImageReader::ReadMessage(const nlohmann::json& json,
                                          const std::string& path, int depth,
                                          pb::Message* message) {
  if (!json.is_object()) return MemberError(path, "must be an object");
  if (depth == kMaxImageDepth) return MemberError(path, "is nested too deep");
  for (const auto& [key, value] : json.items()) {
    if (value.is_null() || IsOfBuf(key, *message)) continue;
    const std::string inner =
        absl::StrCat(path, path.empty() ? "" : ".", CutText(key, kMaxKeyShown));
    const pb::FieldDescriptor* field = FindMember(key, *message);
    if (field == nullptr) {
      if (KeepEdition(key, value, message) || !strict_) continue;
      return MemberError(inner,
                         absl::StrCat("is not part of ",
                                      message->GetDescriptor()->full_name()));
    }
    if (absl::Status s = ReadMember(value, inner, depth, field, message);
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

absl::Status JsonImageReader::ReadMember(const nlohmann::json& json,
                                         const std::string& path, int depth,
                                         const pb::FieldDescriptor* field,
                                         pb::Message* message) {
  if (field->is_map()) return ReadMap(json, path, depth, field, message);
  if (!field->is_repeated()) {
    return ReadValue(json, path, depth, field, message);
  }
  if (!json.is_array()) return MemberError(path, "must be an array");
  for (size_t i = 0; i < json.size(); ++i) {
    if (absl::Status s = ReadValue(json[i], absl::StrCat(path, "[", i, "]"),
                                   depth, field, message);
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

absl::Status JsonImageReader::ReadMap(const nlohmann::json& json,
                                      const std::string& path, int depth,
                                      const pb::FieldDescriptor* field,
                                      pb::Message* message) {
  if (!json.is_object()) return MemberError(path, "must be an object");
  for (const auto& [key, value] : json.items()) {
    pb::Message* entry = message->GetReflection()->AddMessage(message, field);
    const std::string inner =
        absl::StrCat(path, "[\"", CutText(key, kMaxKeyShown), "\"]");
    if (!SetScalar(nlohmann::json(key), field->message_type()->map_key(),
                   entry)) {
      return MemberError(inner, "the key has the wrong type");
    }
    if (absl::Status s = ReadValue(value, inner, depth,
                                   field->message_type()->map_value(), entry);
        !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

absl::Status JsonImageReader::ReadValue(const nlohmann::json& json,
                                        const std::string& path, int depth,
                                        const pb::FieldDescriptor* field,
                                        pb::Message* message) {
  if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
    if (SetScalar(json, field, message)) return absl::OkStatus();
    return MemberError(path,
                       absl::StrCat("is not a valid ", field->type_name()));
  }
  const pb::Reflection* reflection = message->GetReflection();
  pb::Message* inner = field->is_repeated()
                           ? reflection->AddMessage(message, field)
                           : reflection->MutableMessage(message, field);
  if (!HasOwnForm(field->message_type())) {
    return ReadMessage(json, path, depth + 1, inner);
  }
  const auto parsed = pb::util::JsonStringToMessage(
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
      inner);
  return parsed.ok() ? absl::OkStatus()
                     : MemberError(path, parsed.message().ToString());
}

const pb::FieldDescriptor* JsonImageReader::FindMember(
    const std::string& key, const pb::Message& message) {
  const pb::Descriptor* type = message.GetDescriptor();
  if (key.size() > 2 && key.front() == '[' && key.back() == ']') {
    // Not strict: whose extension it is, is not known yet.
    if (!strict_) return nullptr;
    const pb::FieldDescriptor* extension =
        type->file()->pool()->FindExtensionByName(
            key.substr(1, key.size() - 2));
    return extension != nullptr && extension->containing_type() == type
               ? extension
               : nullptr;
  }
  const auto [it, is_new] = fields_.try_emplace(type);
  if (is_new) {
    for (int i = 0; i < type->field_count(); ++i) {
      it->second.emplace(type->field(i)->json_name(), type->field(i));
      it->second.emplace(type->field(i)->name(), type->field(i));
    }
  }
  const auto found = it->second.find(key);
  return found == it->second.end() ? nullptr : found->second;
}

}  // namespace sse_bridge

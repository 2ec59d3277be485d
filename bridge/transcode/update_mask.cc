#include "bridge/transcode/update_mask.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/schema/field_path_walk.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/field_setter.h"

namespace sse_bridge {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;

namespace {

// The recursion is bounded by that of ParseJson.
class MaskWriter {
 public:
  explicit MaskWriter(Message* mask)
      : mask_(mask), paths_(mask->GetDescriptor()->FindFieldByNumber(1)) {}

  // Returns false when the mask is full.
  bool AddObject(const JsonValue& object, const Descriptor& type,
                 const std::string& prefix) {
    for (const auto [name, value] : object.members()) {
      const FieldDescriptor* field =
          FindField(type, std::string(name), FieldNames::kProtoAndJson);
      if (field == nullptr) continue;  // an extension, which no path names
      std::string path = absl::StrCat(prefix, field->name());
      const bool ok = HasMembers(field, value)
                          ? AddObject(value, *field->message_type(), path + ".")
                          : AddPath(std::move(path));
      if (!ok) return false;
    }
    return true;
  }

 private:
  static bool HasMembers(const FieldDescriptor* field, const JsonValue& value) {
    return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
           !field->is_repeated() &&
           field->message_type()->well_known_type() ==
               Descriptor::WELLKNOWNTYPE_UNSPECIFIED &&
           value.kind() == JsonValue::Kind::kObject &&
           value.members().begin() != value.members().end();
  }

  bool AddPath(std::string path) {
    bytes_ += path.size();
    if (++count_ > kMaxMaskPaths || bytes_ > kMaxMaskBytes) return false;
    mask_->GetReflection()->AddString(mask_, paths_, std::move(path));
    return true;
  }

  Message* const mask_;
  const FieldDescriptor* const paths_;
  size_t count_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

const FieldDescriptor* UpdateMaskOf(const Descriptor& request) {
  const FieldDescriptor* field = request.FindFieldByName("update_mask");
  const bool is_mask = field != nullptr && !field->is_repeated() &&
                       field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                       field->message_type()->well_known_type() ==
                           Descriptor::WELLKNOWNTYPE_FIELDMASK &&
                       IsGenuineWellKnownType(*field->message_type());
  return is_mask ? field : nullptr;
}

absl::Status AddMaskOf(const JsonValue& json, const Descriptor& body,
                       Message* mask) {
  if (json.kind() != JsonValue::Kind::kObject) return absl::OkStatus();
  if (MaskWriter(mask).AddObject(json, body, "")) return absl::OkStatus();
  return BadRequestError(
      "update_mask",
      absl::StrCat("the body has too many fields for a mask of its own (",
                   kMaxMaskPaths, " paths, ", kMaxMaskBytes,
                   " bytes): set update_mask in the query"));
}

}  // namespace sse_bridge

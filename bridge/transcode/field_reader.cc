#include "bridge/transcode/field_reader.h"

#include <google/protobuf/wire_format.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/schema/field_features.h"
#include "bridge/transcode/json_text.h"
#include "bridge/transcode/wire_path.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

uint32_t TagOf(const FieldDescriptor* field) {
  return google::protobuf::internal::WireFormat::MakeTag(field);
}

}  // namespace

absl::StatusOr<FieldReader> FieldReader::Create(const Descriptor* type,
                                                absl::string_view path) {
  auto fields = ResolveWirePath(type, path);
  if (!fields.ok()) return fields.status();
  const FieldDescriptor* const leaf = fields->back();
  if (leaf->is_repeated() ||
      leaf->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ||
      leaf->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
      leaf->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", path, "\": ", leaf->full_name(),
        " is not a singular string, bytes, enum, integer or bool"));
  }
  FieldReader reader;
  for (const FieldDescriptor* field : *fields) {
    Step step{field, TagOf(field), {}};
    if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
      for (int i = 0; i < oneof->field_count(); ++i) {
        if (oneof->field(i) == field) continue;
        step.sibling_tags.push_back(TagOf(oneof->field(i)));
      }
    }
    reader.steps_.push_back(std::move(step));
  }
  return reader;
}

absl::Status FieldReader::Append(absl::string_view wire, std::string* text,
                                 bool* present) const {
  Found found;
  if (!Scan(0, wire, &found)) {
    return absl::InvalidArgumentError(
        absl::StrCat(steps_[0].field->containing_type()->full_name(),
                     ": malformed or truncated wire bytes"));
  }
  *present = AppendFound(found, text);
  return absl::OkStatus();
}

void FieldReader::AppendReached(absl::string_view wire,
                                std::string* text) const {
  Found found;
  Scan(0, wire, &found);
  if (found.set) AppendFound(found, text);
}

bool FieldReader::AppendFound(const Found& found, std::string* text) const {
  const bool has_presence = HasPresence(field());
  if (!found.set && has_presence) return false;
  switch (field()->type()) {
    case FieldDescriptor::TYPE_STRING:
      if (json_text::IsUtf8(found.bytes)) {
        text->append(found.bytes.data(), found.bytes.size());
      } else {
        json_text::AppendUtf8(found.bytes, text);
      }
      break;
    case FieldDescriptor::TYPE_BYTES: {
      const size_t before = text->size();
      text->resize(before + json_text::Base64Size(found.bytes.size()));
      json_text::PutBase64(found.bytes, text->data() + before);
      break;
    }
    default:
      AppendNumber(found.number, text);
      return found.set && (has_presence || found.number != 0);
  }
  return found.set && (has_presence || !found.bytes.empty());
}

absl::StatusOr<std::string> FieldReader::Read(absl::string_view wire) const {
  std::string text;
  bool present;
  const absl::Status status = Append(wire, &text, &present);
  if (!status.ok()) return status;
  return text;
}

bool FieldReader::Scan(size_t step_index, absl::string_view wire,
                       Found* found) const {
  const Step& step = steps_[step_index];
  const bool leaf = step_index + 1 == steps_.size();
  const char* in = wire.data();
  const char* const end = in + wire.size();
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) return false;
    if (tag == step.tag) {
      if (leaf) {
        if (!ReadLeaf(&in, end, found)) return false;
        continue;
      }
      absl::string_view inner;
      in = wire::ReadMessage(in, end, tag, &inner);
      if (in == nullptr || !Scan(step_index + 1, inner, found)) return false;
      continue;
    }
    if (std::find(step.sibling_tags.begin(), step.sibling_tags.end(), tag) !=
        step.sibling_tags.end()) {
      *found = Found();
    }
    in = wire::Skip(in, end, tag);
    if (in == nullptr) return false;
  }
  return true;
}

bool FieldReader::ReadLeaf(const char** in, const char* end,
                           Found* found) const {
  uint64_t number = 0;
  switch (field()->type()) {
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
      *in = wire::ReadBytes(*in, end, &found->bytes);
      break;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      *in = wire::ReadFixed(*in, end, &number);
      break;
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32: {
      uint32_t v = 0;
      *in = wire::ReadFixed(*in, end, &v);
      number = v;
      break;
    }
    default:
      *in = wire::ReadVarint(*in, end, &number);
  }
  if (*in == nullptr) return false;
  if (field()->type() == FieldDescriptor::TYPE_ENUM && HasClosedEnum(field()) &&
      field()->enum_type()->FindValueByNumber(static_cast<int32_t>(number)) ==
          nullptr) {
    return true;  // an unknown value of a closed enum is an unknown field
  }
  found->set = true;
  found->number = number;
  return true;
}

void FieldReader::AppendNumber(uint64_t number, std::string* text) const {
  switch (field()->type()) {
    case FieldDescriptor::TYPE_BOOL:
      absl::StrAppend(text, number != 0 ? "true" : "false");
      break;
    case FieldDescriptor::TYPE_ENUM: {
      const auto value = static_cast<int32_t>(number);
      const EnumValueDescriptor* const named =
          field()->enum_type()->FindValueByNumber(value);
      if (named != nullptr) {
        absl::StrAppend(text, named->name());
      } else {
        absl::StrAppend(text, value);
      }
      break;
    }
    case FieldDescriptor::TYPE_SINT32:
      absl::StrAppend(text, wire::ZigZag32(static_cast<uint32_t>(number)));
      break;
    case FieldDescriptor::TYPE_SINT64:
      absl::StrAppend(text, wire::ZigZag64(number));
      break;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_FIXED32:
      absl::StrAppend(text, static_cast<uint32_t>(number));
      break;
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_FIXED64:
      absl::StrAppend(text, number);
      break;
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_SFIXED32:
      absl::StrAppend(text, static_cast<int32_t>(number));
      break;
    default:
      absl::StrAppend(text, static_cast<int64_t>(number));
  }
}

}  // namespace sse_bridge

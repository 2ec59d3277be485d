#include "bridge/transcode/string_list_reader.h"

#include <google/protobuf/wire_format.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/wire_path.h"
#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {
namespace {

uint32_t TagOfField(const google::protobuf::FieldDescriptor* field) {
  return google::protobuf::internal::WireFormat::MakeTag(field);
}

}  // namespace

absl::StatusOr<StringListReader> StringListReader::Create(
    const google::protobuf::Descriptor* type, absl::string_view path) {
  auto fields = ResolveWirePath(type, path);
  if (!fields.ok()) return fields.status();
  const google::protobuf::FieldDescriptor* const leaf = fields->back();
  if (leaf->type() != google::protobuf::FieldDescriptor::TYPE_STRING) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", path, "\": ", leaf->full_name(), " is not a string"));
  }
  StringListReader reader;
  reader.repeated_ = leaf->is_repeated();
  for (const google::protobuf::FieldDescriptor* field : *fields) {
    Step step{field, TagOfField(field), {}};
    if (const auto* oneof = field->real_containing_oneof(); oneof != nullptr) {
      for (int i = 0; i < oneof->field_count(); ++i) {
        if (oneof->field(i) == field) continue;
        step.sibling_tags.push_back(TagOfField(oneof->field(i)));
      }
    }
    reader.steps_.push_back(std::move(step));
  }
  return reader;
}

absl::Status StringListReader::Read(absl::string_view wire,
                                    std::vector<std::string>* strings) const {
  strings->clear();
  if (!Scan(0, wire, strings)) {
    strings->clear();
    return absl::InvalidArgumentError(
        absl::StrCat(steps_[0].field->containing_type()->full_name(),
                     ": malformed or truncated wire bytes"));
  }
  if (!repeated_ && !strings->empty() && strings->front().empty()) {
    strings->clear();
  }
  return absl::OkStatus();
}

bool StringListReader::Scan(size_t step_index, absl::string_view wire,
                            std::vector<std::string>* strings) const {
  const Step& step = steps_[step_index];
  const bool leaf = step_index + 1 == steps_.size();
  const char* in = wire.data();
  const char* const end = in + wire.size();
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) return false;
    if (tag == step.tag) {
      absl::string_view inner;
      if (!leaf) {
        in = wire::ReadMessage(in, end, tag, &inner);
        if (in == nullptr || !Scan(step_index + 1, inner, strings)) {
          return false;
        }
        continue;
      }
      in = wire::ReadBytes(in, end, &inner);
      if (in == nullptr) return false;
      // The last occurrence of a singular field wins.
      if (!repeated_) strings->clear();
      strings->emplace_back(inner);
      continue;
    }
    if (std::find(step.sibling_tags.begin(), step.sibling_tags.end(), tag) !=
        step.sibling_tags.end()) {
      strings->clear();
    }
    in = wire::Skip(in, end, tag);
    if (in == nullptr) return false;
  }
  return true;
}

}  // namespace sse_bridge

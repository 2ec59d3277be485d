#include "bridge/schema/descriptor_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/descriptor_walk.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/wire_format_lite.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using pb::internal::WireFormatLite;

// `buf_extension` of a file (buf/alpha/image/v1/image.proto).
constexpr int kBufExtension = 8042;

// Limit for one message or enum: protobuf compares all pairs.
constexpr int kMaxRanges = 2000;

enum class Declaration {
  kNone,
  kFile,
  kMessage,
  kField,
  kOneof,
  kEnum,
  kValue,
  kService,
  kMethod
};

// Which declaration a list in another one holds; kNone for any other field.
Declaration ListIn(Declaration outer, int number) {
  switch (outer) {
    case Declaration::kFile:
      switch (number) {
        case pb::FileDescriptorProto::kMessageTypeFieldNumber:
          return Declaration::kMessage;
        case pb::FileDescriptorProto::kEnumTypeFieldNumber:
          return Declaration::kEnum;
        case pb::FileDescriptorProto::kServiceFieldNumber:
          return Declaration::kService;
        case pb::FileDescriptorProto::kExtensionFieldNumber:
          return Declaration::kField;
        default:
          return Declaration::kNone;
      }
    case Declaration::kMessage:
      switch (number) {
        case pb::DescriptorProto::kFieldFieldNumber:
        case pb::DescriptorProto::kExtensionFieldNumber:
          return Declaration::kField;
        case pb::DescriptorProto::kNestedTypeFieldNumber:
          return Declaration::kMessage;
        case pb::DescriptorProto::kEnumTypeFieldNumber:
          return Declaration::kEnum;
        case pb::DescriptorProto::kOneofDeclFieldNumber:
          return Declaration::kOneof;
        default:
          return Declaration::kNone;
      }
    case Declaration::kEnum:
      return number == pb::EnumDescriptorProto::kValueFieldNumber
                 ? Declaration::kValue
                 : Declaration::kNone;
    case Declaration::kService:
      return number == pb::ServiceDescriptorProto::kMethodFieldNumber
                 ? Declaration::kMethod
                 : Declaration::kNone;
    default:
      return Declaration::kNone;
  }
}

int OptionsOf(Declaration declaration) {
  switch (declaration) {
    case Declaration::kFile:
      return pb::FileDescriptorProto::kOptionsFieldNumber;
    case Declaration::kMessage:
      return pb::DescriptorProto::kOptionsFieldNumber;
    case Declaration::kField:
      return pb::FieldDescriptorProto::kOptionsFieldNumber;
    case Declaration::kOneof:
      return pb::OneofDescriptorProto::kOptionsFieldNumber;
    case Declaration::kEnum:
      return pb::EnumDescriptorProto::kOptionsFieldNumber;
    case Declaration::kValue:
      return pb::EnumValueDescriptorProto::kOptionsFieldNumber;
    case Declaration::kService:
      return pb::ServiceDescriptorProto::kOptionsFieldNumber;
    case Declaration::kMethod:
      return pb::MethodDescriptorProto::kOptionsFieldNumber;
    case Declaration::kNone:
      break;
  }
  return 0;
}

// Whether the path is that of a declaration, an import or (part of) an option.
bool IsUseful(const pb::RepeatedField<int32_t>& path) {
  Declaration declaration = Declaration::kFile;
  for (int i = 0; i < path.size(); i += 2) {
    const int number = path.Get(i);
    if (number == OptionsOf(declaration)) return true;
    if (i + 1 == path.size()) return false;
    if (i == 0 && number == pb::FileDescriptorProto::kDependencyFieldNumber) {
      return true;
    }
    declaration = ListIn(declaration, number);
    if (declaration == Declaration::kNone) return false;
  }
  return declaration != Declaration::kFile;
}

// Sorts unknown fields by number, as compilers write the fields of options in
// different orders. The types of other people's options are not known here, so
// a value counts as a message if it can be read as one; for the comparison that
// is enough.
void Sort(int depth, pb::UnknownFieldSet* fields) {
  // Protobuf limits the depth of options, too.
  constexpr int kMaxDepth = 32;
  std::vector<int> order(static_cast<size_t>(fields->field_count()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [fields](int a, int b) {
    return fields->field(a).number() < fields->field(b).number();
  });
  pb::UnknownFieldSet sorted;
  for (int i : order) {
    pb::UnknownField* field = fields->mutable_field(i);
    if (depth < kMaxDepth &&
        field->type() == pb::UnknownField::TYPE_LENGTH_DELIMITED) {
      pb::UnknownFieldSet inner;
      std::string* value = field->mutable_length_delimited();
      if (inner.ParseFromString(*value)) {
        Sort(depth + 1, &inner);
        value->clear();
        inner.SerializeToString(value);
      }
    } else if (depth < kMaxDepth &&
               field->type() == pb::UnknownField::TYPE_GROUP) {
      Sort(depth + 1, field->mutable_group());
    }
    sorted.AddField(*field);
  }
  fields->Swap(&sorted);
}

std::string DefaultJsonName(absl::string_view name) {
  std::string out;
  bool upper = false;
  for (char c : name) {
    if (c == '_') {
      upper = true;
    } else {
      out.push_back(upper && c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
      upper = false;
    }
  }
  return out;
}

}  // namespace

bool ForEachFile(const std::string& bytes,
                 const std::function<bool(pb::FileDescriptorProto*)>& visit) {
  constexpr uint32_t kFileTag =
      WireFormatLite::MakeTag(pb::FileDescriptorSet::kFileFieldNumber,
                              WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  const pb::DescriptorPool no_extensions;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  pb::io::CodedInputStream input(data, static_cast<int>(bytes.size()));
  while (const uint32_t tag = input.ReadTag()) {
    if (tag != kFileTag) {
      if (!WireFormatLite::SkipField(&input, tag)) return false;
      continue;
    }
    uint32_t size = 0;
    if (!input.ReadVarint32(&size)) return false;
    const auto at = static_cast<size_t>(input.CurrentPosition());
    if (size > bytes.size() - at) return false;
    pb::io::CodedInputStream part(data + at, static_cast<int>(size));
    part.SetExtensionRegistry(&no_extensions,
                              pb::MessageFactory::generated_factory());
    pb::FileDescriptorProto file;
    if (!file.ParsePartialFromCodedStream(&part) ||
        !part.ConsumedEntireMessage() || !file.IsInitialized() ||
        !input.Skip(static_cast<int>(size))) {
      return false;
    }
    if (!visit(&file)) return true;
  }
  return input.ConsumedEntireMessage();
}

void KeepUsefulLocations(pb::FileDescriptorProto* file) {
  if (!file->has_source_code_info()) return;
  // Copied rather than removed in place, which would keep the memory.
  pb::SourceCodeInfo kept;
  for (pb::SourceCodeInfo::Location& location :
       *file->mutable_source_code_info()->mutable_location()) {
    if (!IsUseful(location.path())) continue;
    location.clear_leading_detached_comments();
    if (location.has_leading_comments()) location.clear_trailing_comments();
    *kept.add_location() = location;
  }
  *file->mutable_source_code_info() = std::move(kept);
}

absl::Status CheckShape(pb::FileDescriptorProto* file) {
  absl::Status status;
  SourcePath path;
  Walk(file, &path, [&](pb::Message* m, const SourcePath& at) {
    int ranges = 0;
    if (m->GetDescriptor() == pb::DescriptorProto::descriptor()) {
      const auto* type = static_cast<const pb::DescriptorProto*>(m);
      ranges = type->reserved_range_size() + type->extension_range_size();
    } else if (m->GetDescriptor() == pb::EnumDescriptorProto::descriptor()) {
      const auto* type = static_cast<const pb::EnumDescriptorProto*>(m);
      ranges = type->reserved_range_size();
    } else if (m->GetDescriptor() == pb::UninterpretedOption::descriptor()) {
      status = absl::InvalidArgumentError(
          absl::StrCat(WhereInProto(*file, at),
                       ": uninterpreted option: create the set with protoc"));
      return false;
    }
    if (ranges > kMaxRanges) {
      status = absl::InvalidArgumentError(
          absl::StrCat(WhereInProto(*file, at), ": more than ", kMaxRanges,
                       " reserved or extension ranges"));
      return false;
    }
    return true;
  });
  return status;
}

std::string ComparableForm(pb::FileDescriptorProto* file) {
  // Not copied, because it is the largest part.
  std::unique_ptr<pb::SourceCodeInfo> info(file->release_source_code_info());
  // Read again, with the options that this program knows as messages: buf
  // writes as one value what protoc writes in parts.
  pb::FileDescriptorProto copy;
  if (!copy.ParsePartialFromString(file->SerializePartialAsString())) {
    copy = *file;
  }
  if (info != nullptr) file->set_allocated_source_code_info(info.release());
  if (copy.syntax() == "proto2") copy.clear_syntax();
  copy.mutable_unknown_fields()->DeleteByNumber(kBufExtension);
  SourcePath path;
  Walk(&copy, &path, [](pb::Message* m, const SourcePath&) {
    pb::UnknownFieldSet* unknown = m->GetReflection()->MutableUnknownFields(m);
    if (!unknown->empty()) Sort(0, unknown);
    if (m->GetDescriptor() == pb::FieldDescriptorProto::descriptor()) {
      auto* field = static_cast<pb::FieldDescriptorProto*>(m);
      if (field->json_name() == DefaultJsonName(field->name())) {
        field->clear_json_name();
      }
    }
    return true;
  });
  return copy.SerializePartialAsString();
}

}  // namespace sse_bridge

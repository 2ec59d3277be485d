#include "bridge/schema/schema_errors.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/option_origin.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Further errors are only counted.
constexpr size_t kMaxErrors = 20;

SourcePath Append(SourcePath path, int field, int index) {
  path.push_back(field);
  path.push_back(index);
  return path;
}

}  // namespace

SourcePath PathOf(const pb::Descriptor* message) {
  SourcePath path;  // built from the innermost to the outermost
  for (; message->containing_type() != nullptr;
       message = message->containing_type()) {
    path.push_back(message->index());
    path.push_back(pb::DescriptorProto::kNestedTypeFieldNumber);
  }
  path.push_back(message->index());
  path.push_back(pb::FileDescriptorProto::kMessageTypeFieldNumber);
  std::reverse(path.begin(), path.end());
  return path;
}

SourcePath PathOf(const pb::OneofDescriptor* oneof) {
  return Append(PathOf(oneof->containing_type()),
                pb::DescriptorProto::kOneofDeclFieldNumber, oneof->index());
}

SourcePath PathOf(const pb::FieldDescriptor* field) {
  if (!field->is_extension()) {
    return Append(PathOf(field->containing_type()),
                  pb::DescriptorProto::kFieldFieldNumber, field->index());
  }
  if (field->extension_scope() == nullptr) {
    return {pb::FileDescriptorProto::kExtensionFieldNumber, field->index()};
  }
  return Append(PathOf(field->extension_scope()),
                pb::DescriptorProto::kExtensionFieldNumber, field->index());
}

SourcePath PathOf(const pb::ServiceDescriptor* service) {
  return {pb::FileDescriptorProto::kServiceFieldNumber, service->index()};
}

SourcePath PathOf(const pb::MethodDescriptor* method) {
  return Append(PathOf(method->service()),
                pb::ServiceDescriptorProto::kMethodFieldNumber,
                method->index());
}

SourcePath PathOfOption(const pb::FieldDescriptor* field, int number) {
  return Append(PathOf(field), pb::FieldDescriptorProto::kOptionsFieldNumber,
                number);
}

SourcePath PathOfOption(const pb::ServiceDescriptor* service, int number) {
  return Append(PathOf(service),
                pb::ServiceDescriptorProto::kOptionsFieldNumber, number);
}

SourcePath PathOfOption(const pb::MethodDescriptor* method, int number) {
  return Append(PathOf(method), pb::MethodDescriptorProto::kOptionsFieldNumber,
                number);
}

std::string Where(const pb::FileDescriptor* file, SourcePath path) {
  pb::SourceLocation location;
  // The empty path is the whole file, whose line is useless.
  for (; !path.empty(); path.pop_back()) {
    if (file->GetSourceLocation(path, &location)) {
      if (std::string origin = OptionOrigin(location); !origin.empty()) {
        return origin;
      }
      return absl::StrCat(file->name(), ":", location.start_line + 1);
    }
  }
  return file->name();
}

bool SchemaErrors::full() const { return lines_.size() == kMaxErrors; }

void SchemaErrors::Add(absl::string_view where, absl::string_view element,
                       absl::string_view reason) {
  if (full()) {
    ++left_out_;
    return;
  }
  lines_.push_back(element.empty()
                       ? absl::StrCat(where, ": ", reason)
                       : absl::StrCat(where, ": ", element, ": ", reason));
}

std::vector<std::string> SchemaErrors::Lines() const {
  std::vector<std::string> lines = lines_;
  if (left_out_ > 0) lines.push_back(absl::StrCat("(", left_out_, " more)"));
  return lines;
}

absl::Status SchemaErrors::ToStatus() const {
  if (lines_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(Lines(), "\n"));
}

}  // namespace sse_bridge

#include "bridge/schema/option_values.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/descriptor_walk.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// (type of the options, number of the extension)
using ExtensionKey = std::pair<std::string, int>;

// Full names of the extensions that are compiled in.
std::map<ExtensionKey, std::string> OurExtensions() {
  std::map<ExtensionKey, std::string> ours;
  for (const char* type :
       {"FileOptions", "MessageOptions", "FieldOptions", "OneofOptions",
        "EnumOptions", "EnumValueOptions", "ServiceOptions", "MethodOptions"}) {
    const std::string full = absl::StrCat("google.protobuf.", type);
    const pb::DescriptorPool* pool = pb::DescriptorPool::generated_pool();
    std::vector<const pb::FieldDescriptor*> extensions;
    pool->FindAllExtensions(pool->FindMessageTypeByName(full), &extensions);
    for (const pb::FieldDescriptor* e : extensions) {
      ours[{full, e->number()}] = e->full_name();
    }
  }
  return ours;
}

void FindForeign(pb::FileDescriptorProto* file,
                 const std::map<ExtensionKey, std::string>& ours,
                 std::set<ExtensionKey>* foreign) {
  SourcePath path;
  Walk(file, &path, [&](pb::Message* m, const SourcePath&) {
    if (m->GetDescriptor() != pb::FieldDescriptorProto::descriptor()) {
      return true;
    }
    const auto* field = static_cast<const pb::FieldDescriptorProto*>(m);
    if (field->extendee().empty()) return true;
    const auto it = ours.find(
        {field->extendee().substr(field->extendee()[0] == '.' ? 1 : 0),
         field->number()});
    if (it == ours.end()) return true;
    // Our extensions are all declared at the top level of a file.
    const std::string full =
        file->package().empty()
            ? field->name()
            : absl::StrCat(file->package(), ".", field->name());
    if (full != it->second) foreign->insert(it->first);
    return true;
  });
}

// Options that are empty after the removal count as absent.
void ClearEmptied(pb::FileDescriptorProto* file,
                  const std::set<const pb::Message*>& emptied) {
  SourcePath path;
  Walk(file, &path, [&](pb::Message* m, const SourcePath&) {
    const pb::FieldDescriptor* field =
        m->GetDescriptor()->FindFieldByName("options");
    const pb::Reflection* reflection = m->GetReflection();
    if (field != nullptr && !field->is_repeated() &&
        field->message_type() != nullptr && reflection->HasField(*m, field) &&
        emptied.contains(&reflection->GetMessage(*m, field))) {
      reflection->ClearField(m, field);
    }
    return true;
  });
}

absl::Status PrepareFile(pb::FileDescriptorProto* file,
                         const std::map<ExtensionKey, std::string>& ours,
                         const std::set<ExtensionKey>& foreign) {
  absl::Status status;
  std::set<const pb::Message*> emptied;
  SourcePath path;
  Walk(file, &path, [&](pb::Message* m, const SourcePath& at) {
    pb::UnknownFieldSet* unknown = m->GetReflection()->MutableUnknownFields(m);
    if (unknown->empty()) return true;
    const std::string& type = m->GetDescriptor()->full_name();
    if (!absl::EndsWith(type, "Options")) return true;
    std::set<int> mine;
    for (int i = 0; i < unknown->field_count(); ++i) {
      const ExtensionKey key(type, unknown->field(i).number());
      if (ours.contains(key)) mine.insert(key.second);
    }
    if (mine.empty()) return true;
    for (int number : mine) {
      if (foreign.contains({type, number})) unknown->DeleteByNumber(number);
    }
    if (m->ByteSizeLong() == 0) emptied.insert(m);
    const std::unique_ptr<pb::Message> parsed(m->New());
    bool ok = parsed->ParsePartialFromString(m->SerializePartialAsString());
    // A value of the wrong wire type stays an unknown field.
    const pb::UnknownFieldSet& left =
        parsed->GetReflection()->GetUnknownFields(*parsed);
    for (int i = 0; ok && i < left.field_count(); ++i) {
      ok = !ours.contains({type, left.field(i).number()});
    }
    if (!ok) {
      status = absl::InvalidArgumentError(absl::StrCat(
          WhereInProto(*file, at), ": an option does not have the type of ",
          ours.at({type, *mine.begin()})));
    }
    return ok;
  });
  if (!emptied.empty()) ClearEmptied(file, emptied);
  return status;
}

}  // namespace

std::vector<std::pair<std::string, absl::Status>> PrepareOptions(
    const std::vector<pb::FileDescriptorProto*>& files) {
  std::vector<std::pair<std::string, absl::Status>> failed;
  const std::map<ExtensionKey, std::string> ours = OurExtensions();
  std::set<ExtensionKey> foreign;
  for (pb::FileDescriptorProto* file : files) FindForeign(file, ours, &foreign);
  for (pb::FileDescriptorProto* file : files) {
    absl::Status status = PrepareFile(file, ours, foreign);
    if (!status.ok()) failed.emplace_back(file->name(), std::move(status));
  }
  return failed;
}

}  // namespace sse_bridge

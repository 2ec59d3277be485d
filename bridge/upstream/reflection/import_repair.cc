#include "bridge/upstream/reflection/import_repair.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

// Deeper nesting of messages is ignored here; loading the schema rejects it.
constexpr int kMaxDepth = 100;

// Adds the full names of a message and of the types nested in it.
void AddDefined(const DescriptorProto& message, const std::string& scope,
                int depth, std::vector<std::string>* names) {
  const std::string name =
      scope.empty() ? message.name() : absl::StrCat(scope, ".", message.name());
  names->push_back(name);
  if (depth == kMaxDepth) return;
  for (const auto& nested : message.nested_type()) {
    AddDefined(nested, name, depth + 1, names);
  }
  for (const auto& nested : message.enum_type()) {
    names->push_back(absl::StrCat(name, ".", nested.name()));
  }
}

}  // namespace

std::vector<std::string> TypesDefinedBy(const FileDescriptorProto& file) {
  std::vector<std::string> names;
  for (const auto& message : file.message_type()) {
    AddDefined(message, file.package(), 0, &names);
  }
  for (const auto& type : file.enum_type()) {
    names.push_back(file.package().empty()
                        ? type.name()
                        : absl::StrCat(file.package(), ".", type.name()));
  }
  return names;
}

namespace {

// Adds a type's name without the leading dot. Synthesised files may also use
// full names without a dot, and relative ones (FileThatHas).
void AddUsed(const std::string& name, std::vector<std::string>* names) {
  if (name.empty()) return;
  names->push_back(name[0] == '.' ? name.substr(1) : name);
}

void AddUsed(const FieldDescriptorProto& field,
             std::vector<std::string>* names) {
  AddUsed(field.type_name(), names);
  AddUsed(field.extendee(), names);
}

void AddUsed(const DescriptorProto& message, int depth,
             std::vector<std::string>* names) {
  for (const auto& field : message.field()) AddUsed(field, names);
  for (const auto& field : message.extension()) AddUsed(field, names);
  if (depth == kMaxDepth) return;
  for (const auto& nested : message.nested_type()) {
    AddUsed(nested, depth + 1, names);
  }
}

}  // namespace

std::vector<std::string> TypesUsedBy(const FileDescriptorProto& file) {
  std::vector<std::string> names;
  for (const auto& message : file.message_type()) AddUsed(message, 0, &names);
  for (const auto& field : file.extension()) AddUsed(field, &names);
  for (const auto& service : file.service()) {
    for (const auto& method : service.method()) {
      AddUsed(method.input_type(), &names);
      AddUsed(method.output_type(), &names);
    }
  }
  return names;
}

namespace {

// Returns protoc's name for the entry type of a map field.
std::string MapEntryName(const std::string& field) {
  std::string name;
  bool upper = true;
  for (char c : field) {
    if (c == '_') {
      upper = true;
    } else {
      name.push_back(upper ? absl::ascii_toupper(static_cast<unsigned char>(c))
                           : c);
      upper = false;
    }
  }
  return name + "Entry";
}

void RepairMapEntries(DescriptorProto* message, const std::string& scope,
                      int depth) {
  const std::string full_name = scope + "." + message->name();
  for (DescriptorProto& entry : *message->mutable_nested_type()) {
    if (!entry.options().map_entry()) {
      if (depth < kMaxDepth) RepairMapEntries(&entry, full_name, depth + 1);
      continue;
    }
    for (FieldDescriptorProto& field : *message->mutable_field()) {
      const std::string& type = field.type_name();
      if (type != entry.name() && type != full_name + "." + entry.name()) {
        continue;
      }
      entry.set_name(MapEntryName(field.name()));
      field.set_type_name(full_name + "." + entry.name());
      break;
    }
  }
}

// Returns the file in which this program has the type; empty if it does not.
std::string KnownFileOf(const std::string& type) {
  const auto* file =
      DescriptorPool::generated_pool()->FindFileContainingSymbol(type);
  return file == nullptr ? "" : file->name();
}

bool IsMadeUpCopy(const FileDescriptorProto& file,
                  const std::vector<std::string>& defined) {
  if (file.service_size() > 0 || defined.empty()) return false;
  // One known type is enough: a type is defined in one file only, and packages
  // like these are contracts whose files do not differ.
  for (const std::string& name : defined) {
    const std::string known = KnownFileOf(name);
    if (!known.empty() && known != file.name()) return true;
  }
  return false;
}

// Maps type names to the files that define them.
using FileOf = absl::flat_hash_map<std::string, std::string>;

// Returns the file that defines the type which a file of `package` calls
// `name`: a full name, or one relative to a scope, innermost first. Empty if
// there is none.
std::string FileThatHas(absl::string_view name, absl::string_view package,
                        const FileOf& file_of) {
  const auto find = [&file_of](const std::string& full_name) {
    auto found = file_of.find(full_name);
    return found != file_of.end() ? found->second : KnownFileOf(full_name);
  };
  std::string file = find(std::string(name));
  while (file.empty() && !package.empty()) {
    file = find(absl::StrCat(package, ".", name));
    const size_t dot = package.rfind('.');
    package = package.substr(0, dot == package.npos ? 0 : dot);
  }
  return file;
}

// Removes imports of `dropped` and adds imports for the types the file uses.
void Reimport(const absl::flat_hash_set<std::string>& dropped,
              const FileOf& file_of, FileDescriptorProto* file) {
  absl::flat_hash_set<std::string> imports;
  std::vector<std::string> stay;
  for (const std::string& import : file->dependency()) {
    if (!dropped.contains(import)) stay.push_back(import);
    imports.insert(import);
  }
  const bool whole =
      stay.size() == static_cast<size_t>(file->dependency_size());
  // Public imports may provide types that are not listed here, so a file that
  // has imports is assumed to be complete.
  if (whole && !stay.empty()) return;
  for (const std::string& used : TypesUsedBy(*file)) {
    const std::string from = FileThatHas(used, file->package(), file_of);
    if (from.empty() || from == file->name()) continue;
    if (imports.insert(from).second) stay.push_back(from);
  }
  // The indexes in these lists would no longer be valid.
  if (!whole) {
    file->clear_public_dependency();
    file->clear_weak_dependency();
  }
  file->clear_dependency();
  for (const std::string& import : stay) file->add_dependency(import);
}

}  // namespace

void RepairImports(FileDescriptorSet* set) {
  FileDescriptorSet kept;
  FileOf file_of;
  absl::flat_hash_set<std::string> dropped;
  for (const FileDescriptorProto& file : set->file()) {
    const std::vector<std::string> defined = TypesDefinedBy(file);
    if (IsMadeUpCopy(file, defined)) {
      dropped.insert(file.name());
      continue;
    }
    for (const std::string& name : defined) file_of.emplace(name, file.name());
    *kept.add_file() = file;
  }
  for (FileDescriptorProto& file : *kept.mutable_file()) {
    const std::string scope =
        file.package().empty() ? "" : absl::StrCat(".", file.package());
    for (DescriptorProto& message : *file.mutable_message_type()) {
      RepairMapEntries(&message, scope, 0);
    }
    Reimport(dropped, file_of, &file);
  }
  set->Swap(&kept);
}

void ReplaceImports(const absl::flat_hash_set<std::string>& gone,
                    FileDescriptorSet* set) {
  FileOf file_of;
  for (const FileDescriptorProto& file : set->file()) {
    for (const std::string& name : TypesDefinedBy(file)) {
      file_of.emplace(name, file.name());
    }
  }
  for (FileDescriptorProto& file : *set->mutable_file()) {
    const bool hit = std::any_of(
        file.dependency().begin(), file.dependency().end(),
        [&](const std::string& import) { return gone.contains(import); });
    if (hit) Reimport(gone, file_of, &file);
  }
}

}  // namespace sse_bridge

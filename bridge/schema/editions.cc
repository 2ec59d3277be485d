#include "bridge/schema/editions.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/feature_set.h"
#include "bridge/schema/file_lowering.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Fields of FileDescriptorProto that libprotobuf 3.21 does not know.
constexpr int kEditionField = 14;
constexpr int kOptionDependencyField = 15;

// Returns the edition of a file, kEditionProto3 for a proto3 file, and
// kEditionProto2 for any other.
absl::StatusOr<int> EditionOf(const pb::FileDescriptorProto& file) {
  if (file.syntax() == "proto3") return kEditionProto3;
  if (file.syntax() != "editions") return kEditionProto2;
  const pb::UnknownFieldSet& unknown = file.unknown_fields();
  for (int i = unknown.field_count() - 1; i >= 0; --i) {
    if (unknown.field(i).number() == kEditionField &&
        unknown.field(i).type() == pb::UnknownField::TYPE_VARINT) {
      return static_cast<int>(unknown.field(i).varint());
    }
  }
  return absl::InvalidArgumentError("syntax \"editions\" without an edition");
}

// All files of one schema.
class EditionsLowering {
 public:
  explicit EditionsLowering(const std::vector<pb::FileDescriptorProto*>& files)
      : protos_(files) {}

  std::vector<std::pair<std::string, absl::Status>> Run() {
    for (pb::FileDescriptorProto* proto : protos_) Add(proto);
    ChooseSyntax();
    for (const File& file : files_) {
      if (file.edition >= kEdition2023 || file.proto2) Lower(file);
    }
    return std::move(failed_);
  }

 private:
  struct File {
    pb::FileDescriptorProto* proto;
    int edition;
    bool proto2;  // is or becomes proto2
    std::vector<std::string> used_enums;
  };

  void Add(pb::FileDescriptorProto* proto) {
    absl::StatusOr<int> edition = EditionOf(*proto);
    absl::StatusOr<FileNeeds> needs =
        edition.ok() ? InspectFile(*edition, proto) : edition.status();
    if (!needs.ok()) {
      std::string text(needs.status().message());
      if (!absl::StartsWith(text, proto->name())) {
        text = absl::StrCat(proto->name(), ": ", text);
      }
      failed_.emplace_back(proto->name(), absl::InvalidArgumentError(text));
      return;
    }
    const size_t index = files_.size();
    for (std::string& name : needs->enums) {
      file_of_enum_.emplace(std::move(name), index);
    }
    const bool proto2 = *edition == kEditionProto2 ||
                        (*edition != kEditionProto3 && needs->only_in_proto2);
    files_.push_back({proto, *edition, proto2, std::move(needs->used_enums)});
  }

  // A proto3 file may not use an enum of a proto2 file. So the users of a file
  // that becomes proto2 become proto2 too.
  void ChooseSyntax() {
    std::vector<std::vector<size_t>> users(files_.size());
    std::vector<size_t> waiting;
    for (size_t i = 0; i < files_.size(); ++i) {
      for (const std::string& name : files_[i].used_enums) {
        const auto found = file_of_enum_.find(name);
        if (found != file_of_enum_.end()) {
          users[found->second].push_back(i);
        } else if (files_[i].edition >= kEdition2023 && !IsLinkedProto3(name)) {
          files_[i].proto2 = true;
        }
      }
    }
    for (size_t i = 0; i < files_.size(); ++i) {
      if (files_[i].proto2) waiting.push_back(i);
    }
    while (!waiting.empty()) {
      const File& file = files_[waiting.back()];
      const std::vector<size_t>& its_users = users[waiting.back()];
      waiting.pop_back();
      for (size_t user : its_users) {
        // Protobuf rejects a proto3 file that uses an enum with syntax proto2.
        const bool wrong = files_[user].edition == kEditionProto3 &&
                           file.edition == kEditionProto2;
        if (files_[user].proto2 || wrong) continue;
        files_[user].proto2 = true;
        waiting.push_back(user);
      }
    }
  }

  static bool IsLinkedProto3(const std::string& enum_name) {
    const pb::EnumDescriptor* linked =
        pb::DescriptorPool::generated_pool()->FindEnumTypeByName(enum_name);
    return linked != nullptr &&
           linked->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3;
  }

  void Lower(const File& file) {
    if (file.edition == kEditionProto2) return;
    if (file.edition >= kEdition2023) ImportOptions(file.proto);
    LowerFile(file.edition, file.proto2, file.proto);
    pb::UnknownFieldSet* unknown = file.proto->mutable_unknown_fields();
    unknown->DeleteByNumber(kEditionField);
    unknown->DeleteByNumber(kOptionDependencyField);
  }

  // Files with custom options may be missing, unlike imports.
  void ImportOptions(pb::FileDescriptorProto* file) {
    absl::flat_hash_set<std::string> imports(file->dependency().begin(),
                                             file->dependency().end());
    const pb::UnknownFieldSet& unknown = file->unknown_fields();
    for (int i = 0; i < unknown.field_count(); ++i) {
      const pb::UnknownField& field = unknown.field(i);
      if (field.number() != kOptionDependencyField ||
          field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED) {
        continue;
      }
      const std::string& name = field.length_delimited();
      if (IsAvailable(name) && imports.insert(name).second) {
        file->add_dependency(name);
      }
    }
  }

  bool IsAvailable(const std::string& name) {
    if (names_.empty()) {
      for (const pb::FileDescriptorProto* proto : protos_) {
        names_.insert(proto->name());
      }
    }
    return names_.contains(name) ||
           pb::DescriptorPool::generated_pool()->FindFileByName(name) !=
               nullptr;
  }

  const std::vector<pb::FileDescriptorProto*>& protos_;
  std::vector<File> files_;
  absl::flat_hash_map<std::string, size_t> file_of_enum_;
  absl::flat_hash_set<std::string> names_;
  std::vector<std::pair<std::string, absl::Status>> failed_;
};

}  // namespace

std::vector<std::pair<std::string, absl::Status>> LowerEditions(
    const std::vector<pb::FileDescriptorProto*>& files) {
  const bool any = std::any_of(files.begin(), files.end(),
                               [](const pb::FileDescriptorProto* file) {
                                 return file->syntax() == "editions";
                               });
  if (!any) return {};
  return EditionsLowering(files).Run();
}

}  // namespace sse_bridge

#include "bridge/transcode/open_enums.h"

#include <google/protobuf/descriptor.pb.h>

#include <vector>

#include "absl/container/flat_hash_set.h"
#include "bridge/schema/field_features.h"

namespace sse_bridge {
namespace {

namespace pb = ::google::protobuf;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;

bool HoldsTooLittle(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM &&
         CannotHoldUnknownNumbers(field) && !HasClosedEnum(field);
}

void MakeInt32(const FieldDescriptor* field, FieldDescriptorProto* proto) {
  if (!HoldsTooLittle(field)) return;
  proto->set_type(FieldDescriptorProto::TYPE_INT32);
  proto->clear_type_name();
  proto->clear_default_value();
}

// The parser of the schema has bounded the nesting, and so the recursion.
void MakeInt32(const Descriptor* message, pb::DescriptorProto* proto) {
  for (int i = 0; i < message->field_count(); ++i) {
    MakeInt32(message->field(i), proto->mutable_field(i));
  }
  for (int i = 0; i < message->extension_count(); ++i) {
    MakeInt32(message->extension(i), proto->mutable_extension(i));
  }
  for (int i = 0; i < message->nested_type_count(); ++i) {
    MakeInt32(message->nested_type(i), proto->mutable_nested_type(i));
  }
}

// The files that define a type, what it contains, and extensions of these.
// Imports precede their importers.
class Files {
 public:
  explicit Files(const Descriptor* type) {
    std::vector<const Descriptor*> waiting = {type};
    absl::flat_hash_set<const Descriptor*> seen = {type};
    while (!waiting.empty()) {
      const Descriptor* const next = waiting.back();
      waiting.pop_back();
      Add(next->file());
      std::vector<const FieldDescriptor*> fields;
      if (next->extension_range_count() > 0) {
        type->file()->pool()->FindAllExtensions(next, &fields);
      }
      for (const FieldDescriptor* extension : fields) Add(extension->file());
      for (int i = 0; i < next->field_count(); ++i) {
        fields.push_back(next->field(i));
      }
      for (const FieldDescriptor* field : fields) {
        needed_ = needed_ || HoldsTooLittle(field);
        const Descriptor* const inner = field->message_type();
        if (inner != nullptr && seen.insert(inner).second) {
          waiting.push_back(inner);
        }
      }
    }
  }

  // Returns whether some field of the type holds too little.
  bool needed() const { return needed_; }
  const std::vector<const FileDescriptor*>& all() const { return all_; }

 private:
  // Not recursive, because chains of imports may be long.
  void Add(const FileDescriptor* root) {
    struct Step {
      const FileDescriptor* file;
      int next_import;
    };
    if (!seen_.insert(root).second) return;
    std::vector<Step> path = {{root, 0}};
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next_import == step.file->dependency_count()) {
        all_.push_back(step.file);
        path.pop_back();
        continue;
      }
      const FileDescriptor* const import =
          step.file->dependency(step.next_import++);
      if (seen_.insert(import).second) path.push_back({import, 0});
    }
  }

  absl::flat_hash_set<const FileDescriptor*> seen_;
  std::vector<const FileDescriptor*> all_;
  bool needed_ = false;
};

}  // namespace

const pb::Message* OpenEnumTypes::PrototypeFor(const Descriptor* type) const {
  MutexLock lock(&mu_);
  const auto [it, is_new] = prototypes_.try_emplace(type, nullptr);
  if (is_new) it->second = Make(type);
  return it->second;
}

const pb::Message* OpenEnumTypes::Make(const Descriptor* type) const {
  const Files files(type);
  if (!files.needed()) return nullptr;
  for (const FileDescriptor* file : files.all()) {
    if (pool_.FindFileByName(file->name()) != nullptr) continue;
    pb::FileDescriptorProto proto;
    file->CopyTo(&proto);
    for (int i = 0; i < file->message_type_count(); ++i) {
      MakeInt32(file->message_type(i), proto.mutable_message_type(i));
    }
    for (int i = 0; i < file->extension_count(); ++i) {
      MakeInt32(file->extension(i), proto.mutable_extension(i));
    }
    pool_.BuildFile(proto);
  }
  const Descriptor* const made = pool_.FindMessageTypeByName(type->full_name());
  return made == nullptr ? nullptr : factory_.GetPrototype(made);
}

}  // namespace sse_bridge

#include "bridge/schema/lost_options.h"

#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using Files = absl::flat_hash_set<const pb::FileDescriptor*>;

constexpr char kAdvice[] =
    "its options were lost, as happens with some reflection services and "
    "tools: use a descriptor set created by protoc";

constexpr absl::string_view kValidation[] = {"buf/validate/validate.proto",
                                             "validate/validate.proto"};
constexpr absl::string_view kOthers[] = {"sse/v1/sse.proto",
                                         "google/api/annotations.proto"};

bool IsContract(const pb::FileDescriptor* file) {
  return absl::c_linear_search(kValidation, file->name()) ||
         absl::c_linear_search(kOthers, file->name());
}

// The file and its public imports.
void AddWithPublic(const pb::FileDescriptor* file, Files* files) {
  std::vector<const pb::FileDescriptor*> waiting = {file};
  while (!waiting.empty()) {
    const pb::FileDescriptor* next = waiting.back();
    waiting.pop_back();
    if (!files->insert(next).second) continue;
    for (int i = 0; i < next->public_dependency_count(); ++i) {
      waiting.push_back(next->public_dependency(i));
    }
  }
}

template <typename Options>
bool IsEmptied(const Options& options) {
  return &options != &Options::default_instance() &&
         options.ByteSizeLong() == 0;
}

// Collects the files whose declarations a file uses.
class Uses {
 public:
  explicit Uses(const pb::FileDescriptor* file) : pool_(*file->pool()) {
    AddOptions(file->options());
    for (int i = 0; i < file->message_type_count(); ++i) {
      AddMessage(file->message_type(i));
    }
    for (int i = 0; i < file->enum_type_count(); ++i) {
      AddEnum(file->enum_type(i));
    }
    for (int i = 0; i < file->extension_count(); ++i) {
      AddField(file->extension(i));
    }
    for (int i = 0; i < file->service_count(); ++i) {
      const pb::ServiceDescriptor* service = file->service(i);
      AddOptions(service->options());
      for (int k = 0; k < service->method_count(); ++k) {
        const pb::MethodDescriptor* method = service->method(k);
        AddOptions(method->options());
        files_.insert(method->input_type()->file());
        files_.insert(method->output_type()->file());
      }
    }
  }

  bool AnyOf(const Files& files) const {
    for (const pb::FileDescriptor* file : files) {
      if (files_.contains(file)) return true;
    }
    return false;
  }

 private:
  // The descriptor parser limits the nesting of types.
  void AddMessage(const pb::Descriptor* root) {
    std::vector<const pb::Descriptor*> waiting = {root};
    while (!waiting.empty()) {
      const pb::Descriptor* type = waiting.back();
      waiting.pop_back();
      AddOptions(type->options());
      for (int i = 0; i < type->field_count(); ++i) AddField(type->field(i));
      for (int i = 0; i < type->extension_count(); ++i) {
        AddField(type->extension(i));
      }
      for (int i = 0; i < type->oneof_decl_count(); ++i) {
        AddOptions(type->oneof_decl(i)->options());
      }
      for (int i = 0; i < type->enum_type_count(); ++i) {
        AddEnum(type->enum_type(i));
      }
      for (int i = 0; i < type->nested_type_count(); ++i) {
        waiting.push_back(type->nested_type(i));
      }
    }
  }

  void AddEnum(const pb::EnumDescriptor* type) {
    AddOptions(type->options());
    for (int i = 0; i < type->value_count(); ++i) {
      AddOptions(type->value(i)->options());
    }
  }

  void AddField(const pb::FieldDescriptor* field) {
    AddOptions(field->options());
    files_.insert(field->containing_type()->file());
    if (field->message_type() != nullptr) {
      files_.insert(field->message_type()->file());
    }
    if (field->enum_type() != nullptr) {
      files_.insert(field->enum_type()->file());
    }
  }

  // Extensions that are not compiled into this program are unknown fields.
  void AddOptions(const pb::Message& options) {
    const pb::Reflection* reflection = options.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection->ListFields(options, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      if (field->is_extension()) AddExtension(options, field->number());
    }
    const pb::UnknownFieldSet& unknown = reflection->GetUnknownFields(options);
    for (int i = 0; i < unknown.field_count(); ++i) {
      AddExtension(options, unknown.field(i).number());
    }
  }

  void AddExtension(const pb::Message& options, int number) {
    const pb::Descriptor* type =
        pool_.FindMessageTypeByName(options.GetDescriptor()->full_name());
    if (type == nullptr) return;
    const pb::FieldDescriptor* extension =
        pool_.FindExtensionByNumber(type, number);
    if (extension != nullptr) files_.insert(extension->file());
  }

  const pb::DescriptorPool& pool_;
  Files files_;
};

std::string Quoted(const std::vector<std::string>& names) {
  return absl::StrCat("\"", absl::StrJoin(names, "\", \""), "\"");
}

std::string WhyLost(const pb::FileDescriptor* file,
                    const std::vector<std::string>& imports) {
  return absl::StrCat(file->name(), " imports ", Quoted(imports),
                      " but does not use it: ", kAdvice,
                      "; if the import is not needed, remove it");
}

template <typename Element>
std::string WhyEmptied(const Element* element) {
  return absl::StrCat(element->file()->name(), ": ", element->full_name(),
                      " has empty options: ", kAdvice);
}

std::string WhyEmptied(const pb::OneofDescriptor* oneof) {
  return absl::StrCat(oneof->containing_type()->file()->name(), ": ",
                      oneof->full_name(), " has empty options: ", kAdvice);
}

}  // namespace

const LostOptions::Imports& LostOptions::ImportsOf(
    const pb::FileDescriptor* file) {
  const auto [it, is_new] = imports_.try_emplace(file);
  if (!is_new || IsContract(file)) return it->second;
  Imports& imports = it->second;
  Files re_exported;
  for (int i = 0; i < file->public_dependency_count(); ++i) {
    re_exported.insert(file->public_dependency(i));
  }
  std::optional<Uses> uses;
  bool any_used = false;
  bool validation = false;
  for (int i = 0; i < file->dependency_count(); ++i) {
    const pb::FileDescriptor* import = file->dependency(i);
    // A file without services may re-export imports that it does not use.
    if (file->service_count() == 0 && re_exported.contains(import)) continue;
    Files brought;
    AddWithPublic(import, &brought);
    bool contract = false;
    bool of_validation = false;
    for (const pb::FileDescriptor* each : brought) {
      contract = contract || IsContract(each);
      of_validation =
          of_validation || absl::c_linear_search(kValidation, each->name());
    }
    if (!contract) continue;
    if (!uses.has_value()) uses.emplace(file);
    if (uses->AnyOf(brought)) {
      any_used = true;
    } else {
      imports.unused.push_back(import->name());
      validation = validation || of_validation;
    }
  }
  imports.lost = !any_used && !imports.unused.empty();
  imports.lost_validation = imports.lost && validation;
  return imports;
}

std::vector<std::string> LostOptions::UnusedImports(
    const pb::FileDescriptor* file) {
  const Imports& imports = ImportsOf(file);
  return imports.lost ? std::vector<std::string>() : imports.unused;
}

std::string LostOptions::WhyNotServed(const pb::MethodDescriptor* method,
                                      bool reflected) {
  const pb::FileDescriptor* file = method->file();
  const Imports& imports = ImportsOf(file);
  if (imports.lost) return WhyLost(file, imports.unused);
  if (IsEmptied(method->service()->options())) {
    return WhyEmptied(method->service());
  }
  if ((reflected || !imports.unused.empty()) && IsEmptied(method->options())) {
    return WhyEmptied(method);
  }
  absl::flat_hash_set<const pb::Descriptor*> seen = {method->input_type()};
  std::vector<const pb::Descriptor*> waiting = {method->input_type()};
  while (!waiting.empty()) {
    const pb::Descriptor* type = waiting.back();
    waiting.pop_back();
    std::string why = WhyNotTaken(type);
    if (!why.empty()) return why;
    for (int i = 0; i < type->field_count(); ++i) {
      const pb::Descriptor* inner = type->field(i)->message_type();
      if (inner != nullptr && seen.insert(inner).second) {
        waiting.push_back(inner);
      }
    }
  }
  return "";
}

std::string LostOptions::WhyNotTaken(const pb::Descriptor* request) {
  const auto [it, is_new] = messages_.try_emplace(request);
  if (!is_new) return it->second;
  const Imports& imports = ImportsOf(request->file());
  if (imports.lost_validation) {
    return it->second = WhyLost(request->file(), imports.unused);
  }
  if (IsEmptied(request->options())) return it->second = WhyEmptied(request);
  for (int i = 0; i < request->field_count(); ++i) {
    const pb::FieldDescriptor* field = request->field(i);
    if (IsEmptied(field->options())) return it->second = WhyEmptied(field);
  }
  for (int i = 0; i < request->oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = request->oneof_decl(i);
    if (IsEmptied(oneof->options())) return it->second = WhyEmptied(oneof);
  }
  return "";
}

}  // namespace sse_bridge

#include "bridge/schema/lost_options.h"

#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "sse/v1/sse.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
using Files = absl::flat_hash_set<const pb::FileDescriptor*>;

constexpr char kAdvice[] =
    "its options were lost, as happens with some reflection services and "
    "tools: use a descriptor set created by protoc";

constexpr absl::string_view kValidation[] = {"buf/validate/validate.proto",
                                             "validate/validate.proto"};
constexpr absl::string_view kSse = "sse/v1/sse.proto";
constexpr absl::string_view kHttp = "google/api/annotations.proto";

bool DefinesOptions(const pb::FileDescriptor* file) {
  return absl::c_linear_search(kValidation, file->name()) ||
         file->name() == kSse || file->name() == kHttp;
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

// The extensions that a service configuration added to an element.
std::vector<int> AddedNumbers(const ServiceConfigWriter* added,
                              const std::string& element) {
  const AddedOptions* options =
      added == nullptr ? nullptr : added->FindAdded(element);
  if (options == nullptr) return {};
  std::vector<int> numbers;
  if (options->http) numbers.push_back(google::api::http.number());
  if (options->stream) numbers.push_back(sse::v1::stream.number());
  if (options->access) numbers.push_back(sse::v1::access.number());
  if (options->json) numbers.push_back(sse::v1::json.number());
  return numbers;
}

bool WereEmpty(const ServiceConfigWriter* added, const std::string& element) {
  const AddedOptions* options =
      added == nullptr ? nullptr : added->FindAdded(element);
  return options != nullptr && options->were_empty;
}

// Collects the files whose declarations a file uses.
class Uses {
 public:
  Uses(const pb::FileDescriptor* file, const ServiceConfigWriter* added)
      : pool_(*file->pool()) {
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
      AddOptions(service->options(), AddedNumbers(added, service->full_name()));
      for (int k = 0; k < service->method_count(); ++k) {
        const pb::MethodDescriptor* method = service->method(k);
        AddOptions(method->options(), AddedNumbers(added, method->full_name()));
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
  // `except`: numbers of extensions that do not count.
  void AddOptions(const pb::Message& options,
                  const std::vector<int>& except = {}) {
    const pb::Reflection* reflection = options.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection->ListFields(options, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      if (field->is_extension() &&
          !absl::c_linear_search(except, field->number())) {
        AddExtension(options, field->number());
      }
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

LostOptions::LostOptions(const ServiceConfigWriter* added)
    : added_(added), damaged_([this](const pb::Descriptor* message) {
        return !WhyNotTaken(message).empty();
      }) {}

const LostOptions::Imports& LostOptions::ImportsOf(
    const pb::FileDescriptor* file) {
  const auto [it, is_new] = imports_.try_emplace(file);
  if (!is_new || DefinesOptions(file)) return it->second;
  Imports& imports = it->second;
  Files re_exported;
  for (int i = 0; i < file->public_dependency_count(); ++i) {
    re_exported.insert(file->public_dependency(i));
  }
  std::optional<Uses> uses;
  bool any_used = false;
  for (int i = 0; i < file->dependency_count(); ++i) {
    const pb::FileDescriptor* import = file->dependency(i);
    // A file without services may re-export imports that it does not use.
    if (file->service_count() == 0 && re_exported.contains(import)) continue;
    Files brought;
    AddWithPublic(import, &brought);
    bool contract = false;
    bool validation = false;
    bool http = false;
    bool sse = false;
    for (const pb::FileDescriptor* each : brought) {
      contract = contract || DefinesOptions(each);
      validation =
          validation || absl::c_linear_search(kValidation, each->name());
      http = http || each->name() == kHttp;
      sse = sse || each->name() == kSse;
    }
    if (!contract) continue;
    if (!uses.has_value()) uses.emplace(file, added_);
    if (uses->AnyOf(brought)) {
      any_used = true;
    } else {
      imports.unused.push_back(import->name());
      imports.unused_validation = imports.unused_validation || validation;
      imports.unused_http = imports.unused_http || http;
      imports.unused_sse = imports.unused_sse || sse;
    }
  }
  imports.lost = !any_used && !imports.unused.empty();
  imports.lost_validation = imports.lost && imports.unused_validation;
  return imports;
}

std::vector<std::string> LostOptions::UnusedImports(
    const pb::FileDescriptor* file) {
  const Imports& imports = ImportsOf(file);
  return imports.lost ? std::vector<std::string>() : imports.unused;
}

bool LostOptions::IsRestored(const Imports& imports,
                             const pb::MethodDescriptor* method) const {
  const AddedOptions* added =
      added_ == nullptr ? nullptr : added_->FindAdded(method->full_name());
  return added != nullptr && !imports.unused_validation &&
         (added->http || !imports.unused_http) &&
         (added->access || !imports.unused_sse);
}

std::string LostOptions::WhyNotServed(const pb::MethodDescriptor* method,
                                      bool reflected) {
  const pb::FileDescriptor* file = method->file();
  const pb::ServiceDescriptor* service = method->service();
  const Imports& imports = ImportsOf(file);
  if (imports.lost && !IsRestored(imports, method)) {
    return WhyLost(file, imports.unused);
  }
  const AddedOptions* added =
      added_ == nullptr ? nullptr : added_->FindAdded(method->full_name());
  // The method's own access replaces that of the service.
  if ((IsEmptied(service->options()) ||
       WereEmpty(added_, service->full_name())) &&
      (added == nullptr || !added->access)) {
    return WhyEmptied(service);
  }
  const bool emptied =
      IsEmptied(method->options()) || WereEmpty(added_, method->full_name());
  if (emptied && !imports.unused.empty() && !IsRestored(imports, method)) {
    return WhyEmptied(method);
  }
  // Without the imports nothing tells which options were lost.
  if (emptied && reflected &&
      (added == nullptr || !added->http || !added->access)) {
    return WhyEmptied(method);
  }
  if (!damaged_.Contains(method->input_type())) return "";
  std::string why;
  RequestTypes::ForEach(method->input_type(), [&](const pb::Descriptor* type) {
    if (why.empty()) why = WhyNotTaken(type);
  });
  return why;
}

const std::string& LostOptions::WhyNotTaken(const pb::Descriptor* request) {
  if (const auto it = messages_.find(request); it != messages_.end()) {
    return it->second;
  }
  std::string why;
  const Imports& imports = ImportsOf(request->file());
  if (imports.lost_validation) {
    why = WhyLost(request->file(), imports.unused);
  } else if (IsEmptied(request->options())) {
    why = WhyEmptied(request);
  }
  for (int i = 0; why.empty() && i < request->field_count(); ++i) {
    const pb::FieldDescriptor* field = request->field(i);
    if (IsEmptied(field->options())) why = WhyEmptied(field);
  }
  for (int i = 0; why.empty() && i < request->oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = request->oneof_decl(i);
    if (IsEmptied(oneof->options())) why = WhyEmptied(oneof);
  }
  return messages_.emplace(request, std::move(why)).first->second;
}

}  // namespace sse_bridge

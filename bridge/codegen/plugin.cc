#include "bridge/codegen/plugin.h"

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <iostream>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

void AddWithImports(const pb::FileDescriptor* file,
                    std::set<const pb::FileDescriptor*>* seen,
                    pb::FileDescriptorSet* set) {
  if (!seen->insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddWithImports(file->dependency(i), seen, set);
  }
  pb::FileDescriptorProto* proto = set->add_file();
  file->CopyTo(proto);
  file->CopyJsonNameTo(proto);
  file->CopySourceCodeInfoTo(proto);
}

absl::StatusOr<std::shared_ptr<const Schema>> LoadSchema(
    const std::vector<const pb::FileDescriptor*>& files, LoadOptions options) {
  pb::FileDescriptorSet set;
  std::set<const pb::FileDescriptor*> seen;
  for (const pb::FileDescriptor* file : files) {
    AddWithImports(file, &seen, &set);
    for (int i = 0; i < file->service_count(); ++i) {
      options.services.push_back(file->service(i)->full_name());
    }
  }
  auto schema =
      Schema::Load({{"the protos", set.SerializeAsString()}}, options);
  if (!schema.ok()) return schema;
  // protoc shows what plugins write to stderr.
  for (const UnservedMethod& unserved : (*schema)->unserved()) {
    std::cerr << "warning: " << unserved.why.message() << "\n";
  }
  if (!(*schema)->unserved().empty()) {
    if (absl::Status any = (*schema)->CheckServesAnything(); !any.ok()) {
      return any;
    }
  }
  return schema;
}

absl::StatusOr<DefaultAccess> ParseDefaultAccess(absl::string_view text) {
  if (text == "public") return DefaultAccess::kPublic;
  if (text == "authenticated") return DefaultAccess::kAuthenticated;
  return absl::InvalidArgumentError(absl::StrCat(
      "default_access is public or authenticated, not \"", text, "\""));
}

class Generator : public pb::compiler::CodeGenerator {
 public:
  explicit Generator(const Emitter& emit) : emit_(emit) {}

  uint64_t GetSupportedFeatures() const override {
    return FEATURE_PROTO3_OPTIONAL;
  }

  bool Generate(const pb::FileDescriptor* file, const std::string& parameter,
                pb::compiler::GeneratorContext* context,
                std::string* error) const override {
    return GenerateAll({file}, parameter, context, error);
  }

  bool GenerateAll(const std::vector<const pb::FileDescriptor*>& files,
                   const std::string& parameter,
                   pb::compiler::GeneratorContext* context,
                   std::string* error) const override {
    const absl::Status status = Run(files, parameter, context);
    *error = std::string(status.message());
    return status.ok();
  }

 private:
  absl::Status Run(const std::vector<const pb::FileDescriptor*>& files,
                   const std::string& parameter,
                   pb::compiler::GeneratorContext* context) const {
    PluginParameters parameters(parameter);
    LoadOptions options;
    options.default_routes = parameters.Take("default_routes") == "true";
    options.strict = parameters.Take("strict") == "true";
    const auto default_access =
        ParseDefaultAccess(parameters.Take("default_access", "public"));
    if (!default_access.ok()) return default_access.status();
    options.default_access = *default_access;
    auto schema = LoadSchema(files, std::move(options));
    if (!schema.ok()) return schema.status();
    auto emitted = emit_(**schema, &parameters);
    if (!emitted.ok()) return emitted.status();
    if (absl::Status all = parameters.CheckAllTaken(); !all.ok()) return all;
    for (const auto& [path, text] : *emitted) Write(path, text, context);
    return absl::OkStatus();
  }

  static void Write(const std::string& path, const std::string& text,
                    pb::compiler::GeneratorContext* context) {
    std::unique_ptr<pb::io::ZeroCopyOutputStream> stream(context->Open(path));
    size_t at = 0;
    void* buffer;
    int size;
    while (at < text.size() && stream->Next(&buffer, &size)) {
      const size_t n = std::min(static_cast<size_t>(size), text.size() - at);
      text.copy(static_cast<char*>(buffer), n, at);
      at += n;
      stream->BackUp(size - static_cast<int>(n));
    }
  }

  const Emitter& emit_;
};

}  // namespace

PluginParameters::PluginParameters(const std::string& text) {
  for (absl::string_view item : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(item, absl::MaxSplits('=', 1));
    values_[std::string(pair.first)] = item.find('=') == absl::string_view::npos
                                           ? "true"
                                           : std::string(pair.second);
  }
}

std::string PluginParameters::Take(const std::string& name,
                                   const std::string& fallback) {
  const auto node = values_.extract(name);
  return node.empty() ? fallback : node.mapped();
}

absl::Status PluginParameters::CheckAllTaken() const {
  if (values_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("unknown parameter \"", values_.begin()->first, "\""));
}

int RunPlugin(int argc, char** argv, const Emitter& emit) {
  const Generator generator(emit);
  return pb::compiler::PluginMain(argc, argv, &generator);
}

}  // namespace sse_bridge

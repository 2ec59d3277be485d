#include "bridge/codegen/plugin.h"

#include <google/protobuf/compiler/plugin.pb.h>
#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/base/read_file.h"
#include "bridge/schema/feature_set.h"
#include "bridge/schema/service_config.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// What libprotobuf 3.21 does not know of CodeGeneratorResponse.
constexpr uint64_t kSupportsEditions = 2;
constexpr int kMinimumEditionField = 3;
constexpr int kMaximumEditionField = 4;

// The services of the files that protoc asks for.
std::vector<std::string> ServicesIn(
    const pb::compiler::CodeGeneratorRequest& request) {
  const absl::flat_hash_set<std::string> wanted(
      request.file_to_generate().begin(), request.file_to_generate().end());
  std::vector<std::string> services;
  for (const pb::FileDescriptorProto& file : request.proto_file()) {
    if (!wanted.contains(file.name())) continue;
    for (const pb::ServiceDescriptorProto& service : file.service()) {
      services.push_back(
          file.package().empty()
              ? service.name()
              : absl::StrCat(file.package(), ".", service.name()));
    }
  }
  return services;
}

absl::StatusOr<std::shared_ptr<const Schema>> LoadSchema(
    const pb::compiler::CodeGeneratorRequest& request, LoadOptions options) {
  options.services = ServicesIn(request);
  pb::FileDescriptorSet set;
  *set.mutable_file() = request.proto_file();
  auto schema =
      Schema::Load({{"the protos", set.SerializeAsString()}}, options);
  if (!schema.ok()) return schema;
  // protoc shows what plugins write to stderr.
  for (const UnservedMethod& unserved : (*schema)->unserved()) {
    std::cerr << "warning: " << unserved.why.message() << "\n";
  }
  for (const Method* method : (*schema)->methods()) {
    if (!method->routes.empty()) continue;
    std::cerr << "warning: " << method->descriptor->full_name()
              << ": not generated, because it has no route: give it a "
                 "google.api.http, or use default_routes\n";
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

absl::StatusOr<std::map<std::string, std::string>> Generate(
    const pb::compiler::CodeGeneratorRequest& request, const Emitter& emit) {
  PluginParameters parameters(request.parameter());
  LoadOptions options;
  options.default_routes = parameters.Take("default_routes") == "true";
  options.strict = parameters.Take("strict") == "true";
  const auto default_access =
      ParseDefaultAccess(parameters.Take("default_access", "public"));
  if (!default_access.ok()) return default_access.status();
  options.default_access = *default_access;
  if (const std::string path = parameters.Take("service_config");
      !path.empty()) {
    const auto text = ReadFile(path, kMaxServiceConfigBytes);
    if (!text.ok()) return text.status();
    auto config = ServiceConfig::Parse(path, *text);
    if (!config.ok()) return config.status();
    options.service_configs.push_back(*std::move(config));
  }
  // buf runs a plugin for each directory, and some have only messages.
  if (ServicesIn(request).empty()) return std::map<std::string, std::string>();
  auto schema = LoadSchema(request, options);
  if (!schema.ok()) return schema.status();
  auto emitted = emit(**schema, &parameters);
  if (!emitted.ok()) return emitted;
  if (absl::Status all = parameters.CheckAllTaken(); !all.ok()) return all;
  return emitted;
}

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
  if (argc > 1) {
    std::cerr << argv[0] << ": unknown option: " << argv[1]
              << "\nThis program is a plugin of protoc.\n";
    return 1;
  }
  pb::compiler::CodeGeneratorRequest request;
  if (!request.ParseFromFileDescriptor(STDIN_FILENO)) {
    std::cerr << argv[0] << ": protoc sent an unreadable request\n";
    return 1;
  }
  pb::compiler::CodeGeneratorResponse response;
  response.set_supported_features(
      pb::compiler::CodeGeneratorResponse::FEATURE_PROTO3_OPTIONAL |
      kSupportsEditions);
  pb::UnknownFieldSet* unknown = response.mutable_unknown_fields();
  unknown->AddVarint(kMinimumEditionField, kEditionProto2);
  unknown->AddVarint(kMaximumEditionField, kEdition2024);
  const auto emitted = Generate(request, emit);
  if (!emitted.ok()) {
    response.set_error(std::string(emitted.status().message()));
  } else {
    for (const auto& [path, text] : *emitted) {
      auto* file = response.add_file();
      file->set_name(path);
      file->set_content(text);
    }
  }
  if (!response.SerializeToFileDescriptor(STDOUT_FILENO)) {
    std::cerr << argv[0] << ": cannot write the response\n";
    return 1;
  }
  return 0;
}

}  // namespace sse_bridge

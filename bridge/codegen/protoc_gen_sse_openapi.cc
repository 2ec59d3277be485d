// protoc plugin: generates openapi.yaml, or openapi.json with `format=json`.
//   --sse-openapi_opt=openapi=3.1,format=json,title=T,version=V,default_routes,
//     default_access=authenticated
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "bridge/codegen/openapi.h"
#include "bridge/codegen/plugin.h"

namespace sse_bridge {
namespace {

absl::StatusOr<std::map<std::string, std::string>> Emit(
    const Schema& schema, PluginParameters* parameters) {
  OpenApiOptions options;
  options.title = parameters->Take("title");
  options.api_version = parameters->Take("version");
  options.auth_cookie = parameters->Take("auth_cookie");
  const std::string version = parameters->Take("openapi", "3.2");
  const std::string format = parameters->Take("format", "yaml");
  if (version == "3.1") {
    options.version = OpenApiOptions::Version::k31;
  } else if (version != "3.2") {
    return absl::InvalidArgumentError(
        absl::StrCat("openapi is 3.1 or 3.2, not \"", version, "\""));
  }
  if (format != "yaml" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("format is yaml or json, not \"", format, "\""));
  }
  return std::map<std::string, std::string>{
      {absl::StrCat("openapi.", format),
       MakeOpenApi(
           schema, options,
           format == "json" ? OpenApiFormat::kJson : OpenApiFormat::kYaml)}};
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) {
  return sse_bridge::RunPlugin(argc, argv, sse_bridge::Emit);
}

// protoc plugin: generates a typed client as an npm package.
//   --sse-ts_opt=package=NAME,version=VERSION,license=SPDX,default_routes,
//     default_access=authenticated
#include "bridge/codegen/plugin.h"
#include "bridge/codegen/ts_client.h"

int main(int argc, char** argv) {
  return sse_bridge::RunPlugin(
      argc, argv,
      [](const sse_bridge::Schema& schema,
         sse_bridge::PluginParameters* parameters)
          -> absl::StatusOr<std::map<std::string, std::string>> {
        sse_bridge::TsPackageOptions options;
        options.name = parameters->Take("package");
        options.version = parameters->Take("version", options.version);
        options.license = parameters->Take("license", options.license);
        absl::Status valid = sse_bridge::CheckTsPackage(options);
        if (!valid.ok()) return valid;
        return sse_bridge::MakeTsPackage(schema, options);
      });
}

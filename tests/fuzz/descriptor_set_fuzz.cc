// Any bytes as a descriptor set: loading ends, with a schema or with an error.

#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "bridge/schema/schema.h"
#include "google/protobuf/dynamic_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static google::protobuf::LogSilencer silencer;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  sse_bridge::LoadOptions options;
  options.default_routes = true;
  const auto schema = sse_bridge::Schema::Load({{"fuzz", bytes}}, options);
  if (!schema.ok()) return 0;

  // What was accepted must also be usable.
  google::protobuf::DynamicMessageFactory factory;
  for (const sse_bridge::Method* method : (*schema)->methods()) {
    if (method->validator == nullptr) continue;
    // An expression may fail at run time.
    (void)method->validator->Validate(
        *factory.GetPrototype(method->descriptor->input_type()));
  }
  for (const sse_bridge::Route* route : (*schema)->routes()) {
    (*schema)->Match(route->verb, route->path_template);
  }
  return 0;
}

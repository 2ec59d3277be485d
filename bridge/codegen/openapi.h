#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_H_

#include <string>

#include "bridge/schema/schema.h"

namespace sse_bridge {

enum class OpenApiFormat { kJson, kCompactJson, kYaml };

struct OpenApiOptions {
  // OpenAPI 3.2 describes the events of streams (`itemSchema`). 3.1 cannot:
  // there, the `schema` of text/event-stream is that of one event's data, which
  // is what generators of clients expect.
  enum class Version { k32, k31 };
  Version version = Version::k32;

  // If empty, made from the package names.
  std::string title;

  // Version of the API. If empty, the last part of the first package's name
  // ("v1").
  std::string api_version;

  // Base of the paths, absolute or relative to the document's URL. The default
  // works behind any proxy that keeps the document next to the API.
  std::string server = ".";

  // The cookie that may carry the token; empty if none.
  std::string auth_cookie;
};

// Creates the OpenAPI document of everything that a bridge serves for this
// schema. Comments in the schema are optional (reflection has none).
std::string MakeOpenApi(const Schema& schema, const OpenApiOptions& options,
                        OpenApiFormat format);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_H_

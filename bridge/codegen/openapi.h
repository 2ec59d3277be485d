#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_H_

#include <string>

#include "bridge/schema/schema.h"

namespace sse_bridge {

enum class OpenApiFormat { kJson, kYaml };

struct OpenApiOptions {
  // 3.2 tells the events of streams (`itemSchema`); 3.1, which more tools read,
  // has no words for them.
  enum class Version { k32, k31 };
  Version version = Version::k32;

  // Empty: made of the packages' names.
  std::string title;

  // Of the API. Empty: the last part of the first package's name ("v1").
  std::string api_version;

  // Where the paths begin, as an address or relative to the document's: beside
  // it, wherever a proxy puts both.
  std::string server = ".";

  // The cookie that may carry the token; empty for none.
  std::string auth_cookie;
};

// The OpenAPI document of everything that a bridge serves for this schema. Any
// schema will do, also one without comments (from reflection).
std::string MakeOpenApi(const Schema& schema, const OpenApiOptions& options,
                        OpenApiFormat format);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_OPENAPI_H_

#ifndef SSE_BRIDGE_BRIDGE_GZIP_GZIP_BODY_H_
#define SSE_BRIDGE_BRIDGE_GZIP_GZIP_BODY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns the body as one gzip member; empty if that is not smaller.
std::string GzipBody(absl::string_view body);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GZIP_GZIP_BODY_H_

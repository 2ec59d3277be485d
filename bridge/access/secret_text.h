#ifndef SSE_BRIDGE_BRIDGE_ACCESS_SECRET_TEXT_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_SECRET_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns the secret in a file that contains nothing else: all bytes except one
// line end. Returns kInvalidArgument for text that is probably a mistake and
// would become a secret that others know or that only this program has:
//
// - a public key or JSON in an unsupported encoding (UTF-16, PEM with wrong
//   dashes);
// - text with a blank, a tab or a CR at either end, or with a byte order mark,
//   as editors leave behind. Binary data is accepted unchanged.
absl::StatusOr<std::string> SecretOf(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_SECRET_TEXT_H_

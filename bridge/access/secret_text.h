#ifndef SSE_BRIDGE_BRIDGE_ACCESS_SECRET_TEXT_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_SECRET_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// The secret in a file of nothing else: all of it but one line end. Invalid
// Argument for what is nearly something else and must not become a secret that
// others know or that only this program has:
//
// - a public key or JSON in an encoding that is not read (UTF-16, PEM with the
//   wrong dashes);
// - text with a blank, a tab or a CR at either end, or a byte order mark, which
//   editors leave behind. Bytes that are no text are taken as they are.
absl::StatusOr<std::string> SecretOf(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_SECRET_TEXT_H_

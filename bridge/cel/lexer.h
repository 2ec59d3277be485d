#ifndef SSE_BRIDGE_BRIDGE_CEL_LEXER_H_
#define SSE_BRIDGE_BRIDGE_CEL_LEXER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge::cel {

struct Token {
  enum class Kind {
    kEnd,
    kName,        // text; a keyword such as `in` or `true` too
    kQuotedName,  // text without its backquotes
    kInt,         // text in decimal or with 0x
    kUint,        // text without its u
    kDouble,
    kString,       // text with its escapes resolved
    kBytes,        // likewise
    kPunctuation,  // text such as "&&"
  };

  Kind kind;
  std::string text;
  int position;  // byte in the expression

  bool Is(absl::string_view punctuation) const {
    return kind == Kind::kPunctuation && text == punctuation;
  }
};

// Splits an expression into tokens, the last of which is kEnd. Errors are
// kInvalidArgument with the position: see PositionError.
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text);

// "LINE:COLUMN: message", both from 1; columns count code points.
absl::Status PositionError(absl::string_view text, int position,
                           absl::string_view message);

// Puts the position before the message of an error, and leaves its code.
absl::Status AtPosition(absl::string_view text, int position,
                        const absl::Status& error);

// Resolves the escapes of a literal's content. Bytes have no \u and \U, and
// their other numbers are bytes instead of code points.
absl::StatusOr<std::string> Unescape(absl::string_view content, bool bytes);

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_LEXER_H_

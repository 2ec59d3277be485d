#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Arrays and objects within each other; deeper ones are refused while parsing.
inline constexpr int kMaxJsonDepth = 100;

struct JsonMember;

// A JSON value as it was written: numbers keep all their digits, objects their
// order and their repeated names. Not an nlohmann::json, which loses both.
struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;  // of a string (valid UTF-8) or a number (RFC 8259 form)
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;

  bool is_null() const { return kind == Kind::kNull; }
};

// One name of an object and its value.
struct JsonMember {
  std::string name;
  JsonValue value;
};

// RFC 8259, strictly: one value, no comments, no trailing commas, valid UTF-8,
// surrogates in pairs, no number beyond a double's range. The InvalidArgument
// names line, column and reason, and carries a BadRequest.
absl::StatusOr<JsonValue> ParseJson(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_

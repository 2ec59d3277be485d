#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace sse_bridge {

// Maximum nesting depth of arrays and objects. The parser refuses deeper
// documents.
inline constexpr int kMaxJsonDepth = 100;

class JsonDocument;
struct JsonMember;

// A value of a JsonDocument. Cheap to copy. The document must outlive it.
class JsonValue {
 public:
  enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

  // Iterates over the children of an array (as JsonValue) or of an object (as
  // JsonMember).
  template <typename Child>
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Child;
    using difference_type = std::ptrdiff_t;
    using pointer = const Child*;
    using reference = Child;

    Iterator(const JsonDocument* document, uint32_t node)
        : document_(document), node_(node) {}

    Child operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator&) const = default;

   private:
    const JsonDocument* document_;
    uint32_t node_;
  };

  template <typename Child>
  class Range {
   public:
    Range(Iterator<Child> begin, Iterator<Child> end)
        : begin_(begin), end_(end) {}
    Iterator<Child> begin() const { return begin_; }
    Iterator<Child> end() const { return end_; }
    bool empty() const { return begin_ == end_; }

   private:
    Iterator<Child> begin_;
    Iterator<Child> end_;
  };

  JsonValue(const JsonDocument* document, uint32_t node)
      : document_(document), node_(node) {}

  Kind kind() const;
  bool is_null() const { return kind() == Kind::kNull; }
  bool boolean() const;  // requires kBool
  // The text of a string (valid UTF-8) or of a number (RFC 8259 form).
  absl::string_view text() const;
  Range<JsonValue> items() const;     // requires an array
  Range<JsonMember> members() const;  // requires an object

 private:
  template <typename Child>
  Range<Child> Children() const;

  const JsonDocument* document_;
  uint32_t node_;
};

// A name of an object and its value.
struct JsonMember {
  absl::string_view name;
  JsonValue value;
};

// A parsed JSON text. Unlike nlohmann::json, it keeps all digits of numbers,
// and the order and repeated names of objects. Bodies are untrusted, so values
// are small: a value or a name takes 16 bytes in addition to its text.
class JsonDocument {
 public:
  JsonValue root() const { return JsonValue(this, 0); }

 private:
  friend class JsonBuilder;
  friend class JsonValue;

  // A value or a name, in document order: a name precedes its value; an array
  // or object precedes its children.
  struct Node {
    uint32_t text_begin = 0;  // offset in text_
    uint32_t text_size = 0;
    uint32_t end = 0;  // index of the node after this one and its children
    JsonValue::Kind kind = JsonValue::Kind::kNull;
    bool boolean = false;
  };
  static_assert(sizeof(Node) == 16);

  absl::string_view TextOf(const Node& node) const {
    return absl::string_view(text_).substr(node.text_begin, node.text_size);
  }

  std::string text_;  // all strings, names and numbers
  // A deque grows without copying, which would briefly need twice the memory.
  std::deque<Node> nodes_;
};

// Parses strict RFC 8259: one value, no comments, no trailing commas, valid
// UTF-8, surrogates in pairs, no number outside a double's range, less than 4
// GiB. InvalidArgument errors name line, column and reason, and carry a
// google.rpc.BadRequest.
absl::StatusOr<JsonDocument> ParseJson(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_

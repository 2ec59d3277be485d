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

// Arrays and objects within each other; deeper ones are refused while parsing.
inline constexpr int kMaxJsonDepth = 100;

class JsonDocument;
struct JsonMember;

// A value of a JsonDocument, which must outlive it. Cheap to copy.
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
  bool boolean() const;  // of a kBool
  // Of a string (valid UTF-8) or a number (RFC 8259 form).
  absl::string_view text() const;
  Range<JsonValue> items() const;     // of an array
  Range<JsonMember> members() const;  // of an object

 private:
  template <typename Child>
  Range<Child> Children() const;

  const JsonDocument* document_;
  uint32_t node_;
};

// One name of an object and its value.
struct JsonMember {
  absl::string_view name;
  JsonValue value;
};

// A JSON text as it was written: numbers keep all their digits, objects their
// order and their repeated names. Not an nlohmann::json, which loses both.
// Bodies come from anybody, so values are small: a value or a name takes 16
// bytes besides its text.
class JsonDocument {
 public:
  JsonValue root() const { return JsonValue(this, 0); }

 private:
  friend class JsonBuilder;
  friend class JsonValue;

  // A value or a name, in the order of the text: a name comes before its value,
  // an array or an object before its children.
  struct Node {
    uint32_t text_begin = 0;  // in text_
    uint32_t text_size = 0;
    uint32_t end = 0;  // the node after this one and its children
    JsonValue::Kind kind = JsonValue::Kind::kNull;
    bool boolean = false;
  };
  static_assert(sizeof(Node) == 16);

  absl::string_view TextOf(const Node& node) const {
    return absl::string_view(text_).substr(node.text_begin, node.text_size);
  }

  std::string text_;  // of all strings, names and numbers
  // Grows without a copy, which would take as much again for a moment.
  std::deque<Node> nodes_;
};

// RFC 8259, strictly: one value, no comments, no trailing commas, valid UTF-8,
// surrogates in pairs, no number beyond a double's range, less than 4 GiB. The
// InvalidArgument names line, column and reason, and carries a BadRequest.
absl::StatusOr<JsonDocument> ParseJson(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_DOCUMENT_H_

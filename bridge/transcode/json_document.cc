#include "bridge/transcode/json_document.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/bad_request.h"

namespace sse_bridge {

namespace {

constexpr size_t kMaxReasonBytes = 300;

// Returns "line 3, column 7" for the byte at `offset`. Both count from 1.
std::string Position(absl::string_view text, size_t offset) {
  offset = std::min(offset, text.size());
  const absl::string_view before = text.substr(0, offset);
  const size_t newline = before.rfind('\n');
  const size_t column =
      newline == absl::string_view::npos ? offset : offset - newline - 1;
  return absl::StrCat("line ",
                      1 + std::count(before.begin(), before.end(), '\n'),
                      ", column ", column + 1);
}

// Returns nlohmann's error message without its prefix, as one line of printable
// ASCII, because the message repeats bytes of the text.
std::string ParserReason(absl::string_view what) {
  const size_t bracket = what.find("] ");
  if (bracket != absl::string_view::npos) what.remove_prefix(bracket + 2);
  if (absl::StartsWith(what, "parse error at")) {
    const size_t colon = what.find(": ");
    if (colon != absl::string_view::npos) what.remove_prefix(colon + 2);
  }
  std::string out(what.substr(0, kMaxReasonBytes));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

}  // namespace

// Builds the document from the parser's events. nlohmann's parser keeps its own
// stack on the heap, so nesting uses no call stack.
class JsonBuilder {
 public:
  using Kind = JsonValue::Kind;

  explicit JsonBuilder(absl::string_view source) : source_(source) {
    // An unescaped text is never longer than its source.
    document_.text_.reserve(source.size());
  }

  JsonDocument* document() { return &document_; }
  const absl::Status& status() const { return status_; }

  bool null() { return Add(Kind::kNull); }
  bool boolean(bool value) {
    Add(Kind::kBool);
    document_.nodes_.back().boolean = value;
    return true;
  }
  // Called only for negative numbers and for "-0", whose sign matters to
  // doubles.
  bool number_integer(int64_t value) {
    return Add(Kind::kNumber, value == 0 ? "-0" : absl::StrCat(value));
  }
  bool number_unsigned(uint64_t value) {
    return Add(Kind::kNumber, absl::StrCat(value));
  }
  bool number_float(double, const std::string& text) {
    return Add(Kind::kNumber, text);
  }
  bool string(std::string& value) { return Add(Kind::kString, value); }
  bool binary(nlohmann::json::binary_t&) { return false; }

  bool start_object(size_t) { return Open(Kind::kObject); }
  bool start_array(size_t) { return Open(Kind::kArray); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) { return Add(Kind::kString, name); }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) {
    // `position` is the number of bytes read, including the offending one.
    const size_t offset = position == 0 ? 0 : position - 1;
    status_ = BadRequestError(
        "", absl::StrCat("request body: ", Position(source_, offset), ": ",
                         ParserReason(error.what())));
    return false;
  }

 private:
  uint32_t size() const {
    return static_cast<uint32_t>(document_.nodes_.size());
  }

  bool Add(Kind kind, absl::string_view text = "") {
    JsonDocument::Node& node = document_.nodes_.emplace_back();
    node.kind = kind;
    node.text_begin = static_cast<uint32_t>(document_.text_.size());
    node.text_size = static_cast<uint32_t>(text.size());
    node.end = size();
    document_.text_.append(text.data(), text.size());
    return true;
  }

  bool Open(Kind kind) {
    if (open_.size() == static_cast<size_t>(kMaxJsonDepth)) {
      status_ = BadRequestError(
          "", absl::StrCat("request body: nested deeper than ", kMaxJsonDepth));
      return false;
    }
    open_.push_back(size());
    return Add(kind);
  }

  bool Close() {
    document_.nodes_[open_.back()].end = size();
    open_.pop_back();
    return true;
  }

  const absl::string_view source_;
  JsonDocument document_;
  std::vector<uint32_t> open_;  // arrays and objects that have not ended
  absl::Status status_;
};

JsonValue::Kind JsonValue::kind() const {
  return document_->nodes_[node_].kind;
}

bool JsonValue::boolean() const { return document_->nodes_[node_].boolean; }

absl::string_view JsonValue::text() const {
  return document_->TextOf(document_->nodes_[node_]);
}

template <typename Child>
JsonValue::Range<Child> JsonValue::Children() const {
  return {Iterator<Child>(document_, node_ + 1),
          Iterator<Child>(document_, document_->nodes_[node_].end)};
}

JsonValue::Range<JsonValue> JsonValue::items() const {
  return Children<JsonValue>();
}

JsonValue::Range<JsonMember> JsonValue::members() const {
  return Children<JsonMember>();
}

template <>
JsonValue JsonValue::Iterator<JsonValue>::operator*() const {
  return JsonValue(document_, node_);
}

template <>
JsonValue::Iterator<JsonValue>& JsonValue::Iterator<JsonValue>::operator++() {
  node_ = document_->nodes_[node_].end;
  return *this;
}

template <>
JsonMember JsonValue::Iterator<JsonMember>::operator*() const {
  return {document_->TextOf(document_->nodes_[node_]),
          JsonValue(document_, node_ + 1)};
}

template <>
JsonValue::Iterator<JsonMember>& JsonValue::Iterator<JsonMember>::operator++() {
  node_ = document_->nodes_[node_ + 1].end;
  return *this;
}

absl::StatusOr<JsonDocument> ParseJson(absl::string_view text) {
  // nlohmann treats NUL as the end of the text.
  const size_t nul = text.find('\0');
  if (nul != absl::string_view::npos) {
    return BadRequestError(
        "",
        absl::StrCat("request body: ", Position(text, nul), ": a NUL byte"));
  }
  if (text.size() > std::numeric_limits<uint32_t>::max()) {
    return BadRequestError("", "request body: 4 GiB or more");
  }
  JsonBuilder builder(text);
  const bool parsed = nlohmann::json::sax_parse(
      text.data(), text.data() + text.size(), &builder,
      nlohmann::json::input_format_t::json, /*strict=*/true,
      /*ignore_comments=*/false);
  if (!builder.status().ok()) return builder.status();
  if (!parsed) return BadRequestError("", "request body: malformed JSON");
  return std::move(*builder.document());
}

}  // namespace sse_bridge

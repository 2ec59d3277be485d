#include "bridge/transcode/json_document.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/bad_request.h"

namespace sse_bridge {

namespace {

constexpr size_t kMaxReasonBytes = 300;

// "line 3, column 7" of the byte at `offset`, both from 1.
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

// What nlohmann says, without its own prefix, on one line of printable ASCII
// (it repeats bytes of the text).
std::string Reason(absl::string_view what) {
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

// Builds the value from the parser's events. nlohmann's parser keeps its own
// stack on the heap, so depth costs no call stack.
class Builder {
 public:
  using Kind = JsonValue::Kind;

  explicit Builder(absl::string_view text) : text_(text) {}

  JsonValue* root() { return &root_; }
  const absl::Status& status() const { return status_; }

  bool null() { return Next(Kind::kNull) != nullptr; }
  bool boolean(bool value) {
    Next(Kind::kBool)->boolean = value;
    return true;
  }
  // Only negative numbers come here, and "-0", whose sign matters to doubles.
  bool number_integer(int64_t value) {
    Next(Kind::kNumber)->text = value == 0 ? "-0" : absl::StrCat(value);
    return true;
  }
  bool number_unsigned(uint64_t value) {
    Next(Kind::kNumber)->text = absl::StrCat(value);
    return true;
  }
  bool number_float(double, const std::string& text) {
    Next(Kind::kNumber)->text = text;
    return true;
  }
  bool string(std::string& value) {
    Next(Kind::kString)->text = std::move(value);
    return true;
  }
  bool binary(nlohmann::json::binary_t&) { return false; }

  bool start_object(size_t) { return Open(Kind::kObject); }
  bool start_array(size_t) { return Open(Kind::kArray); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }
  bool key(std::string& name) {
    open_.back()->members.push_back({std::move(name), JsonValue()});
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) {
    // `position` counts the bytes read, the offending one included.
    Fail(position == 0 ? 0 : position - 1, Reason(error.what()));
    return false;
  }

 private:
  // The place for the next value. The containers in open_ do not move: only
  // the innermost one grows.
  JsonValue* Next(Kind kind) {
    JsonValue* value = &root_;
    if (!open_.empty()) {
      JsonValue* parent = open_.back();
      if (parent->kind == Kind::kArray) {
        value = &parent->items.emplace_back();
      } else {
        value = &parent->members.back().value;
      }
    }
    value->kind = kind;
    return value;
  }

  bool Open(Kind kind) {
    if (open_.size() == static_cast<size_t>(kMaxJsonDepth)) {
      status_ = BadRequestError(
          "", absl::StrCat("request body: nested deeper than ", kMaxJsonDepth));
      return false;
    }
    open_.push_back(Next(kind));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  void Fail(size_t offset, absl::string_view reason) {
    status_ = BadRequestError(
        "",
        absl::StrCat("request body: ", Position(text_, offset), ": ", reason));
  }

  const absl::string_view text_;
  JsonValue root_;
  std::vector<JsonValue*> open_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<JsonValue> ParseJson(absl::string_view text) {
  // nlohmann takes NUL for the end of the text.
  const size_t nul = text.find('\0');
  if (nul != absl::string_view::npos) {
    return BadRequestError(
        "",
        absl::StrCat("request body: ", Position(text, nul), ": a NUL byte"));
  }
  Builder builder(text);
  const bool parsed = nlohmann::json::sax_parse(
      text.data(), text.data() + text.size(), &builder,
      nlohmann::json::input_format_t::json, /*strict=*/true,
      /*ignore_comments=*/false);
  if (!builder.status().ok()) return builder.status();
  if (!parsed) return BadRequestError("", "request body: malformed JSON");
  return std::move(*builder.root());
}

}  // namespace sse_bridge

// The functions of CEL's extension `strings`. Positions count code points.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/text_search.h"

namespace sse_bridge::cel {

namespace {

using absl::string_view;

constexpr int64_t kNoLimit = -1;

absl::Status BadIndex(int64_t index) {
  return absl::OutOfRangeError(absl::StrCat("index out of range: ", index));
}

// The byte of a code point; fails beyond the end.
absl::StatusOr<size_t> OffsetOf(string_view text, int64_t index) {
  const size_t offset =
      index < 0 ? string_view::npos : CodePointOffset(text, index);
  if (offset == string_view::npos) return BadIndex(index);
  return offset;
}

Result Part(const Value& value, size_t begin, size_t end) {
  return Value::String(value.string().substr(begin, end - begin),
                       value.owner());
}

Result CharAt(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  const absl::StatusOr<size_t> offset = OffsetOf(text, args[1].int_value());
  if (!offset.ok()) return offset.status();
  if (*offset == text.size()) return Value::String("");
  return Part(args[0], *offset, *offset + Utf8Length(text[*offset]));
}

Value Position(string_view text, size_t offset) {
  if (offset == string_view::npos) return Value::Int(-1);
  return Value::Int(
      static_cast<int64_t>(CountCodePoints(text.substr(0, offset))));
}

Result IndexOf(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  const string_view part = args[1].string();
  if (absl::Status s = context.budget->Spend(text.size() + part.size());
      !s.ok()) {
    return s;
  }
  size_t from = 0;
  if (args.size() > 2) {
    const absl::StatusOr<size_t> offset = OffsetOf(text, args[2].int_value());
    if (!offset.ok()) return offset.status();
    from = *offset;
  }
  return Position(text, FindText(text, part, from));
}

Result LastIndexOf(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  const string_view part = args[1].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  size_t offset = text.size();
  if (args.size() > 2) {
    const absl::StatusOr<size_t> last = OffsetOf(text, args[2].int_value());
    if (!last.ok()) return last.status();
    offset = *last;
  }
  if (part.size() > text.size()) return Value::Int(-1);
  offset = std::min(offset, text.size() - part.size());
  while (true) {
    if (absl::Status s = context.budget->Spend(part.size()); !s.ok()) return s;
    if (text.substr(offset, part.size()) == part) return Position(text, offset);
    if (offset == 0) return Value::Int(-1);
    --offset;
  }
}

Result LowerAscii(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  return Value::OwnString(absl::AsciiStrToLower(text));
}

Result UpperAscii(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  return Value::OwnString(absl::AsciiStrToUpper(text));
}

Result Replace(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  const string_view old = args[1].string();
  const string_view replacement = args[2].string();
  int64_t left = args.size() > 3 ? args[3].int_value() : kNoLimit;
  if (absl::Status s = context.budget->Spend(text.size() + old.size());
      !s.ok()) {
    return s;
  }
  std::string out;
  size_t at = 0;
  // An empty text is found before each code point and at the end.
  size_t from = 0;
  while (left != 0) {
    const size_t found =
        from > text.size() ? string_view::npos : FindText(text, old, from);
    if (found == string_view::npos) break;
    if (absl::Status s = context.budget->Spend(replacement.size() + 1);
        !s.ok()) {
      return s;
    }
    absl::StrAppend(&out, text.substr(at, found - at), replacement);
    at = found + old.size();
    from = at;
    if (old.empty()) {
      from += from < text.size() ? Utf8Length(text[from]) : 1;
    }
    if (left > 0) --left;
  }
  absl::StrAppend(&out, text.substr(std::min(at, text.size())));
  return Value::OwnString(std::move(out));
}

Result Split(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  const string_view separator = args[1].string();
  const int64_t limit = args.size() > 2 ? args[2].int_value() : kNoLimit;
  if (absl::Status s = context.budget->Spend(text.size() + separator.size());
      !s.ok()) {
    return s;
  }
  std::vector<Value> parts;
  if (limit == 0) return Value::OfList(std::move(parts));
  size_t at = 0;
  while (limit < 0 || static_cast<int64_t>(parts.size()) + 1 < limit) {
    size_t end;
    size_t next;
    if (separator.empty()) {
      if (at == text.size()) break;
      end = next = at + Utf8Length(text[at]);
      if (end == text.size()) break;
    } else {
      end = FindText(text, separator, at);
      if (end == string_view::npos) break;
      next = end + separator.size();
    }
    if (absl::Status s = context.budget->Spend(sizeof(Value)); !s.ok()) {
      return s;
    }
    parts.push_back(Value::String(text.substr(at, end - at), args[0].owner()));
    at = next;
  }
  if (!separator.empty() || at < text.size()) {
    parts.push_back(Value::String(text.substr(at), args[0].owner()));
  }
  return Value::OfList(std::move(parts));
}

Result Substring(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  const absl::StatusOr<size_t> begin = OffsetOf(text, args[1].int_value());
  if (!begin.ok()) return begin.status();
  if (args.size() == 2) return Part(args[0], *begin, text.size());
  const absl::StatusOr<size_t> end = OffsetOf(text, args[2].int_value());
  if (!end.ok()) return end.status();
  if (*begin > *end) {
    return absl::InvalidArgumentError("a substring that ends before it begins");
  }
  return Part(args[0], *begin, *end);
}

// White_Space of Unicode.
bool IsSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Result Trim(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  size_t begin = 0;
  while (begin < text.size() && IsSpace(FirstCodePoint(text.substr(begin)))) {
    begin += Utf8Length(text[begin]);
  }
  size_t end = text.size();
  while (end > begin) {
    size_t last = end - 1;
    while (IsUtf8Continuation(text[last])) --last;
    if (!IsSpace(FirstCodePoint(text.substr(last)))) break;
    end = last;
  }
  return Part(args[0], begin, end);
}

Result Join(Args args, const CallContext& context) {
  const List& list = args[0].list();
  const string_view separator = args.size() > 1 ? args[1].string() : "";
  std::string out;
  for (size_t i = 0; i < list.size(); ++i) {
    const Result element = list.Get(i, context.budget);
    if (!element.ok()) return element;
    if (!element->Is(Value::Kind::kString)) {
      return absl::InvalidArgumentError("join() of what is not a string");
    }
    if (absl::Status s = context.budget->Spend(element->string().size() +
                                               separator.size() + 1);
        !s.ok()) {
      return s;
    }
    absl::StrAppend(&out, i == 0 ? "" : separator, element->string());
  }
  return Value::OwnString(std::move(out));
}

Result Quote(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(2 * text.size()); !s.ok()) {
    return s;
  }
  std::string out = "\"";
  for (const char c : text) {
    constexpr string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
    constexpr string_view kLetters = "abfnrtv\\\"";
    const size_t escape = kEscaped.find(c);
    if (escape == string_view::npos) {
      out.push_back(c);
    } else {
      out.push_back('\\');
      out.push_back(kLetters[escape]);
    }
  }
  out.push_back('"');
  return Value::OwnString(std::move(out));
}

Result Reverse(Args args, const CallContext& context) {
  const string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  std::string out(text.rbegin(), text.rend());
  // The bytes of a code point were reversed too: put them right.
  for (size_t i = 0; i < out.size();) {
    size_t last = i;
    while (IsUtf8Continuation(out[last])) ++last;
    std::reverse(out.begin() + i, out.begin() + last + 1);
    i = last + 1;
  }
  return Value::OwnString(std::move(out));
}

}  // namespace

absl::Span<const Overload> StringExtensions() {
  static constexpr Overload kFunctions[] = {
      {"charAt", true, "si", 's', CharAt},
      {"indexOf", true, "ss", 'i', IndexOf},
      {"indexOf", true, "ssi", 'i', IndexOf},
      {"lastIndexOf", true, "ss", 'i', LastIndexOf},
      {"lastIndexOf", true, "ssi", 'i', LastIndexOf},
      {"lowerAscii", true, "s", 's', LowerAscii},
      {"upperAscii", true, "s", 's', UpperAscii},
      {"replace", true, "sss", 's', Replace},
      {"replace", true, "sssi", 's', Replace},
      {"split", true, "ss", 'L', Split},
      {"split", true, "ssi", 'L', Split},
      {"substring", true, "si", 's', Substring},
      {"substring", true, "sii", 's', Substring},
      {"trim", true, "s", 's', Trim},
      {"join", true, "L", 's', Join},
      {"join", true, "Ls", 's', Join},
      {"reverse", true, "s", 's', Reverse},
      {"strings.quote", false, "s", 's', Quote},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel

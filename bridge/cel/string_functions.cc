#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/regex.h"
#include "bridge/cel/text_search.h"
#include "re2/re2.h"

namespace sse_bridge::cel {

namespace {

// The text of a string or of bytes.
absl::string_view TextOf(const Value& value) {
  return value.Is(Value::Kind::kBytes) ? value.bytes() : value.string();
}

Result ContainsText(Args args, const CallContext& context) {
  const absl::string_view text = TextOf(args[0]);
  const absl::string_view part = TextOf(args[1]);
  if (absl::Status s = context.budget->Spend(text.size() + part.size());
      !s.ok()) {
    return s;
  }
  return Value::Bool(FindText(text, part, 0) != absl::string_view::npos);
}

Result StartsWithText(Args args, const CallContext& context) {
  const absl::string_view part = TextOf(args[1]);
  if (absl::Status s = context.budget->Spend(part.size()); !s.ok()) return s;
  return Value::Bool(absl::StartsWith(TextOf(args[0]), part));
}

Result EndsWithText(Args args, const CallContext& context) {
  const absl::string_view part = TextOf(args[1]);
  if (absl::Status s = context.budget->Spend(part.size()); !s.ok()) return s;
  return Value::Bool(absl::EndsWith(TextOf(args[0]), part));
}

Result Matches(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (context.expr.pattern != nullptr) {
    return MatchPattern(*context.expr.pattern, text, context.budget);
  }
  const absl::string_view pattern = args[1].string();
  // Compiling costs much more than reading it.
  if (absl::Status s = context.budget->Spend(100 * (pattern.size() + 1));
      !s.ok()) {
    return s;
  }
  const absl::StatusOr<std::shared_ptr<const re2::RE2>> compiled =
      CompilePattern(pattern);
  if (!compiled.ok()) return compiled.status();
  return MatchPattern(**compiled, text, context.budget);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const re2::RE2>> CompilePattern(
    absl::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto compiled = std::make_shared<const re2::RE2>(
      re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a bad regular expression: ", compiled->error()));
  }
  return compiled;
}

Result MatchPattern(const re2::RE2& pattern, absl::string_view text,
                    Budget* budget) {
  // Without its automaton RE2 takes a step per instruction for a byte, at
  // worst.
  const uint64_t per_byte = 1 + pattern.ProgramSize() / 64;
  if (absl::Status s = budget->Spend((text.size() + 1) * per_byte); !s.ok()) {
    return s;
  }
  return Value::Bool(re2::RE2::PartialMatch(
      re2::StringPiece(text.data(), text.size()), pattern));
}

size_t FindText(absl::string_view text, absl::string_view part, size_t from) {
  if (part.empty()) return from;
  if (text.size() - from < part.size()) return absl::string_view::npos;
  // Linear, unlike find().
  const void* found =
      memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return absl::string_view::npos;
  return static_cast<const char*>(found) - text.data();
}

absl::Span<const Overload> StringFunctions() {
  static constexpr Overload kFunctions[] = {
      {"contains", true, "ss", 'b', ContainsText},
      {"contains", true, "yy", 'b', ContainsText},
      {"startsWith", true, "ss", 'b', StartsWithText},
      {"startsWith", true, "yy", 'b', StartsWithText},
      {"endsWith", true, "ss", 'b', EndsWithText},
      {"endsWith", true, "yy", 'b', EndsWithText},
      {"matches", true, "ss", 'b', Matches},
      {"matches", false, "ss", 'b', Matches},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel

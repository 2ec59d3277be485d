#include "bridge/cel/lexer.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/ast.h"

namespace sse_bridge::cel {

absl::Status AtPosition(absl::string_view text, int position,
                        const absl::Status& error) {
  int line = 1;
  size_t begin = 0;
  const auto end = static_cast<size_t>(position);
  for (size_t i = 0; i < end && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      begin = i + 1;
    }
  }
  const size_t column = CountCodePoints(text.substr(begin, end - begin)) + 1;
  return absl::Status(error.code(),
                      absl::StrCat(line, ":", column, ": ", error.message()));
}

absl::Status PositionError(absl::string_view text, int position,
                           absl::string_view message) {
  return AtPosition(text, position, absl::InvalidArgumentError(message));
}

namespace {

bool IsNameStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsNamePart(char c) { return absl::ascii_isalnum(c) || c == '_'; }

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (true) {
      SkipSpace();
      start_ = at_;
      if (at_ == text_.size()) break;
      if (absl::Status status = Next(); !status.ok()) return status;
    }
    Add(Token::Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  absl::Status Error(absl::string_view message) const {
    return PositionError(text_, static_cast<int>(start_), message);
  }

  void Add(Token::Kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), static_cast<int>(start_)});
  }

  void SkipSpace() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        ++at_;
      } else if (c == '/' && Peek(1) == '/') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  absl::Status Next() {
    const char c = Peek();
    if (absl::ascii_isdigit(c) || (c == '.' && absl::ascii_isdigit(Peek(1)))) {
      return Number();
    }
    if (IsNameStart(c)) {
      bool bytes = false;
      bool raw = false;
      size_t prefix = 0;
      if (absl::ascii_tolower(Peek(prefix)) == 'b') {
        bytes = true;
        ++prefix;
      }
      if (absl::ascii_tolower(Peek(prefix)) == 'r') {
        raw = true;
        ++prefix;
      }
      if (Peek(prefix) == '"' || Peek(prefix) == '\'') {
        at_ += prefix;
        return Quoted(bytes, raw);
      }
      while (IsNamePart(Peek())) ++at_;
      Add(Token::Kind::kName, std::string(text_.substr(start_, at_ - start_)));
      return absl::OkStatus();
    }
    if (c == '"' || c == '\'') return Quoted(false, false);
    if (c == '`') return QuotedName();
    for (const absl::string_view two : {"&&", "||", "==", "!=", "<=", ">="}) {
      if (absl::StartsWith(text_.substr(at_), two)) return Punctuation(2);
    }
    if (absl::string_view("[](){}.,:?+-*/%<>!").find(c) !=
        absl::string_view::npos) {
      return Punctuation(1);
    }
    return Error("a character that CEL does not know");
  }

  absl::Status Punctuation(size_t size) {
    Add(Token::Kind::kPunctuation, std::string(text_.substr(at_, size)));
    at_ += size;
    return absl::OkStatus();
  }

  absl::Status Number() {
    Token::Kind kind = Token::Kind::kInt;
    if (Peek() == '0' && Peek(1) == 'x') {
      at_ += 2;
      if (!absl::ascii_isxdigit(Peek())) return Error("0x without digits");
      while (absl::ascii_isxdigit(Peek())) ++at_;
    } else {
      while (absl::ascii_isdigit(Peek())) ++at_;
      if (Peek() == '.' && absl::ascii_isdigit(Peek(1))) {
        kind = Token::Kind::kDouble;
        ++at_;
        while (absl::ascii_isdigit(Peek())) ++at_;
      }
      if (Peek() == 'e' || Peek() == 'E') {
        const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 2 : 1;
        if (!absl::ascii_isdigit(Peek(sign))) {
          return Error("a number whose exponent has no digits");
        }
        kind = Token::Kind::kDouble;
        at_ += sign;
        while (absl::ascii_isdigit(Peek())) ++at_;
      }
    }
    std::string digits(text_.substr(start_, at_ - start_));
    if (kind == Token::Kind::kInt && (Peek() == 'u' || Peek() == 'U')) {
      kind = Token::Kind::kUint;
      ++at_;
    }
    if (IsNamePart(Peek())) return Error("a number that runs into a name");
    Add(kind, std::move(digits));
    return absl::OkStatus();
  }

  absl::Status Quoted(bool bytes, bool raw) {
    const std::string one(1, Peek());
    const std::string three = absl::StrCat(one, one, one);
    const bool triple = absl::StartsWith(text_.substr(at_), three);
    const absl::string_view quote = triple ? three : one;
    at_ += quote.size();
    const size_t begin = at_;
    while (true) {
      if (at_ >= text_.size()) return Error("a literal without its end");
      if (absl::StartsWith(text_.substr(at_), quote)) break;
      const char c = text_[at_];
      if (!triple && (c == '\n' || c == '\r')) {
        return Error("a line ends within quotation marks");
      }
      at_ += c == '\\' && !raw ? 2 : 1;
    }
    const absl::string_view content = text_.substr(begin, at_ - begin);
    at_ += quote.size();
    const Token::Kind kind = bytes ? Token::Kind::kBytes : Token::Kind::kString;
    if (raw) {
      Add(kind, std::string(content));
      return absl::OkStatus();
    }
    absl::StatusOr<std::string> unescaped = Unescape(content, bytes);
    if (!unescaped.ok()) return Error(unescaped.status().message());
    Add(kind, *std::move(unescaped));
    return absl::OkStatus();
  }

  absl::Status QuotedName() {
    const size_t begin = ++at_;
    while (Peek() != '`') {
      const char c = Peek();
      if (!IsNamePart(c) &&
          absl::string_view(".-/ ").find(c) == absl::string_view::npos) {
        return Error("a quoted name that has no end, or bad characters");
      }
      ++at_;
    }
    if (at_ == begin) return Error("a quoted name that is empty");
    Add(Token::Kind::kQuotedName,
        std::string(text_.substr(begin, at_ - begin)));
    ++at_;
    return absl::OkStatus();
  }

  const absl::string_view text_;
  size_t at_ = 0;
  size_t start_ = 0;  // of the token
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text) {
  if (text.size() > kMaxText) {
    return absl::InvalidArgumentError(
        absl::StrCat("1:1: longer than ", kMaxText, " bytes"));
  }
  if (!IsUtf8(text)) return absl::InvalidArgumentError("1:1: not UTF-8");
  return Lexer(text).Run();
}

}  // namespace sse_bridge::cel

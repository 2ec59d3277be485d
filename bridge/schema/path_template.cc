#include "bridge/schema/path_template.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/percent_decode.h"

namespace sse_bridge {

namespace {

// RFC 6570 section 1.5: gen-delims and sub-delims.
constexpr absl::string_view kReserved = ":/?#[]@!$&'()*+,;=";

std::string Decode(absl::string_view text, absl::string_view keep) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const std::optional<char> byte = PercentEncodedByte(text, i);
    if (!byte.has_value()) {
      out.push_back(text[i]);
    } else if (keep.find(*byte) != absl::string_view::npos) {
      out.append(text.data() + i, 3);
      i += 2;
    } else {
      out.push_back(*byte);
      i += 2;
    }
  }
  return out;
}

bool IsIdentStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }

// pchar of RFC 3986 without '%', ':' and '*', plus non-ASCII bytes.
bool IsLiteralChar(char c) {
  return absl::ascii_isalnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
         absl::string_view("-._~!$&'()+,;=@").find(c) !=
             absl::string_view::npos;
}

}  // namespace

std::string PercentDecodePath(absl::string_view text) {
  return Decode(text, "");
}

std::optional<RawPath> RawPath::Split(absl::string_view path) {
  RawPath out;
  if (path.empty() || path[0] != '/') return std::nullopt;
  path.remove_prefix(1);
  if (path.empty()) return out;
  while (true) {
    const size_t slash = path.find('/');
    const absl::string_view segment = path.substr(0, slash);
    if (segment.empty() || out.segments.size() == kMaxPathSegments) {
      return std::nullopt;
    }
    out.segments.push_back(segment);
    if (slash == absl::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::optional<absl::string_view> RawPath::CutVerb(size_t colons) {
  if (segments.empty()) return std::nullopt;
  absl::string_view& last = segments.back();
  size_t colon = last.rfind(':');
  for (; colons > 0; --colons) {
    if (colon == absl::string_view::npos || colon == 0) return std::nullopt;
    colon = last.rfind(':', colon - 1);
  }
  if (colon == absl::string_view::npos || colon + 1 == last.size()) {
    return std::nullopt;
  }
  // In "/:verb" the verb belongs to the root, which "/**:verb" may match;
  // "/a/:verb" has an empty segment.
  if (colon == 0 && segments.size() > 1) return std::nullopt;
  const absl::string_view verb = last.substr(colon + 1);
  if (colon == 0) {
    segments.pop_back();
  } else {
    last = last.substr(0, colon);
  }
  return verb;
}

// Recursive-descent parser; the grammar does not nest, so it never recurses.
class PathTemplateParser {
 public:
  explicit PathTemplateParser(absl::string_view text) : text_(text) {}

  absl::StatusOr<PathTemplate> Parse() {
    out_.text_ = std::string(text_);
    absl::Status status = ParseAll();
    if (!status.ok()) return status;
    return std::move(out_);
  }

 private:
  bool AtEnd() const { return pos_ == text_.size(); }
  bool At(char c) const { return !AtEnd() && text_[pos_] == c; }
  bool Take(char c) {
    if (!At(c)) return false;
    ++pos_;
    return true;
  }

  absl::Status Error(size_t pos, absl::string_view reason) const {
    return absl::InvalidArgumentError(
        absl::StrCat("path template \"", absl::CHexEscape(text_),
                     "\", position ", pos, ": ", reason));
  }

  absl::Status ParseAll() {
    if (!Take('/')) return Error(0, "it must begin with '/'");
    if (AtEnd()) return absl::OkStatus();
    if (absl::Status s = ParseSegments(/*in_variable=*/false); !s.ok()) {
      return s;
    }
    if (Take(':')) {
      const size_t begin = pos_;
      if (AtEnd()) return Error(pos_, "the verb after ':' is empty");
      do {
        std::string part;
        if (absl::Status s = ParseLiteral(&part); !s.ok()) return s;
      } while (Take(':'));
      // Compared without decoding: a verb is a name, not data.
      out_.verb_ = std::string(text_.substr(begin, pos_ - begin));
      if (!AtEnd()) return Error(pos_, "the verb must be the end");
    }
    if (!AtEnd()) {
      return Error(pos_, "a segment must end before '/', ':' or the end");
    }
    return absl::OkStatus();
  }

  absl::Status ParseSegments(bool in_variable) {
    do {
      if (out_.segments_.size() == kMaxPathSegments) {
        return Error(pos_,
                     absl::StrCat("more than ", kMaxPathSegments, " segments"));
      }
      if (absl::Status s = ParseSegment(in_variable); !s.ok()) return s;
    } while (Take('/'));
    return absl::OkStatus();
  }

  absl::Status ParseSegment(bool in_variable) {
    if (AtEnd() || At('/') || At(':') || At('}')) {
      return Error(pos_, "a segment is empty");
    }
    if (At('{')) {
      if (in_variable) return Error(pos_, "a variable within a variable");
      return ParseVariable();
    }
    if (At('*')) {
      const size_t begin = pos_++;
      const bool any = Take('*');
      return AddWildcard(begin, any);
    }
    PathTemplate::Segment segment{PathTemplate::Kind::kLiteral, ""};
    if (absl::Status s = ParseLiteral(&segment.literal); !s.ok()) return s;
    out_.segments_.push_back(std::move(segment));
    return absl::OkStatus();
  }

  absl::Status AddWildcard(size_t begin, bool any) {
    // With two of them, a path could be divided in several ways.
    if (any && has_any_) return Error(begin, "a second \"**\"");
    has_any_ = has_any_ || any;
    out_.segments_.push_back(
        {any ? PathTemplate::Kind::kAny : PathTemplate::Kind::kOne, ""});
    return absl::OkStatus();
  }

  absl::Status ParseVariable() {
    const size_t brace = pos_++;
    PathTemplate::Variable variable;
    if (absl::Status s = ParseFieldPath(&variable.field_path); !s.ok()) {
      return s;
    }
    for (const PathTemplate::Variable& other : out_.variables_) {
      if (other.field_path == variable.field_path) {
        return Error(brace, absl::StrCat("the variable ", variable.field_path,
                                         " occurs twice"));
      }
    }
    variable.begin = out_.segments_.size();
    if (Take('=')) {
      if (absl::Status s = ParseSegments(/*in_variable=*/true); !s.ok()) {
        return s;
      }
    } else if (absl::Status s = AddWildcard(brace, /*any=*/false); !s.ok()) {
      return s;
    }
    if (!Take('}')) {
      return Error(AtEnd() ? brace : pos_,
                   AtEnd() ? "this '{' is not closed" : "expected '}'");
    }
    variable.end = out_.segments_.size();
    variable.multi =
        variable.end - variable.begin != 1 ||
        out_.segments_[variable.begin].kind == PathTemplate::Kind::kAny;
    out_.variables_.push_back(std::move(variable));
    return absl::OkStatus();
  }

  absl::Status ParseFieldPath(std::string* out) {
    const size_t begin = pos_;
    do {
      if (AtEnd() || !IsIdentStart(text_[pos_])) {
        return Error(pos_, "expected a field name");
      }
      while (!AtEnd() &&
             (IsIdentStart(text_[pos_]) || absl::ascii_isdigit(text_[pos_]))) {
        ++pos_;
      }
    } while (Take('.'));
    *out = std::string(text_.substr(begin, pos_ - begin));
    return absl::OkStatus();
  }

  absl::Status ParseLiteral(std::string* out) {
    const size_t begin = pos_;
    while (!AtEnd()) {
      const char c = text_[pos_];
      if (IsLiteralChar(c)) {
        ++pos_;
      } else if (c == '%') {
        if (!PercentEncodedByte(text_, pos_).has_value()) {
          return Error(pos_, "'%' without two hexadecimal digits");
        }
        pos_ += 3;
      } else {
        break;
      }
    }
    if (!AtEnd() && !At('/') && !At(':') && !At('}')) {
      return Error(pos_,
                   absl::StrCat("'", absl::CHexEscape(text_.substr(pos_, 1)),
                                "' within a literal"));
    }
    if (pos_ == begin) return Error(pos_, "a literal is empty");
    *out = PercentDecodePath(text_.substr(begin, pos_ - begin));
    return absl::OkStatus();
  }

  const absl::string_view text_;
  size_t pos_ = 0;
  bool has_any_ = false;
  PathTemplate out_;
};

absl::StatusOr<PathTemplate> PathTemplate::Parse(absl::string_view text) {
  return PathTemplateParser(text).Parse();
}

bool PathTemplate::MatchesSegments(
    absl::Span<const absl::string_view> path) const {
  size_t at = 0;
  for (size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.kind == Kind::kAny) {
      const size_t tail = segments_.size() - i - 1;
      if (path.size() < at + tail) return false;
      at = path.size() - tail;
      continue;
    }
    if (at == path.size()) return false;
    if (segment.kind == Kind::kLiteral &&
        PercentDecodePath(path[at]) != segment.literal) {
      return false;
    }
    ++at;
  }
  return at == path.size();
}

std::vector<PathVariable> PathTemplate::Bind(
    absl::Span<const absl::string_view> path,
    MultiSegmentDecoding decoding) const {
  // Number of segments that "**" matched beyond its one segment in the
  // template; -1 if it matched none.
  const ptrdiff_t shift = static_cast<ptrdiff_t>(path.size()) -
                          static_cast<ptrdiff_t>(segments_.size());
  size_t any = segments_.size();
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].kind == Kind::kAny) any = i;
  }
  std::vector<PathVariable> out;
  out.reserve(variables_.size());
  for (const Variable& variable : variables_) {
    const size_t begin =
        variable.begin > any ? variable.begin + shift : variable.begin;
    const size_t end = variable.end > any ? variable.end + shift : variable.end;
    const absl::string_view keep =
        !variable.multi                                     ? ""
        : decoding == MultiSegmentDecoding::kAllButReserved ? kReserved
                                                            : "/";
    PathVariable bound{variable.field_path, ""};
    for (size_t i = begin; i < end; ++i) {
      absl::StrAppend(&bound.value, i == begin ? "" : "/",
                      Decode(path[i], keep));
    }
    out.push_back(std::move(bound));
  }
  return out;
}

std::optional<std::vector<PathVariable>> PathTemplate::Match(
    absl::string_view raw_path, MultiSegmentDecoding decoding) const {
  std::optional<RawPath> path = RawPath::Split(raw_path);
  if (!path.has_value()) return std::nullopt;
  const auto colons =
      static_cast<size_t>(std::count(verb_.begin(), verb_.end(), ':'));
  if (!verb_.empty() && path->CutVerb(colons) != verb_) return std::nullopt;
  if (!MatchesSegments(path->segments)) return std::nullopt;
  return Bind(path->segments, decoding);
}

}  // namespace sse_bridge

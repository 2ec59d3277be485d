#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_PATH_TEMPLATE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_PATH_TEMPLATE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/schema/path_variable.h"

namespace sse_bridge {

// Longer templates are refused, longer request paths match nothing.
inline constexpr size_t kMaxPathSegments = 128;

// How the value of a variable that spans several segments is decoded. (That of
// one segment is decoded whole.)
enum class MultiSegmentDecoding {
  // All but %2F: what the text of google.api.HttpRule says.
  kAllButSlash,
  // All but the characters that RFC 6570 reserves: what the text of
  // google.api.Http.fully_decode_reserved_expansion says of its default.
  kAllButReserved,
};

// A path split at its slashes; the pieces are still percent-encoded.
struct RawPath {
  std::vector<absl::string_view> segments;  // borrowed from the path

  // Nullopt when the path does not begin with '/', has an empty segment (a
  // trailing slash makes one) or more than kMaxPathSegments. "/" has none.
  static std::optional<RawPath> Split(absl::string_view path);

  // Cuts ":verb" off the last segment and returns it; nullopt, and no change,
  // when there is none or nothing would remain before it.
  std::optional<absl::string_view> CutVerb();
};

// A path template of google.api.http:
//
//   Template = "/" [ Segments ] [ ":" LITERAL ] ;
//   Segments = Segment { "/" Segment } ;
//   Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}" ;
//
// Beyond the grammar's text, literals may follow "**" (other transcoders take
// them too). A "**" matches zero segments or more. Literals are compared
// percent-decoded.
//
// Immutable; safe for any number of threads.
class PathTemplate {
 public:
  enum class Kind { kLiteral, kOne, kAny };

  struct Segment {
    Kind kind;
    std::string literal;  // decoded; empty unless kLiteral

    bool operator==(const Segment&) const = default;
  };

  struct Variable {
    std::string field_path;
    size_t begin;  // its segments: [begin, end)
    size_t end;
    bool multi;  // may span more or fewer segments than one
  };

  // InvalidArgument names the position (from 0) and the reason.
  static absl::StatusOr<PathTemplate> Parse(absl::string_view text);

  const std::string& text() const { return text_; }
  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Variable>& variables() const { return variables_; }

  // What follows the ':' at the end; empty when nothing does.
  const std::string& verb() const { return verb_; }

  // The variables of a raw (still encoded) request path, without its query;
  // nullopt when the path does not match.
  std::optional<std::vector<PathVariable>> Match(
      absl::string_view raw_path,
      MultiSegmentDecoding decoding = MultiSegmentDecoding::kAllButSlash) const;

  // The variables of a path that is known to match; the verb has been cut.
  std::vector<PathVariable> Bind(absl::Span<const absl::string_view> path,
                                 MultiSegmentDecoding decoding) const;

 private:
  friend class PathTemplateParser;

  PathTemplate() = default;

  bool MatchesSegments(absl::Span<const absl::string_view> path) const;

  std::string text_;
  std::vector<Segment> segments_;
  std::vector<Variable> variables_;
  std::string verb_;
};

// Decodes every well-formed %XX; what is not well-formed stays as it is.
std::string PercentDecodePath(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_PATH_TEMPLATE_H_

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

// Longer templates are rejected; longer request paths match nothing.
inline constexpr size_t kMaxPathSegments = 128;

// How to decode the value of a variable that spans several segments. (A
// variable of one segment is decoded completely.)
enum class MultiSegmentDecoding {
  // Everything except %2F, as google.api.HttpRule specifies.
  kAllButSlash,
  // Everything except characters that RFC 6570 reserves, as
  // google.api.Http.fully_decode_reserved_expansion specifies for its default.
  kAllButReserved,
};

// A path split at its slashes; the segments are still percent-encoded.
struct RawPath {
  std::vector<absl::string_view> segments;  // point into the path

  // Returns nullopt if the path does not begin with '/', has an empty segment
  // (for example by a trailing slash) or has more than kMaxPathSegments. "/"
  // has no segments.
  static std::optional<RawPath> Split(absl::string_view path);

  // Removes ":verb" from the last segment and returns it. The verb is the text
  // after the last colon, or after an earlier one if the verb contains `colons`
  // colons itself. Returns nullopt and changes nothing if the segment has no
  // verb or has nothing before it.
  std::optional<absl::string_view> CutVerb(size_t colons = 0);
};

// A path template of google.api.http:
//
//   Template = "/" [ Segments ] { ":" LITERAL } ;
//   Segments = Segment { "/" Segment } ;
//   Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}" ;
//
// In addition to the published grammar, literals may follow "**", and a verb
// may contain colons (other transcoders allow this too). "**" matches zero or
// more segments. Literals are compared after percent-decoding.
//
// Immutable and thread-safe.
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
    bool multi;  // may span more or fewer than one segment
  };

  // Errors (kInvalidArgument) name the position (from 0) and the reason.
  static absl::StatusOr<PathTemplate> Parse(absl::string_view text);

  const std::string& text() const { return text_; }
  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Variable>& variables() const { return variables_; }

  // The text after the first ':' that ends the segments; may be empty.
  const std::string& verb() const { return verb_; }

  // Returns the variables of a raw (still encoded) request path without its
  // query; nullopt if the path does not match.
  std::optional<std::vector<PathVariable>> Match(
      absl::string_view raw_path,
      MultiSegmentDecoding decoding = MultiSegmentDecoding::kAllButSlash) const;

  // Returns the variables of a path that is known to match. The verb must
  // already be removed.
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

// Decodes every valid %XX and leaves invalid ones unchanged.
std::string PercentDecodePath(absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_PATH_TEMPLATE_H_

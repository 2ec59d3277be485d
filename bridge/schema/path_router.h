#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_PATH_ROUTER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_PATH_ROUTER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/path_template.h"

namespace sse_bridge {

// Finds the route of a request: maps (HTTP verb, raw path) to a route number
// and the values of its path variables.
//
// In each segment a literal takes precedence over "*", which takes precedence
// over "**". The search backtracks, so it finds a match if there is one. The
// text after the last ':' of the last segment is first tried as a template's
// verb (":cancel"), then as part of the segment. If a template's verb contains
// colons, the text after an earlier ':' is tried before. A template with the
// HTTP verb
// "*" (google.api.CustomHttpPattern) serves every verb that no template of the
// same shape names.
//
// A lookup visits each trie node at most once before a "**", and once per
// remaining segment after it. Immutable and thread-safe. Built by
// PathRouterBuilder.
class PathRouter {
 public:
  struct Options {
    MultiSegmentDecoding decoding = MultiSegmentDecoding::kAllButSlash;
    // Treat "/a/" as "/a". Otherwise "/a/" matches nothing.
    bool ignore_trailing_slashes = false;
  };

  struct Found {
    int route;
    std::vector<PathVariable> variables;
  };

  // An empty router, which matches nothing.
  PathRouter() : PathRouter(Options()) {}
  explicit PathRouter(Options options) : options_(options), nodes_(1) {}

  // `raw_path` is percent-encoded and has no query.
  std::optional<Found> Match(absl::string_view http_verb,
                             absl::string_view raw_path) const;

  // Returns the HTTP verbs that have a template for this path, sorted and
  // unique: the Allow header if Match found nothing. Empty means 404. Ignores
  // routes for whose number `counts` returns false; null counts all.
  std::vector<std::string> AllowedVerbs(
      absl::string_view raw_path,
      const std::function<bool(int)>& counts = nullptr) const;

 private:
  friend class PathRouterBuilder;

  struct Route {
    int id;
    PathTemplate path_template;
  };

  // (verb after the colon, HTTP verb) -> index into routes_.
  using Ends = std::vector<std::pair<std::pair<std::string, std::string>, int>>;

  struct Node {
    absl::flat_hash_map<std::string, int32_t> literals;
    int32_t one = 0;  // child for "*"; 0 if none (the root is never a child)
    int32_t any = 0;  // child for "**"
    Ends ends;
  };

  template <typename Visit>
  bool Search(int32_t node, absl::Span<const std::string> decoded, size_t at,
              const Visit& visit) const;
  template <typename Visit>
  bool SearchPath(absl::string_view raw_path, const Visit& visit) const;

  Options options_;
  size_t max_verb_colons_ = 0;  // within a template's verb
  std::vector<Node> nodes_;     // [0] is the root
  std::vector<Route> routes_;
};

class PathRouterBuilder {
 public:
  explicit PathRouterBuilder(PathRouter::Options options = {})
      : router_(options) {}

  // Returns nullopt if the route was added. Otherwise changes nothing and
  // returns the route of the same HTTP verb whose template matches exactly the
  // same paths. `http_verb` is upper case ("GET"), or "*" for any.
  [[nodiscard]] std::optional<int> Add(absl::string_view http_verb,
                                       PathTemplate path_template, int route);

  // Returns what Add would return, and changes nothing.
  std::optional<int> Find(absl::string_view http_verb,
                          const PathTemplate& path_template) const;

  PathRouter Build() && { return std::move(router_); }

 private:
  int32_t NewNode();

  PathRouter router_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_PATH_ROUTER_H_

#include "bridge/schema/path_router.h"

#include <algorithm>

#include "absl/algorithm/container.h"

namespace sse_bridge {

// Calls visit(ends) at each node that the rest of the path reaches, best first,
// until it returns true. kMaxPathSegments limits the recursion.
template <typename Visit>
bool PathRouter::Search(int32_t index, absl::Span<const std::string> decoded,
                        size_t at, const Visit& visit) const {
  const Node& node = nodes_[index];
  if (at == decoded.size()) {
    if (!node.ends.empty() && visit(node.ends)) return true;
  } else {
    const auto literal = node.literals.find(decoded[at]);
    if (literal != node.literals.end() &&
        Search(literal->second, decoded, at + 1, visit)) {
      return true;
    }
    if (node.one != 0 && Search(node.one, decoded, at + 1, visit)) return true;
  }
  if (node.any != 0) {
    // The fewer segments "**" takes, the longer the literal part after it.
    for (size_t next = at; next <= decoded.size(); ++next) {
      if (Search(node.any, decoded, next, visit)) return true;
    }
  }
  return false;
}

// Searches with the verb removed from the path first, the longest verb first,
// then without. Also passes the verb and the raw path that was searched to
// `visit`.
template <typename Visit>
bool PathRouter::SearchPath(absl::string_view raw_path,
                            const Visit& visit) const {
  if (options_.ignore_trailing_slashes) {
    while (raw_path.size() > 1 && raw_path.back() == '/') {
      raw_path.remove_suffix(1);
    }
  }
  std::optional<RawPath> path = RawPath::Split(raw_path);
  if (!path.has_value()) return false;
  const auto search = [&](const RawPath& p, absl::string_view verb) {
    std::vector<std::string> decoded;
    decoded.reserve(p.segments.size());
    for (absl::string_view s : p.segments) {
      decoded.push_back(PercentDecodePath(s));
    }
    return Search(0, decoded, 0,
                  [&](const Ends& ends) { return visit(ends, verb, p); });
  };
  for (size_t colons = max_verb_colons_ + 1; colons-- > 0;) {
    RawPath without_verb = *path;
    const std::optional<absl::string_view> verb = without_verb.CutVerb(colons);
    if (verb.has_value() && search(without_verb, *verb)) return true;
  }
  return search(*path, "");
}

std::optional<PathRouter::Found> PathRouter::Match(
    absl::string_view http_verb, absl::string_view raw_path) const {
  std::optional<Found> found;
  SearchPath(raw_path, [&](const Ends& ends, absl::string_view verb,
                           const RawPath& path) {
    const Route* best = nullptr;
    for (const auto& [key, route] : ends) {
      if (key.first != verb) continue;
      if (key.second == http_verb) {
        best = &routes_[route];
        break;
      }
      if (key.second == "*") best = &routes_[route];
    }
    if (best == nullptr) return false;
    found = Found{best->id,
                  best->path_template.Bind(path.segments, options_.decoding)};
    return true;
  });
  return found;
}

std::vector<std::string> PathRouter::AllowedVerbs(
    absl::string_view raw_path, const std::function<bool(int)>& counts) const {
  std::vector<std::string> verbs;
  SearchPath(raw_path,
             [&](const Ends& ends, absl::string_view verb, const RawPath&) {
               for (const auto& [key, route] : ends) {
                 if (key.first != verb) continue;
                 if (counts != nullptr && !counts(routes_[route].id)) continue;
                 verbs.push_back(key.second);
               }
               return false;
             });
  std::sort(verbs.begin(), verbs.end());
  verbs.erase(std::unique(verbs.begin(), verbs.end()), verbs.end());
  return verbs;
}

int32_t PathRouterBuilder::NewNode() {
  router_.nodes_.emplace_back();
  return static_cast<int32_t>(router_.nodes_.size() - 1);
}

std::optional<int> PathRouterBuilder::Add(absl::string_view http_verb,
                                          PathTemplate path_template,
                                          int route) {
  int32_t index = 0;
  for (const PathTemplate::Segment& segment : path_template.segments()) {
    // NewNode moves the nodes, so do not hold a reference across it.
    int32_t next = 0;
    switch (segment.kind) {
      case PathTemplate::Kind::kLiteral: {
        const auto& literals = router_.nodes_[index].literals;
        const auto it = literals.find(segment.literal);
        if (it != literals.end()) {
          next = it->second;
        } else {
          next = NewNode();
          router_.nodes_[index].literals.emplace(segment.literal, next);
        }
        break;
      }
      case PathTemplate::Kind::kOne:
        next = router_.nodes_[index].one;
        if (next == 0) {
          next = NewNode();
          router_.nodes_[index].one = next;
        }
        break;
      case PathTemplate::Kind::kAny:
        next = router_.nodes_[index].any;
        if (next == 0) {
          next = NewNode();
          router_.nodes_[index].any = next;
        }
        break;
    }
    index = next;
  }
  PathRouter::Ends& ends = router_.nodes_[index].ends;
  std::pair<std::string, std::string> key(path_template.verb(),
                                          std::string(http_verb));
  for (const auto& [other, other_route] : ends) {
    if (other == key) return router_.routes_[other_route].id;
  }
  router_.max_verb_colons_ =
      std::max(router_.max_verb_colons_,
               static_cast<size_t>(absl::c_count(key.first, ':')));
  ends.emplace_back(std::move(key), static_cast<int>(router_.routes_.size()));
  router_.routes_.push_back({route, std::move(path_template)});
  return std::nullopt;
}

std::optional<int> PathRouterBuilder::Find(
    absl::string_view http_verb, const PathTemplate& path_template) const {
  int32_t index = 0;
  for (const PathTemplate::Segment& segment : path_template.segments()) {
    const PathRouter::Node& node = router_.nodes_[index];
    switch (segment.kind) {
      case PathTemplate::Kind::kLiteral: {
        const auto it = node.literals.find(segment.literal);
        index = it == node.literals.end() ? 0 : it->second;
        break;
      }
      case PathTemplate::Kind::kOne:
        index = node.one;
        break;
      case PathTemplate::Kind::kAny:
        index = node.any;
        break;
    }
    if (index == 0) return std::nullopt;
  }
  for (const auto& [key, route] : router_.nodes_[index].ends) {
    if (key.first == path_template.verb() && key.second == http_verb) {
      return router_.routes_[route].id;
    }
  }
  return std::nullopt;
}

}  // namespace sse_bridge

// Lines of templates, an empty line, lines of request paths. The router must
// find a route exactly where one of the templates matches by itself, with the
// same bindings.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/path_router.h"
#include "bridge/schema/path_template.h"

namespace {

constexpr size_t kMaxTemplates = 32;
constexpr size_t kMaxPaths = 32;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sse_bridge;
  const std::vector<absl::string_view> lines = absl::StrSplit(
      absl::string_view(reinterpret_cast<const char*>(data), size), '\n');
  PathRouterBuilder builder;
  std::vector<PathTemplate> templates;
  size_t i = 0;
  for (; i < lines.size() && !lines[i].empty(); ++i) {
    const absl::StatusOr<PathTemplate> parsed = PathTemplate::Parse(lines[i]);
    if (!parsed.ok()) {
      Require(parsed.status().code() == absl::StatusCode::kInvalidArgument);
      continue;
    }
    Require(parsed->text() == lines[i]);
    if (templates.size() == kMaxTemplates) continue;
    const int route = static_cast<int>(templates.size());
    const std::optional<int> other = builder.Add("GET", *parsed, route);
    if (other.has_value()) {
      const PathTemplate& same = templates[*other];
      Require(same.verb() == parsed->verb() &&
              same.segments() == parsed->segments());
      continue;
    }
    templates.push_back(*parsed);
  }
  const PathRouter router = std::move(builder).Build();
  for (size_t paths = 0; ++i < lines.size() && paths < kMaxPaths; ++paths) {
    bool any = false;
    for (const PathTemplate& t : templates) {
      any |= t.Match(lines[i]).has_value();
    }
    const std::optional<PathRouter::Found> found =
        router.Match("GET", lines[i]);
    Require(found.has_value() == any);
    Require(router.AllowedVerbs(lines[i]).empty() == !any);
    Require(!router.Match("POST", lines[i]).has_value());
    if (any) {
      Require(templates[found->route].Match(lines[i]) == found->variables);
    }
  }
  return 0;
}

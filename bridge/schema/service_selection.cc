#include "bridge/schema/service_selection.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/name_pattern.h"

namespace sse_bridge {

bool IsOwnOfGrpc(absl::string_view service) {
  static constexpr absl::string_view kPackages[] = {
      "grpc.binarylog.", "grpc.channelz.", "grpc.health.",
      "grpc.lb.",        "grpc.lookup.",   "grpc.reflection."};
  return absl::c_any_of(kPackages, [service](absl::string_view package) {
    return absl::StartsWith(service, package);
  });
}

ServiceSelection::ServiceSelection(const std::vector<std::string>& serve,
                                   const std::vector<std::string>& hide)
    : serve_(Read(serve)), hide_(Read(hide)) {}

std::vector<ServiceSelection::Pattern> ServiceSelection::Read(
    const std::vector<std::string>& texts) {
  std::vector<Pattern> patterns;
  patterns.reserve(texts.size());
  for (const std::string& text : texts) {
    std::string name = text;
    if (!name.empty() && (name[0] == '/' || name[0] == '.')) name.erase(0, 1);
    std::replace(name.begin(), name.end(), '/', '.');
    patterns.push_back({text, std::move(name)});
  }
  return patterns;
}

bool ServiceSelection::Match(std::vector<Pattern>* patterns,
                             absl::string_view service,
                             absl::string_view method) {
  bool any = false;
  for (Pattern& pattern : *patterns) {
    if (MatchesPattern(pattern.name, service) ||
        MatchesPattern(pattern.name, method)) {
      pattern.matched = true;
      any = true;
    }
  }
  return any;
}

bool ServiceSelection::Serves(absl::string_view service,
                              absl::string_view method) {
  const bool wanted = serve_.empty() || Match(&serve_, service, method);
  const bool hidden = Match(&hide_, service, method);
  return wanted && !hidden;
}

bool ServiceSelection::Names(absl::string_view service) const {
  return std::any_of(serve_.begin(), serve_.end(), [&](const Pattern& pattern) {
    return pattern.name == service;
  });
}

std::vector<std::string> ServiceSelection::Unmatched() const {
  std::vector<std::string> out;
  for (const auto& [setting, patterns] :
       {std::pair("serve", &serve_), std::pair("hide", &hide_)}) {
    for (const Pattern& pattern : *patterns) {
      if (pattern.matched) continue;
      out.push_back(absl::StrCat(setting, ": ", pattern.text,
                                 " matches no service or method"));
    }
  }
  return out;
}

}  // namespace sse_bridge

#include "bridge/delivery/audience.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// Returns the names sorted, each once, without empty ones.
std::vector<std::string> Normalized(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (!names.empty() && names.front().empty()) names.erase(names.begin());
  return names;
}

bool Contains(const std::vector<std::string>& names,
              absl::string_view subject) {
  const auto found = std::lower_bound(
      names.begin(), names.end(), subject,
      [](const std::string& name, absl::string_view s) { return name < s; });
  return found != names.end() && *found == subject;
}

}  // namespace

std::shared_ptr<const Audience> Audience::Create(
    std::vector<std::string> only_to, std::vector<std::string> not_to) {
  const bool everybody = only_to.empty();
  not_to = Normalized(std::move(not_to));
  if (everybody && not_to.empty()) return nullptr;
  return std::shared_ptr<const Audience>(new Audience(
      everybody, Normalized(std::move(only_to)), std::move(not_to)));
}

Audience::Audience(bool everybody, std::vector<std::string> only_to,
                   std::vector<std::string> not_to)
    : everybody_(everybody),
      only_to_(std::move(only_to)),
      not_to_(std::move(not_to)) {}

bool Audience::Includes(absl::string_view subject) const {
  return (everybody_ || Contains(only_to_, subject)) &&
         !Contains(not_to_, subject);
}

std::string Audience::Key() const {
  std::string key = everybody_ ? "-" : "+";
  for (const std::vector<std::string>* names : {&only_to_, &not_to_}) {
    for (const std::string& name : *names) {
      absl::StrAppend(&key, name.size(), ":", name);
    }
    key += '/';
  }
  return key;
}

}  // namespace sse_bridge

#include "bridge/access/deny_list.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bridge/base/read_file.h"

namespace sse_bridge {

absl::Status DenyList::Replace(absl::string_view text, absl::string_view name) {
  absl::flat_hash_set<std::string> token_ids, subjects;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::ConsumeSuffix(&line, "\r");
    if (absl::StripAsciiWhitespace(line).empty() || line[0] == '#') continue;
    absl::flat_hash_set<std::string>* set = nullptr;
    if (absl::ConsumePrefix(&line, "jti ")) {
      set = &token_ids;
    } else if (absl::ConsumePrefix(&line, "sub ")) {
      set = &subjects;
    }
    if (set == nullptr || line.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ":", number, ": expected `jti TOKEN-ID` or `sub SUBJECT`"));
    }
    set->emplace(line);
  }
  MutexLock lock(&mu_);
  token_ids_.swap(token_ids);
  subjects_.swap(subjects);
  return absl::OkStatus();
}

absl::Status DenyList::Load(const std::string& path) {
  auto text = ReadFile(path, kMaxTextBytes);
  if (!text.ok()) return text.status();
  return Replace(*text, path);
}

bool DenyList::Denies(absl::string_view subject,
                      absl::string_view token_id) const {
  MutexLock lock(&mu_);
  return subjects_.contains(subject) ||
         (!token_id.empty() && token_ids_.contains(token_id));
}

size_t DenyList::size() const {
  MutexLock lock(&mu_);
  return token_ids_.size() + subjects_.size();
}

}  // namespace sse_bridge

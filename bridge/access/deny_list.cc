#include "bridge/access/deny_list.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bridge/access/byte_order_mark.h"
#include "bridge/access/token_claims.h"
#include "bridge/access/visible_text.h"
#include "bridge/base/read_file.h"

namespace sse_bridge {
namespace {}  // namespace

absl::Status DenyList::Replace(absl::string_view text, absl::string_view name) {
  absl::flat_hash_set<std::string> token_ids, subjects;
  int number = 0;
  absl::ConsumePrefix(&text, kByteOrderMark);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.find_first_of(" \t");
    const absl::string_view kind = line.substr(0, blank);
    const absl::string_view value =
        blank == absl::string_view::npos
            ? ""
            : absl::StripLeadingAsciiWhitespace(line.substr(blank));
    const bool of_token = kind == "jti";
    absl::string_view wrong;
    if ((!of_token && kind != "sub") || value.empty()) {
      wrong = "expected `jti TOKEN-ID` or `sub SUBJECT`";
    } else if (absl::StrContains(value, " #") ||
               absl::StrContains(value, "\t#")) {
      wrong = "a comment must be on its own line";
    } else if (!IsVisibleName(value)) {
      wrong = "it contains an invisible character, so no token can match";
    } else if (value.size() >
               (of_token ? kMaxTokenIdBytes : kMaxSubjectBytes)) {
      wrong = "it is too long, so no token can match";
    }
    if (!wrong.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ":", number, ": ", wrong));
    }
    (of_token ? token_ids : subjects).emplace(value);
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

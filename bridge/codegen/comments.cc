#include "bridge/codegen/comments.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {

namespace {

bool StartsItsOwnLine(absl::string_view line) {
  return absl::StartsWith(line, " ") || absl::StartsWith(line, "- ") ||
         absl::StartsWith(line, "* ") || absl::StartsWith(line, "#") ||
         absl::StartsWith(line, "|") || absl::StartsWith(line, "```");
}

}  // namespace

std::string CleanComment(const google::protobuf::SourceLocation& location) {
  const std::string& text = location.leading_comments.empty()
                                ? location.trailing_comments
                                : location.leading_comments;
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, " ")) line.remove_prefix(1);
    lines.emplace_back(absl::StripTrailingAsciiWhitespace(line));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  size_t first = 0;
  while (first < lines.size() && lines[first].empty()) ++first;
  return absl::StrJoin(lines.begin() + static_cast<ptrdiff_t>(first),
                       lines.end(), "\n");
}

std::string WithDeprecation(std::string comment, bool deprecated) {
  constexpr absl::string_view kTag = "@deprecated";
  if (!deprecated || absl::StrContains(comment, kTag)) return comment;
  absl::StrAppend(&comment, comment.empty() ? "" : "\n\n", kTag);
  return comment;
}

std::string FirstParagraph(absl::string_view comment) {
  comment = comment.substr(0, comment.find("\n\n"));
  return absl::StrJoin(absl::StrSplit(comment, '\n'), " ");
}

std::string Reflow(absl::string_view comment) {
  std::string out;
  bool joins = false;
  for (absl::string_view line : absl::StrSplit(comment, '\n')) {
    const bool apart = line.empty() || StartsItsOwnLine(line);
    if (joins && !apart) {
      absl::StrAppend(&out, " ", line);
    } else {
      absl::StrAppend(&out, out.empty() ? "" : "\n", line);
    }
    joins = !apart;
  }
  return out;
}

std::string Prose(absl::string_view comment) {
  std::string text = Reflow(comment);
  if (absl::StrContains(text, "\n")) text += "\n";
  return text;
}

}  // namespace sse_bridge

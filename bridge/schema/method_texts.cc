#include "bridge/schema/method_texts.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/schema/method.h"
#include "openapiv3/annotations.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// The comment above the method, without spaces at the ends of its lines and
// without empty lines at its ends.
std::string CommentAbove(const pb::MethodDescriptor* method) {
  pb::SourceLocation location;
  if (!method->GetSourceLocation(&location)) return "";
  std::string comment;
  for (absl::string_view line :
       absl::StrSplit(location.leading_comments, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (comment.empty() && line.empty()) continue;
    absl::StrAppend(&comment, comment.empty() ? "" : "\n", line);
  }
  absl::StripTrailingAsciiWhitespace(&comment);
  return comment;
}

// "StreamPrices" -> "Stream prices", "GetURLOfPage" -> "Get URL of page".
std::string WordsOf(absl::string_view name) {
  const auto upper = [&name](size_t i) {
    return i < name.size() &&
           absl::ascii_isupper(static_cast<unsigned char>(name[i]));
  };
  std::string words;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool starts_word =
        upper(i) && (!upper(i - 1) || (i + 1 < name.size() && !upper(i + 1)));
    if (name[i] == '_') {
      words.push_back(' ');
      continue;
    }
    if (i > 0 && starts_word) words.push_back(' ');
    const bool abbreviates =
        upper(i + 1) || (i > 0 && upper(i - 1) && !starts_word);
    words.push_back(
        i > 0 && upper(i) && !abbreviates
            ? absl::ascii_tolower(static_cast<unsigned char>(name[i]))
            : name[i]);
  }
  return words;
}

}  // namespace

MethodTexts TextsOf(const pb::MethodDescriptor* method) {
  const openapi::v3::Operation& operation =
      method->options().GetExtension(openapi::v3::operation);
  MethodTexts texts;
  texts.summary = operation.summary().empty() ? WordsOf(method->name())
                                              : operation.summary();
  texts.description = operation.description().empty() ? CommentAbove(method)
                                                      : operation.description();
  texts.tags = {operation.tags().begin(), operation.tags().end()};
  texts.operation_id = operation.operation_id();
  texts.docs_url = operation.external_docs().url();
  texts.docs_description = operation.external_docs().description();
  texts.deprecated = operation.deprecated() || method->options().deprecated();
  return texts;
}

}  // namespace sse_bridge

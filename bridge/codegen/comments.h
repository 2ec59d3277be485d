#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_COMMENTS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_COMMENTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Returns the comment above an element, or else the one after it. Removes the
// space after the slashes, and blank lines at either end. Empty if the
// descriptors have no comments.
template <typename Element>
std::string CommentOf(const Element* element);

// Like Comment, but only the first paragraph, on one line.
std::string FirstParagraph(absl::string_view comment);

// Joins the lines of each paragraph; an empty line separates paragraphs. Keeps
// lines that are indented or begin a list.
std::string Reflow(absl::string_view comment);

// Like Reflow, but a text of several lines ends with a newline, so that YAML
// can show it as a block.
std::string Prose(absl::string_view comment);

// Adds JSDoc's tag, last, because its text ends with the comment.
std::string WithDeprecation(std::string comment, bool deprecated);

std::string CleanComment(const google::protobuf::SourceLocation& location);

template <typename Element>
std::string CommentOf(const Element* element) {
  google::protobuf::SourceLocation location;
  return element->GetSourceLocation(&location) ? CleanComment(location) : "";
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_COMMENTS_H_

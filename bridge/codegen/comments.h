#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_COMMENTS_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_COMMENTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// The comment above an element, or else the one after it: lines without the
// space that follows the slashes, no blank ones at either end. Empty without
// comments in the descriptors.
template <typename Element>
std::string CommentOf(const Element* element);

// The same of its first paragraph, on one line.
std::string FirstParagraph(absl::string_view comment);

// Lines of a paragraph joined, paragraphs apart by an empty line: prose that
// has no line length of its own. Lines that are indented or begin a list keep
// their place.
std::string Reflow(absl::string_view comment);

// The same for a document: several lines end with a line end, so that YAML can
// show them as a block.
std::string Prose(absl::string_view comment);

std::string CleanComment(const google::protobuf::SourceLocation& location);

template <typename Element>
std::string CommentOf(const Element* element) {
  google::protobuf::SourceLocation location;
  return element->GetSourceLocation(&location) ? CleanComment(location) : "";
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_COMMENTS_H_

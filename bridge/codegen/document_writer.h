#ifndef SSE_BRIDGE_BRIDGE_CODEGEN_DOCUMENT_WRITER_H_
#define SSE_BRIDGE_BRIDGE_CODEGEN_DOCUMENT_WRITER_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace sse_bridge {

// Writes an object member by member. A document of a large schema has tens of
// megabytes, and ten times as much as a tree of JSON. Not thread-safe.
class DocumentWriter {
 public:
  using Json = nlohmann::ordered_json;

  virtual ~DocumentWriter() = default;

  // Adds a member to the current object. Its name must not have been added.
  virtual void Add(const std::string& name, const Json& value) = 0;

  // Adds a member that is an object and becomes the current one, until End().
  virtual void Begin(const std::string& name) = 0;
  virtual void End() = 0;

  // Ends the document, whose objects must have been ended, and returns it with
  // a newline at the end. Call once.
  virtual std::string Finish() = 0;
};

// JSON with an indent of two spaces or, if `compact`, without spaces and line
// breaks. Bytes that are not UTF-8 become U+FFFD.
std::unique_ptr<DocumentWriter> NewJsonWriter(bool compact = false);

// Readable YAML 1.2: strings are quoted only if necessary, and texts of several
// lines are literal blocks.
std::unique_ptr<DocumentWriter> NewYamlWriter();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_CODEGEN_DOCUMENT_WRITER_H_

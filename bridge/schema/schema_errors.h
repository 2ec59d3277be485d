#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_ERRORS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_ERRORS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Path of an element within a FileDescriptorProto: field numbers and indexes,
// as in google.protobuf.SourceCodeInfo.Location.path.
using SourcePath = std::vector<int>;

SourcePath PathOf(const google::protobuf::Descriptor* message);
SourcePath PathOf(const google::protobuf::OneofDescriptor* oneof);
SourcePath PathOf(const google::protobuf::FieldDescriptor* field);
SourcePath PathOf(const google::protobuf::ServiceDescriptor* service);
SourcePath PathOf(const google::protobuf::MethodDescriptor* method);

// Returns the path of an option (by its extension number) of the element.
SourcePath PathOfOption(const google::protobuf::FieldDescriptor* field,
                        int number);
SourcePath PathOfOption(const google::protobuf::ServiceDescriptor* service,
                        int number);
SourcePath PathOfOption(const google::protobuf::MethodDescriptor* method,
                        int number);

// Returns "file.proto:12", or "file.proto" if the descriptors have no line
// numbers. If the element itself has no line, uses the closest enclosing
// element. For an option from a service configuration, the place there
// (option_origin.h).
std::string Where(const google::protobuf::FileDescriptor* file,
                  SourcePath path);

// Collects the errors in a schema, so that one load reports all of them. Not
// thread-safe.
class SchemaErrors {
 public:
  // `where` is the result of Where(), `element` a full name.
  void Add(absl::string_view where, absl::string_view element,
           absl::string_view reason);

  bool empty() const { return lines_.empty(); }

  // Returns whether further errors are only counted.
  bool full() const;

  // The errors, each as "FILE:LINE: ELEMENT: REASON". The last line counts
  // those beyond the bound, if there are any.
  std::vector<std::string> Lines() const;

  // Returns OK, or kInvalidArgument with a line per error.
  absl::Status ToStatus() const;

 private:
  std::vector<std::string> lines_;
  size_t left_out_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_ERRORS_H_

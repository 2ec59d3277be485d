#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_ERRORS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_ERRORS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Where something is within a FileDescriptorProto: field numbers and indices,
// as google.protobuf.SourceCodeInfo.Location.path has it.
using SourcePath = std::vector<int>;

SourcePath PathOf(const google::protobuf::Descriptor* message);
SourcePath PathOf(const google::protobuf::OneofDescriptor* oneof);
SourcePath PathOf(const google::protobuf::FieldDescriptor* field);
SourcePath PathOf(const google::protobuf::ServiceDescriptor* service);
SourcePath PathOf(const google::protobuf::MethodDescriptor* method);

// The same, of an option (an extension's number) of the element.
SourcePath PathOfOption(const google::protobuf::FieldDescriptor* field,
                        int number);
SourcePath PathOfOption(const google::protobuf::ServiceDescriptor* service,
                        int number);
SourcePath PathOfOption(const google::protobuf::MethodDescriptor* method,
                        int number);

// "file.proto:12", or "file.proto" when the descriptors carry no lines. Where
// the place itself has no line, that of the closest element around it counts.
std::string Where(const google::protobuf::FileDescriptor* file,
                  SourcePath path);

// Collects what is wrong with a schema, so that one attempt to load tells it
// all. Not thread-safe.
class SchemaErrors {
 public:
  // `where` is what Where() says, `element` a full name.
  void Add(absl::string_view where, absl::string_view element,
           absl::string_view reason);

  bool empty() const { return lines_.empty(); }

  // Further errors are only counted.
  bool full() const;

  // Ok, or InvalidArgument with a line for each error.
  absl::Status ToStatus() const;

 private:
  std::vector<std::string> lines_;
  size_t left_out_ = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCHEMA_ERRORS_H_

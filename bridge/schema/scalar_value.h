#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SCALAR_VALUE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SCALAR_VALUE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// A value of any scalar type. Only the member for its type is set.
struct ScalarValue {
  int64_t i = 0;   // int32, int64, enum
  uint64_t u = 0;  // uint32, uint64
  double d = 0;    // float, double
  bool b = false;
  absl::string_view s;  // string, bytes; borrowed
};

// Reads a scalar field: element `index` if it is repeated. The value may
// point into `message` or `scratch`.
ScalarValue ReadScalar(const google::protobuf::Message& message,
                       const google::protobuf::FieldDescriptor* field,
                       int index, std::string* scratch);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SCALAR_VALUE_H_

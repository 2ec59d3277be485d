#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_ADMISSION_CHECKS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_ADMISSION_CHECKS_H_

#include <functional>
#include <set>
#include <string>

#include "bridge/schema/method.h"
#include "google/protobuf/descriptor.h"

namespace sse_bridge {

// Reads `stream.admission`, `only_to` and `not_to` of a server-streaming method
// into `method`, whose `stream.shared` is final and whose `subject_into` is
// resolved. Calls `error` for each fault, with a text that starts with the
// option's name.
void ReadAdmission(Method* method,
                   const std::function<void(const std::string&)>& error);

// Adds the full names of the methods that the bridge itself calls for the
// streams of `service`.
void AddAdmissionMethods(const google::protobuf::ServiceDescriptor* service,
                         std::set<std::string>* names);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_ADMISSION_CHECKS_H_

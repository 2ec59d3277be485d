#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_ACCESS_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_ACCESS_OPTIONS_H_

#include "bridge/schema/method.h"
#include "bridge/schema/option_reporter.h"
#include "bridge/schema/schema_errors.h"

namespace sse_bridge {

// Returns whether `access` sets any condition.
bool NamesAnybody(const sse::v1::Access& access);

// Checks the conditions by themselves.
void CheckAccess(const sse::v1::Access& access, const OptionReporter& report);

// Sets `method->access` to the rule that applies: the method's own or its
// service's `default_access`. Resolves `subject_into`, and reports one that
// does not fit the method as that method's error, even if the service sets it.
// `exposed`: as for ReadOptions.
void ReadAccess(Method* method, bool exposed, SchemaErrors* errors);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_ACCESS_OPTIONS_H_

#ifndef SSE_BRIDGE_TESTS_SIMULATION_CODES_H_
#define SSE_BRIDGE_TESTS_SIMULATION_CODES_H_

namespace sse_bridge {

// The HTTP status of a google.rpc.Code.
int HttpStatusOf(int code);

// Whether a client that has received this code is not to ask again.
bool IsForGood(int code);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_CODES_H_

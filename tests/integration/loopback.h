#ifndef SSE_BRIDGE_TESTS_INTEGRATION_LOOPBACK_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_LOOPBACK_H_

namespace sse_bridge::testing {

// A socket of `type` (SOCK_STREAM | ...) on a free port of 127.0.0.1, which
// listens if it is a stream's. Errors are test failures.
int OpenLoopback(int type, int* port);

// As many descriptors as the hard limit allows, for this process and those that
// it starts. Returns how many that are.
unsigned long RaiseDescriptors();

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_LOOPBACK_H_

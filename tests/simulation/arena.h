#ifndef SSE_BRIDGE_TESTS_SIMULATION_ARENA_H_
#define SSE_BRIDGE_TESTS_SIMULATION_ARENA_H_

namespace sse_bridge {

// From now on, this process allocates from a range of its own at a fixed
// address. Where objects are decides the order of Abseil's hash tables, and so
// it must not depend on what the process did before. Has no effect under
// sanitizers, which allocate themselves.
void UseArena();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_ARENA_H_

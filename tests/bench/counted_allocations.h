#ifndef SSE_BRIDGE_TESTS_BENCH_COUNTED_ALLOCATIONS_H_
#define SSE_BRIDGE_TESTS_BENCH_COUNTED_ALLOCATIONS_H_

// Replaces operator new and delete of the program that it is linked into.

#include <cstdint>

namespace sse_bridge {

// Returns how many times this thread has called operator new.
int64_t Allocations();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_BENCH_COUNTED_ALLOCATIONS_H_

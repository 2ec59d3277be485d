#ifndef SSE_BRIDGE_BRIDGE_BASE_RANDOM_FRACTION_H_
#define SSE_BRIDGE_BRIDGE_BASE_RANDOM_FRACTION_H_

namespace sse_bridge {

// A random number from 0 (included) to 1 (excluded): spreads what would
// otherwise happen at the same time. Not for secrets. Thread-safe.
double RandomFraction();

// From now on, RandomFraction returns what `fraction` does; null: random
// numbers again. For a simulation, whose seed decides everything.
void SetRandomFractionForTest(double (*fraction)());

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_BASE_RANDOM_FRACTION_H_

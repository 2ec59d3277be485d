#ifndef SSE_BRIDGE_TESTS_SIMULATION_OUTSIDE_H_
#define SSE_BRIDGE_TESTS_SIMULATION_OUTSIDE_H_

namespace sse_bridge {

class SimulatedNetwork;

// From now on, the date and OpenSSL's random bytes, which the code does not ask
// bridge/net's Clock for, come from this network too; null: the real ones.
// They are part of headers, whose sizes differ on the wire once HTTP/2 has
// compressed them.
void TakeOutsideFrom(SimulatedNetwork* network);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_SIMULATION_OUTSIDE_H_

#ifndef SSE_BRIDGE_TESTS_UNIT_UPSTREAM_NAME_OF_CLIENT_H_
#define SSE_BRIDGE_TESTS_UNIT_UPSTREAM_NAME_OF_CLIENT_H_

#include <string>

#include "gtest/gtest.h"

namespace sse_bridge {

// The name of a parameter: whether an upstream has the direct client.
inline std::string NameOfClient(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Direct" : "Grpc";
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_UPSTREAM_NAME_OF_CLIENT_H_

#include "bridge/schema/builtin.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bridge/schema/schema.h"

namespace sse_bridge {
namespace {

// The other tests use schemas of their own; this one uses the built-in one.
TEST(BuiltinTest, LoadsWithRoutesAndStreams) {
  const auto schema = Schema::Load({BuiltinSource()});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_FALSE((*schema)->routes().empty());
  EXPECT_FALSE((*schema)->bundle().empty());
  std::set<std::string> called_by_the_bridge;
  for (const Method* method : (*schema)->methods()) {
    if (method->admission == nullptr) continue;
    called_by_the_bridge.insert(method->admission->enter.grpc_path);
    if (method->admission->leave.has_value()) {
      called_by_the_bridge.insert(method->admission->leave->grpc_path);
    }
  }
  for (const Method* method : (*schema)->methods()) {
    EXPECT_FALSE(method->texts.summary.empty()) << method->grpc_path;
    if (method->descriptor->file()->package() == "grpc.reflection.v1") continue;
    EXPECT_EQ(method->routes.empty(),
              called_by_the_bridge.count(method->grpc_path) == 1)
        << method->grpc_path;
  }
}

}  // namespace
}  // namespace sse_bridge

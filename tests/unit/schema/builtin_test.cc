#include "bridge/schema/builtin.h"

#include <gtest/gtest.h>

#include "bridge/schema/schema.h"

namespace sse_bridge {
namespace {

// The other tests use schemas of their own; this one uses the built-in one.
TEST(BuiltinTest, LoadsWithRoutesAndStreams) {
  const auto schema = Schema::Load({BuiltinSource()});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_FALSE((*schema)->routes().empty());
  EXPECT_FALSE((*schema)->bundle().empty());
  for (const Method* method : (*schema)->methods()) {
    EXPECT_FALSE(method->texts.summary.empty()) << method->grpc_path;
    if (method->descriptor->file()->package() == "grpc.reflection.v1") continue;
    EXPECT_FALSE(method->routes.empty()) << method->grpc_path;
  }
}

}  // namespace
}  // namespace sse_bridge

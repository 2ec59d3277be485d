#include "bridge/transcode/json_buffer.h"

#include <gtest/gtest.h>

namespace sse_bridge {
namespace {

TEST(JsonBufferTest, KeepsSmallBuffers) {
  JsonBuffer buffer;
  buffer.Reserve(buffer.Begin(), 1000)[0] = 'a';
  const char* const before = buffer.Begin();
  buffer.GiveBack();
  EXPECT_EQ(buffer.Begin(), before);
}

// An idle thread does not keep the memory of the largest message it encoded.
TEST(JsonBufferTest, FreesLargeBuffers) {
  JsonBuffer buffer;
  buffer.Reserve(buffer.Begin(), size_t{2} << 20)[0] = 'a';
  buffer.GiveBack();
  EXPECT_EQ(buffer.Begin(), nullptr);
  buffer.Reserve(buffer.Begin(), 10)[0] = 'b';
  EXPECT_EQ(buffer.Begin()[0], 'b');
}

}  // namespace
}  // namespace sse_bridge

#include "bridge/http2/http2_output.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sse_bridge {
namespace {

// Accepts a number of bytes, and then no more.
class NarrowSocket : public DescriptorSocket {
 public:
  explicit NarrowSocket(size_t space)
      : DescriptorSocket(-1, {.unbuffered = true}), space_(space) {}
  ssize_t Send(const iovec* parts, int count) override {
    ++calls;
    if (failed) return kFailed;
    if (space_ == 0) return kWouldBlock;
    const size_t before = got.size();
    for (int i = 0; i < count; ++i) {
      const size_t n = std::min(space_, parts[i].iov_len);
      got.append(static_cast<const char*>(parts[i].iov_base), n);
      space_ -= n;
    }
    return static_cast<ssize_t>(got.size() - before);
  }
  void GiveSpace(size_t bytes) { space_ += bytes; }

  std::string got;
  int calls = 0;
  bool failed = false;

 private:
  size_t space_;
};

TEST(Http2Output, ManyPartsAreOneWrite) {
  NarrowSocket socket(1000);
  Http2Output output;
  const std::string payload = "payload";
  for (int i = 0; i < 10; ++i) {
    output.AppendOwn("head");
    output.AppendShared(payload);
  }
  uint64_t writes = 0, bytes = 0;
  EXPECT_EQ(output.Flush(&socket, &writes, &bytes), 0);
  EXPECT_EQ(writes, 1u);
  EXPECT_EQ(bytes, 110u);
  EXPECT_EQ(socket.got.substr(0, 22), "headpayloadheadpayload");
  EXPECT_TRUE(output.empty());
}

// Wherever the socket stops, the rest follows, also after the shared bytes have
// changed.
TEST(Http2Output, KeepsWhatTheSocketDoesNotAccept) {
  for (size_t space = 0; space <= 44; ++space) {
    NarrowSocket socket(space);
    Http2Output output;
    std::string one = "first payload", two = "second payload";
    output.AppendOwn("11111");
    output.AppendShared(one);
    output.AppendOwn("22222");
    output.AppendShared(two);
    output.AppendOwn("33333");
    uint64_t writes = 0, bytes = 0;
    const ssize_t result = output.Flush(&socket, &writes, &bytes);
    EXPECT_EQ(result, space < 42 ? Socket::kWouldBlock : 0) << space;
    EXPECT_EQ(output.blocked(), space < 42);
    one = two = "overwritten!!!";
    socket.GiveSpace(100);
    EXPECT_EQ(output.Flush(&socket, &writes, &bytes), 0);
    EXPECT_EQ(socket.got, "11111first payload22222second payload33333")
        << space;
    EXPECT_EQ(bytes, 42u);
    EXPECT_FALSE(output.blocked());
  }
}

TEST(Http2Output, MorePartsThanOneCallTakes) {
  NarrowSocket socket(100'000);
  Http2Output output;
  std::string expected;
  const std::string payload = "x";
  for (int i = 0; i < 500; ++i) {
    output.AppendOwn(std::to_string(i));
    output.AppendShared(payload);
    expected += std::to_string(i) + "x";
  }
  uint64_t writes = 0, bytes = 0;
  EXPECT_EQ(output.Flush(&socket, &writes, &bytes), 0);
  EXPECT_EQ(socket.got, expected);
}

TEST(Http2Output, IsFullAtItsBound) {
  Http2Output output;
  const std::string most(Http2Output::kMaxBatchBytes - 1, 'x');
  output.AppendShared(most);
  EXPECT_FALSE(output.full());
  output.AppendOwn("y");
  EXPECT_TRUE(output.full());
  NarrowSocket socket(0);
  uint64_t writes = 0, bytes = 0;
  EXPECT_EQ(output.Flush(&socket, &writes, &bytes), Socket::kWouldBlock);
  EXPECT_EQ(output.unsent_bytes(), Http2Output::kMaxBatchBytes);
}

TEST(Http2Output, ReportsAFailure) {
  Http2Output output;
  output.AppendOwn("x");
  NarrowSocket socket(10);
  socket.failed = true;
  uint64_t writes = 0, bytes = 0;
  EXPECT_EQ(output.Flush(&socket, &writes, &bytes), Socket::kFailed);
}

}  // namespace
}  // namespace sse_bridge

#include "bridge/delivery/frame.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(FrameTest, ChunkHasHexadecimalLengthAndTheSamePayload) {
  for (const size_t size : {1, 9, 10, 15, 16, 255, 256, 4095, 4096, 70'000}) {
    const std::string payload(size, 'p');
    const FramePtr frame = Frame::Create(payload);
    EXPECT_EQ(frame->payload(), payload);
    EXPECT_EQ(frame->chunked(), absl::StrFormat("%x\r\n%s\r\n", size, payload));
    EXPECT_EQ(frame->size(), size);
    EXPECT_EQ(frame->chunked().substr(frame->prefix_size(), size), payload);
  }
}

TEST(FrameTest, EmptyPayloadIsNotTheLastChunk) {
  const FramePtr frame = Frame::Create("");
  EXPECT_EQ(frame->payload(), "");
  EXPECT_EQ(frame->chunked(), "");
}

TEST(FrameTest, KeepsItsInfo) {
  const FramePtr frame = Frame::Create("x", {.key = 7, .is_event = false});
  EXPECT_EQ(frame->info().key, 7u);
  EXPECT_FALSE(frame->info().is_event);
}

TEST(FrameTest, EventRefersToTheFramesBytes) {
  const FramePtr frame =
      Frame::Create("event: e\nid: 42\ndata: {}\n\n",
                    {.spans = {.name = {7, 1}, .id = {13, 2}, .data = {22, 2}},
                     .key = 7,
                     .kind = EventKind::kStatus,
                     .code = absl::StatusCode::kAborted,
                     .born_ns = 9});
  const StreamEvent event = frame->event();
  EXPECT_EQ(event.kind, EventKind::kStatus);
  EXPECT_EQ(event.name, "e");
  EXPECT_EQ(event.id, "42");
  EXPECT_EQ(event.data, "{}");
  EXPECT_EQ(event.comment, "");
  EXPECT_EQ(event.code, absl::StatusCode::kAborted);
  EXPECT_EQ(event.key, 7u);
  EXPECT_EQ(event.born_ns, 9);
  EXPECT_EQ(event.id.data(), frame->payload().data() + 13);
}

TEST(FrameTest, EventWithoutSpansHasNoTexts) {
  const StreamEvent event = Frame::Create("data: 1\n\n")->event();
  EXPECT_EQ(event.kind, EventKind::kMessage);
  EXPECT_EQ(event.name, "");
  EXPECT_EQ(event.id, "");
  EXPECT_EQ(event.data, "");
}

TEST(FrameTest, PointersShareOneFrame) {
  FramePtr a = Frame::Create("x");
  FramePtr b = a;
  EXPECT_EQ(a, b);
  const FramePtr c = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move)
  b.reset();
  EXPECT_EQ(b, nullptr);
  EXPECT_EQ(c->payload(), "x");
}

TEST(FrameTest, LastPointerOfSeveralThreadsFreesIt) {
  FramePtr frame = Frame::Create("shared");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([frame] {
      for (int j = 0; j < 1000; ++j) {
        const FramePtr copy = frame;
        ASSERT_EQ(copy->payload(), "shared");
      }
    });
  }
  frame.reset();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sse_bridge

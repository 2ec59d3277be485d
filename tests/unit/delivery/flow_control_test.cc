// Topics that report to their feed which bytes were sent.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

using FlowControlTest = DeliveryFixture;

const MembershipOptions kUnbounded = {.policy = SlowPolicy::kUnbounded};

TEST_F(FlowControlTest, SentBytesAreReported) {
  StartDelivery();
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream s;
  s.spec.chunked = true;  // chunk framing does not count
  topic->Attach(s.Open(delivery_.get()), kUnbounded, {Event("first")});
  for (int i = 0; i < 100; ++i) topic->Publish(Event("x"));
  EXPECT_TRUE(observer_->sent.WaitFor(13 + 100 * 9));
  Sync();
  EXPECT_EQ(observer_->sent.value(), 13 + 100 * 9);
}

TEST_F(FlowControlTest, QueuedBytesAreNotReported) {
  StartDelivery();
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream s;
  s.UseValve();
  topic->Attach(s.Open(delivery_.get()), kUnbounded, {});
  topic->Publish(Event("a"));
  topic->Publish(Event("b"));
  Sync();
  EXPECT_EQ(observer_->sent.value(), 0);
  s.Allow(9 + 8);
  Sync();
  EXPECT_EQ(observer_->sent.value(), 9);
  s.Allow(1);
  Sync();
  EXPECT_EQ(observer_->sent.value(), 18);
}

TEST_F(FlowControlTest, BytesDroppedWithTheConnectionAreReported) {
  StartDelivery();
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream s;
  s.UseValve();
  topic->Attach(s.Open(delivery_.get()), kUnbounded, {});
  topic->Publish(Event("a"));
  topic->Publish(Event("b"));
  Sync();
  s.CloseClient();
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  EXPECT_EQ(observer_->sent.value(), 18);
}

TEST_F(FlowControlTest, FirstFramesForAnEndedConnectionAreReported) {
  StartDelivery();
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream s;
  s.Open(delivery_.get());
  s.CloseClient();
  s.closed->Wait();
  topic->Attach(s.ref, kUnbounded, {Event("a")});
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  EXPECT_EQ(observer_->sent.value(), 9);
}

// A connection that ends with queued frames reports them when its membership
// ends, although they may still be sent.
TEST_F(FlowControlTest, EachByteIsReportedOnceWhenTheConnectionEnds) {
  StartDelivery();
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream s;
  s.UseValve();
  topic->Attach(s.Open(delivery_.get()), kUnbounded, {});
  topic->Publish(Event("a"));
  delivery_->Close(s.ref, CloseReason::kEnded, Event("end"));
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  EXPECT_EQ(observer_->sent.value(), 9);
  s.Allow(1000);
  EXPECT_EQ(s.closed->Wait().events, 2u);
  Sync();
  EXPECT_EQ(observer_->sent.value(), 9);
}

TEST_F(FlowControlTest, PartialWritesAddUpToThePublishedBytes) {
  StartDelivery({.send_buffer_bytes = 4096});
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream s;
  s.spec.chunked = true;
  topic->Attach(s.Open(delivery_.get()), kUnbounded, {});
  int64_t published = 0;
  for (int i = 0; i < 1000; ++i) {
    const FramePtr frame = Event(std::string(i % 777, 'x'));
    published += frame->size();
    topic->Publish(frame);
  }
  topic->End(nullptr, /*error=*/false);
  s.ReadToEnd();
  EXPECT_TRUE(observer_->sent.WaitFor(published));
  s.CloseClient();
  ASSERT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
  EXPECT_EQ(observer_->sent.value(), published);
}

}  // namespace
}  // namespace sse_bridge

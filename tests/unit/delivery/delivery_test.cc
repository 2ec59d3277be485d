#include "bridge/delivery/delivery.h"

#include <sys/socket.h>

#include <set>

#include "absl/strings/strip.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

using DeliveryTest = DeliveryFixture;

TEST_F(DeliveryTest, ConnectionsAreSpreadOverTheLoops) {
  StartDelivery({.threads = 3});
  EXPECT_EQ(delivery_->threads(), 3);
  TestStream streams[6];
  for (TestStream& s : streams) {
    s.Open(delivery_.get());
    delivery_->Send(s.ref, Event("a"));
  }
  for (TestStream& s : streams) EXPECT_TRUE(s.ReadUntil("data: a\n\n"));
  EXPECT_EQ(delivery_->Stats().open, 6u);
  EXPECT_EQ(delivery_->Stats().opened, 6u);
  delivery_->Stop();  // the client may read an event before it is counted
  EXPECT_EQ(delivery_->Stats().events, 6u);
  EXPECT_EQ(delivery_->Stats().bytes, 6u * 9);
}

TEST_F(DeliveryTest, DrainWithoutWindowEndsAllWithTheLastFrame) {
  StartDelivery({.threads = 2});
  TestStream streams[8];
  for (TestStream& s : streams) s.Open(delivery_.get());
  delivery_->CloseAll(absl::ZeroDuration(), Event("bye"));
  for (TestStream& s : streams) {
    EXPECT_EQ(s.ReadToEnd(), "data: bye\n\n");
    EXPECT_EQ(s.closed->Wait().reason, CloseReason::kDrain);
    s.CloseClient();
  }
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
}

TEST_F(DeliveryTest, DrainIsSpreadOverItsWindow) {
  StartDelivery();
  TestStream streams[100];
  for (TestStream& s : streams) s.Open(delivery_.get());
  Sync();
  delivery_->CloseAll(absl::Seconds(10), nullptr);
  Sync();
  const auto ended = [&] {
    int64_t n = 0;
    for (TestStream& s : streams) n += s.closed->times.value();
    return n;
  };
  Advance(absl::Seconds(5));
  EXPECT_GE(ended(), 45);
  EXPECT_LE(ended(), 55);
  EXPECT_FALSE(delivery_->WaitUntilEmpty(absl::Now()));
  Advance(absl::Seconds(5));
  EXPECT_EQ(ended(), 100);
}

// So that clients whose streams end together do not reconnect together.
TEST_F(DeliveryTest, EachClientGetsADifferentRetryAtTheEnd) {
  const auto retry_of = [](const std::string& text) {
    int64_t retry = -1;
    EXPECT_EQ(text.rfind("data: bye\n\nretry: ", 0), 0u) << text;
    EXPECT_TRUE(absl::SimpleAtoi(
        absl::StripSuffix(absl::StripPrefix(text, "data: bye\n\nretry: "),
                          "\n\n"),
        &retry));
    return retry;
  };
  StartDelivery();
  std::set<int64_t> drained, failed;
  TestStream streams[40], others[40];
  auto topic = NewTopic();
  for (TestStream& s : others) {
    s.spec.retry = absl::Seconds(10);
    topic->Attach(s.Open(delivery_.get()), {}, {});
  }
  topic->End(Event("bye"), /*error=*/true);
  for (TestStream& s : others) failed.insert(retry_of(s.ReadToEnd()));
  for (TestStream& s : streams) {
    s.spec.retry = absl::Seconds(10);
    s.Open(delivery_.get());
  }
  delivery_->CloseAll(absl::ZeroDuration(), Event("bye"));
  for (TestStream& s : streams) drained.insert(retry_of(s.ReadToEnd()));
  EXPECT_GT(drained.size(), 30u);
  EXPECT_GE(*drained.begin(), 5'000);
  EXPECT_LE(*drained.rbegin(), 15'000);
  EXPECT_GT(failed.size(), 30u);
  EXPECT_GE(*failed.begin(), 10'000);
  EXPECT_LE(*failed.rbegin(), 50'000);
}

// No client reconnects before the delay that the backend requested.
TEST_F(DeliveryTest, LastFrameMaySetTheMinimumRetry) {
  StartDelivery();
  auto topic = NewTopic();
  TestStream streams[20], silent;
  for (TestStream& s : streams) {
    s.spec.retry = absl::Seconds(1);
    topic->Attach(s.Open(delivery_.get()), {}, {});
  }
  // A stream without `retry` gets none.
  topic->Attach(silent.Open(delivery_.get()), {}, {});
  topic->End(Frame::Create("data: bye\n\n", {.retry_ms = 60'000}),
             /*error=*/true);
  for (TestStream& s : streams) {
    const std::string text = s.ReadToEnd();
    int64_t retry = -1;
    EXPECT_TRUE(absl::SimpleAtoi(
        absl::StripSuffix(absl::StripPrefix(text, "data: bye\n\nretry: "),
                          "\n\n"),
        &retry))
        << text;
    EXPECT_GE(retry, 60'000);
    EXPECT_LE(retry, 90'000);
  }
  EXPECT_EQ(silent.ReadToEnd(), "data: bye\n\n");
}

TEST_F(DeliveryTest, NormalEndSendsNoRetry) {
  StartDelivery();
  TestStream s;
  s.spec.retry = absl::Seconds(10);
  auto topic = NewTopic();
  topic->Attach(s.Open(delivery_.get()), {}, {});
  topic->End(Event("bye"), /*error=*/false);
  EXPECT_EQ(s.ReadToEnd(), "data: bye\n\n");
}

TEST_F(DeliveryTest, StreamOpenedDuringTheDrainEndsAtOnce) {
  StartDelivery();
  delivery_->CloseAll(absl::Seconds(10), Event("bye"));
  TestStream s;
  s.spec.head = "head ";
  s.Open(delivery_.get());
  EXPECT_EQ(s.ReadToEnd(), "head data: bye\n\n");
}

TEST_F(DeliveryTest, StopClosesEveryConnectionOnce) {
  StartDelivery({.threads = 2});
  TestStream streams[4];
  for (TestStream& s : streams) s.Open(delivery_.get());
  delivery_->Stop();
  for (TestStream& s : streams) {
    EXPECT_EQ(s.closed->Wait().reason, CloseReason::kDrain);
    EXPECT_EQ(s.closed->times.value(), 1);
    EXPECT_EQ(s.ReadToEnd(), "");
  }
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now()));
}

TEST_F(DeliveryTest, OpenAfterStopClosesTheSocket) {
  StartDelivery();
  delivery_->Stop();
  TestStream s;
  s.Open(delivery_.get());
  EXPECT_EQ(s.closed->times.value(), 1);
  EXPECT_EQ(s.ReadToEnd(), "");
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now()));
}

TEST_F(DeliveryTest, NeverStartedReleasesItsStreams) {
  TestStream s;
  {
    Delivery delivery({.threads = 1});
    s.Open(&delivery);
  }
  EXPECT_EQ(s.closed->times.value(), 1);
  EXPECT_EQ(s.ReadToEnd(), "");
}

TEST_F(DeliveryTest, TimersFollowTheClockAndCanBeCancelled) {
  StartDelivery();
  Counter ran;
  delivery_->RunAfter(absl::Seconds(5), [&] { ran.Add(1); });
  const Delivery::TimerId other =
      delivery_->RunAfter(absl::Seconds(5), [&] { ran.Add(100); });
  Advance(absl::Milliseconds(4999));
  EXPECT_EQ(ran.value(), 0);
  EXPECT_TRUE(delivery_->Cancel(other));
  Advance(absl::Milliseconds(1));
  EXPECT_EQ(ran.value(), 1);
  EXPECT_FALSE(delivery_->Cancel(other));
}

TEST_F(DeliveryTest, RealClockWakesForTimers) {
  Delivery delivery({.threads = 1});
  ASSERT_TRUE(delivery.Start().ok());
  Counter ran;
  delivery.RunAfter(absl::Hours(1), [] {});
  delivery.RunAfter(absl::Milliseconds(5), [&] { ran.Add(1); });
  EXPECT_TRUE(ran.WaitFor(1));
}

TEST_F(DeliveryTest, QueuedFramesAreSentInOneWrite) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  Sync();
  // Blocks the loop while the frames are posted.
  Counter held, go;
  delivery_->RunAfter(absl::ZeroDuration(), [&] {
    held.Add(1);
    go.WaitFor(1);
  });
  ASSERT_TRUE(held.WaitFor(1));
  const uint64_t before = delivery_->Stats().writes;
  for (int i = 0; i < 50; ++i) delivery_->Send(s.ref, Event("a"));
  go.Add(1);
  Sync();
  EXPECT_EQ(delivery_->Stats().writes, before + 1);
  EXPECT_EQ(delivery_->Stats().events, 50u);
}

TEST_F(DeliveryTest, FlushWindowLimitsTheFlushRate) {
  StartDelivery({.flush_window = absl::Milliseconds(2)});
  TestStream s;
  s.Open(delivery_.get());
  Sync();
  Advance(absl::Milliseconds(2));
  delivery_->Send(s.ref, Event("a"));  // after idle time: sent at once
  ASSERT_TRUE(s.ReadUntil("a\n\n"));
  const uint64_t before = delivery_->Stats().writes;
  for (int i = 0; i < 10; ++i) {
    delivery_->Send(s.ref, Event("b"));
    Sync();
  }
  EXPECT_EQ(delivery_->Stats().writes, before);
  Advance(absl::Milliseconds(2));
  delivery_->Send(s.ref, Event("c"));
  ASSERT_TRUE(s.ReadUntil("b\n\n"));
  EXPECT_EQ(delivery_->Stats().writes, before + 1);
}

TEST_F(DeliveryTest, BacklogIsWhatTheLoopsHaveNotProcessed) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  const auto topic = NewTopic();
  topic->Attach(s.ref, {}, {});
  Sync();
  Counter held, go;
  delivery_->RunAfter(absl::ZeroDuration(), [&] {
    held.Add(1);
    go.WaitFor(1);
  });
  ASSERT_TRUE(held.WaitFor(1));
  topic->Publish(Event("a"));
  topic->Publish(Event("a"));
  EXPECT_EQ(delivery_->BacklogBytes(), 2u * 9);
  go.Add(1);
  Sync();
  EXPECT_EQ(delivery_->BacklogBytes(), 0u);
}

}  // namespace
}  // namespace sse_bridge

#include "bridge/delivery/connection.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

using ConnectionTest = DeliveryFixture;

TEST_F(ConnectionTest, HeadIsSentFirstAndUnchanged) {
  StartDelivery();
  TestStream s;
  s.spec.head = "HTTP/1.1 200 OK\r\n\r\n";
  s.spec.chunked = true;
  s.Open(delivery_.get());
  delivery_->Send(s.ref, Event("a"));
  ASSERT_TRUE(s.ReadUntil("data: a\n\n\r\n"));
  EXPECT_EQ(s.received, "HTTP/1.1 200 OK\r\n\r\n9\r\ndata: a\n\n\r\n");
}

TEST_F(ConnectionTest, StreamWithoutASocketEndsWithAnError) {
  StartDelivery();
  TestStream s;
  s.spec.socket = nullptr;
  s.Open(delivery_.get());
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kError);
}

TEST_F(ConnectionTest, ChunkedStreamEndsWithTheLastChunk) {
  StartDelivery();
  TestStream s;
  s.spec.chunked = true;
  s.Open(delivery_.get());
  delivery_->Send(s.ref, Event("a"));
  delivery_->Close(s.ref, CloseReason::kEnded, Event("bye"));
  bool complete = false;
  EXPECT_EQ(Unchunk(s.ReadToEnd(), &complete), "data: a\n\ndata: bye\n\n");
  EXPECT_TRUE(complete);
  const CloseInfo info = s.closed->Wait();
  EXPECT_EQ(info.reason, CloseReason::kEnded);
  EXPECT_EQ(info.events, 2u);
  EXPECT_EQ(info.bytes, s.received.size());
}

TEST_F(ConnectionTest, CloseDelimitedStreamEndsWithoutChunk) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  delivery_->Close(s.ref, CloseReason::kEnded, Event("bye"));
  EXPECT_EQ(s.ReadToEnd(), "data: bye\n\n");
}

TEST_F(ConnectionTest, EndedConnectionLingersUntilTheClientCloses) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  delivery_->Close(s.ref, CloseReason::kEnded, nullptr);
  EXPECT_EQ(s.ReadToEnd(), "");
  s.closed->Wait();
  Sync();
  EXPECT_EQ(delivery_->Stats().open, 1u);
  s.CloseClient();
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
  EXPECT_EQ(s.closed->times.value(), 1);
}

TEST_F(ConnectionTest, LingerIsBounded) {
  StartDelivery({.linger = absl::Seconds(2)});
  TestStream s;
  s.Open(delivery_.get());
  delivery_->Close(s.ref, CloseReason::kEnded, nullptr);
  s.closed->Wait();
  Advance(absl::Milliseconds(1900));
  EXPECT_EQ(delivery_->Stats().open, 1u);
  Advance(absl::Milliseconds(300));
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
}

TEST_F(ConnectionTest, EndGivesUpOnAClientThatDoesNotRead) {
  StartDelivery({.end_timeout = absl::Seconds(10)});
  TestStream s;
  s.UseValve();
  s.Open(delivery_.get());
  delivery_->Send(s.ref, Event("a"));
  delivery_->Close(s.ref, CloseReason::kEnded, nullptr);
  Sync();
  Advance(absl::Milliseconds(9900));
  EXPECT_EQ(s.closed->times.value(), 0);
  Advance(absl::Milliseconds(300));
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kEnded);
}

TEST_F(ConnectionTest, ClientThatClosesIsGone) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  s.CloseClient();
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kClientGone);
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
}

TEST_F(ConnectionTest, HalfClosedClientIsGone) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  ASSERT_EQ(::shutdown(s.client, SHUT_WR), 0);
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kClientGone);
}

TEST_F(ConnectionTest, ClientThatClosedBeforeOpenIsGone) {
  StartDelivery();
  TestStream s;
  s.CloseClient();
  s.Open(delivery_.get());
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kClientGone);
}

TEST_F(ConnectionTest, InputIsDiscardedAndEventsStillFlow) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  const std::string flood(64 << 10, 'x');
  size_t written = 0;
  while (written < (size_t{4} << 20)) {
    const ssize_t n = ::write(s.client, flood.data(), flood.size());
    if (n > 0) {
      written += n;
    } else {
      pollfd p{s.client, POLLOUT, 0};
      ASSERT_EQ(::poll(&p, 1, 10'000), 1);
    }
  }
  delivery_->Send(s.ref, Event("a"));
  EXPECT_TRUE(s.ReadUntil("data: a\n\n"));
}

TEST_F(ConnectionTest, RefOfAnEndedConnectionRefersToNoOther) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  s.CloseClient();
  ASSERT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
  TestStream next;  // takes the same slot
  next.Open(delivery_.get());
  EXPECT_FALSE(s.ref == next.ref);
  delivery_->Send(s.ref, Event("lost"));
  delivery_->Close(s.ref, CloseReason::kEnded, nullptr);
  delivery_->Send(next.ref, Event("found"));
  ASSERT_TRUE(next.ReadUntil("found\n\n"));
  EXPECT_EQ(next.received, "data: found\n\n");
}

TEST_F(ConnectionTest, KeepAliveIsNeverLateAndAtMostAQuarterEarly) {
  StartDelivery();
  TestStream s;
  s.spec.keep_alive = absl::Seconds(20);
  s.Open(delivery_.get());
  Sync();
  Advance(absl::Milliseconds(14'800));
  EXPECT_EQ(delivery_->Stats().keep_alives, 0u);
  Advance(absl::Milliseconds(5'200));
  EXPECT_EQ(delivery_->Stats().keep_alives, 1u);
  ASSERT_TRUE(s.ReadUntil(": ping\n\n"));
  // It repeats.
  for (int i = 0; i < 200; ++i) Advance(absl::Milliseconds(500));
  EXPECT_GE(delivery_->Stats().keep_alives, 1u + 5);
  EXPECT_LE(delivery_->Stats().keep_alives, 1u + 7);
}

TEST_F(ConnectionTest, KeepAliveWaitsForSilence) {
  StartDelivery();
  TestStream s;
  s.spec.keep_alive = absl::Seconds(20);
  s.Open(delivery_.get());
  for (int i = 0; i < 10; ++i) {
    Advance(absl::Seconds(10));
    delivery_->Send(s.ref, Event("a"));
    Sync();
  }
  EXPECT_EQ(delivery_->Stats().keep_alives, 0u);
}

TEST_F(ConnectionTest, KeepAlivesOfManyDoNotFireAtOnce) {
  StartDelivery();
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 200; ++i) {
    streams.push_back(std::make_unique<TestStream>());
    streams.back()->spec.keep_alive = absl::Seconds(20);
    streams.back()->Open(delivery_.get());
  }
  Sync();
  Advance(absl::Milliseconds(17'500));
  const uint64_t half = delivery_->Stats().keep_alives;
  EXPECT_GT(half, 40u);
  EXPECT_LT(half, 160u);
  Advance(absl::Milliseconds(2'500));
  EXPECT_EQ(delivery_->Stats().keep_alives, 200u);
}

TEST_F(ConnectionTest, EndsWhenItExpiresAndNotBefore) {
  StartDelivery();
  TestStream s;
  s.spec.expires = clock_.WallTime() + absl::Seconds(60);
  s.spec.expiry_frame = Event("expired");
  s.Open(delivery_.get());
  Sync();
  Advance(absl::Milliseconds(59'999));
  EXPECT_EQ(s.closed->times.value(), 0);
  Advance(absl::Milliseconds(101));
  EXPECT_EQ(s.ReadToEnd(), "data: expired\n\n");
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kExpired);
}

TEST_F(ConnectionTest, ExpiredBeforeItOpenedEndsAtOnce) {
  StartDelivery();
  TestStream s;
  s.spec.expires = clock_.WallTime() - absl::Seconds(1);
  s.spec.expiry_frame = Event("expired");
  s.Open(delivery_.get());
  Sync();
  Advance(absl::Milliseconds(100));
  EXPECT_EQ(s.ReadToEnd(), "data: expired\n\n");
}

TEST_F(ConnectionTest, MaxAgeIsJitteredByATenth) {
  StartDelivery();
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 50; ++i) {
    streams.push_back(std::make_unique<TestStream>());
    streams.back()->spec.max_age = absl::Seconds(100);
    streams.back()->spec.max_age_frame = Event("old");
    streams.back()->Open(delivery_.get());
  }
  Sync();
  Advance(absl::Milliseconds(89'900));
  for (const auto& s : streams) EXPECT_EQ(s->closed->times.value(), 0);
  Advance(absl::Milliseconds(10'100));
  int ended = 0;
  for (const auto& s : streams) ended += s->closed->times.value();
  EXPECT_GT(ended, 5);
  EXPECT_LT(ended, 45);
  Advance(absl::Milliseconds(10'100));
  for (const auto& s : streams) {
    EXPECT_EQ(s->closed->Wait().reason, CloseReason::kMaxAge);
    EXPECT_EQ(s->ReadToEnd(), "data: old\n\n");
  }
}

TEST_F(ConnectionTest, PartlySentFrameIsFinishedBeforeTheEnd) {
  StartDelivery();
  TestStream s;
  s.UseValve();
  s.spec.max_age = absl::Seconds(10);
  s.Open(delivery_.get());
  s.Allow(4);
  Sync();
  delivery_->Send(s.ref, Event("whole"));
  Sync();
  ASSERT_EQ(s.valve->bytes(), "data");
  Advance(absl::Seconds(12));
  s.Allow(1000);
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kMaxAge);
  EXPECT_EQ(s.valve->bytes(), "data: whole\n\n");
}

TEST_F(ConnectionTest, EmptyFrameIsNotSent) {
  StartDelivery();
  TestStream s;
  s.spec.chunked = true;
  s.Open(delivery_.get());
  delivery_->Send(s.ref, Frame::Create(""));
  delivery_->Close(s.ref, CloseReason::kEnded, Frame::Create(""));
  EXPECT_EQ(s.ReadToEnd(), "0\r\n\r\n");
}

TEST_F(ConnectionTest, MoreFramesThanFitInOneWriteArriveInOrder) {
  StartDelivery();
  TestStream s;
  s.UseValve();
  s.Open(delivery_.get());
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    delivery_->Send(s.ref, Event(absl::StrCat(i)));
    expected += absl::StrCat("data: ", i, "\n\n");
  }
  Sync();
  for (size_t i = 0; i < expected.size(); i += 7) {
    s.Allow(7);
    Sync();
    ASSERT_EQ(s.valve->bytes(), expected.substr(0, i + 7));
  }
}

}  // namespace
}  // namespace sse_bridge

// What happens at a connection's byte limit.

#include <netinet/in.h>
#include <sys/socket.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

// The size of an event with one digit: "data: n\n\n".
constexpr size_t kEventBytes = 9;
constexpr size_t kLimit = 5 * kEventBytes;

class SlowConsumerTest : public DeliveryFixture {
 protected:
  void Start(SlowPolicy policy, size_t limit = kLimit) {
    StartDelivery({.queue_limit_bytes = limit});
    topic_ = NewTopic();
    s_.UseValve();
    s_.spec.slow_frame = Event("slow");
    topic_->Attach(s_.Open(delivery_.get()), {.policy = policy}, {});
    Sync();
  }
  void Publish(absl::string_view data, uint64_t key = 0) {
    topic_->Publish(Event(data, key));
    Sync();
  }
  std::string AllowAll() {
    s_.Allow(1 << 20);
    Sync();
    return s_.valve->bytes();
  }

  TestStream s_;
  std::shared_ptr<Topic> topic_;
};

TEST_F(SlowConsumerTest, DisconnectAcceptsTheLastEventThatFits) {
  Start(SlowPolicy::kDisconnect);
  for (int i = 0; i < 5; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(delivery_->Stats().queue_bytes, kLimit);
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 0u);
  EXPECT_EQ(AllowAll(),
            "data: 0\n\ndata: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n");
  Publish("5");
  EXPECT_EQ(delivery_->Stats().events, 6u);
}

TEST_F(SlowConsumerTest, DisconnectEndsAtTheFirstEventThatDoesNotFit) {
  Start(SlowPolicy::kDisconnect);
  for (int i = 0; i < 6; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 1u);
  EXPECT_EQ(delivery_->Stats().dropped, 5u);
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  EXPECT_EQ(AllowAll(), "data: slow\n\n");
  EXPECT_EQ(s_.closed->Wait().reason, CloseReason::kSlow);
  EXPECT_EQ(delivery_->Stats().queue_bytes, 0u);
}

TEST_F(SlowConsumerTest, DisconnectFinishesThePartlySentFrame) {
  Start(SlowPolicy::kDisconnect);
  s_.Allow(3);
  for (int i = 0; i < 6; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(AllowAll(), "data: 0\n\ndata: slow\n\n");
}

TEST_F(SlowConsumerTest, DropOldestKeepsTheNewestThatFit) {
  Start(SlowPolicy::kDropOldest);
  for (int i = 0; i < 8; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(delivery_->Stats().dropped, 3u);
  EXPECT_EQ(delivery_->Stats().queue_bytes, kLimit);
  EXPECT_EQ(AllowAll(),
            "data: 3\n\ndata: 4\n\ndata: 5\n\ndata: 6\n\ndata: 7\n\n");
  EXPECT_EQ(s_.closed->times.value(), 0);
}

TEST_F(SlowConsumerTest, DropOldestNeverDropsAPartlySentFrame) {
  Start(SlowPolicy::kDropOldest);
  s_.Allow(3);
  for (int i = 0; i < 8; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(AllowAll(),
            "data: 0\n\ndata: 4\n\ndata: 5\n\ndata: 6\n\ndata: 7\n\n");
}

TEST_F(SlowConsumerTest, ConflateKeepsTheNewestOfEachKey) {
  Start(SlowPolicy::kConflate);
  // The first event finds the socket full. From then on only the newest is
  // kept.
  for (int round = 0; round < 100; ++round) {
    for (int key = 0; key < 3; ++key) {
      Publish(absl::StrCat((round + key) % 10), key);
    }
  }
  EXPECT_EQ(delivery_->Stats().queue_bytes, 3 * kEventBytes);
  EXPECT_EQ(delivery_->Stats().dropped, 0u);
  EXPECT_EQ(delivery_->Stats().conflated, 3u * 99);
  EXPECT_EQ(AllowAll(), "data: 9\n\ndata: 0\n\ndata: 1\n\n");
}

TEST_F(SlowConsumerTest, ConflateBeyondTheLimitDropsTheOldestKey) {
  Start(SlowPolicy::kConflate);
  for (int key = 0; key < 7; ++key) Publish(absl::StrCat(key), key);
  EXPECT_EQ(delivery_->Stats().dropped, 2u);
  EXPECT_EQ(AllowAll(),
            "data: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\ndata: 6\n\n");
}

TEST_F(SlowConsumerTest, ConflateNeverSupersedesAPartlySentFrame) {
  Start(SlowPolicy::kConflate);
  s_.Allow(3);
  for (int i = 0; i < 9; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(AllowAll(), "data: 0\n\ndata: 8\n\n");
}

TEST_F(SlowConsumerTest, ConflateAcceptsTheNewestValueBehindAHugeFrame) {
  Start(SlowPolicy::kConflate);
  s_.Allow(3);
  const std::string huge(1000, 'h');
  Publish(huge, 1);
  Publish("1", 2);
  Publish("2", 2);
  EXPECT_EQ(AllowAll(), absl::StrCat("data: ", huge, "\n\ndata: 2\n\n"));
}

TEST_F(SlowConsumerTest, ConflateDoesNotAffectAClientThatKeepsUp) {
  Start(SlowPolicy::kConflate);
  s_.Allow(1 << 20);
  Sync();
  std::string expected;
  for (int i = 0; i < 10; ++i) {
    topic_->Publish(Event(absl::StrCat(i)));
    expected += absl::StrCat("data: ", i, "\n\n");
  }
  Sync();
  EXPECT_EQ(s_.valve->bytes(), expected);
  EXPECT_EQ(delivery_->Stats().conflated, 0u);
}

TEST_F(SlowConsumerTest, OneFrameLargerThanTheLimitIsAccepted) {
  StartDelivery({.queue_limit_bytes = kLimit});
  const std::string huge(1000, 'h');
  for (const SlowPolicy policy :
       {SlowPolicy::kDisconnect, SlowPolicy::kDropOldest}) {
    const auto topic = NewTopic();
    TestStream s;
    topic->Attach(s.Open(delivery_.get()), {.policy = policy}, {});
    topic->Publish(Event(huge));
    EXPECT_TRUE(s.ReadUntil(absl::StrCat("data: ", huge, "\n\n")));
  }
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 0u);
  EXPECT_EQ(delivery_->Stats().dropped, 0u);
}

TEST_F(SlowConsumerTest, BatchLargerThanTheLimitIsFineIfTheSocketAcceptsIt) {
  StartDelivery({.queue_limit_bytes = kLimit});
  topic_ = NewTopic();
  TestStream s;
  s.UseValve();
  s.valve->Allow(1 << 20);
  topic_->Attach(s.Open(delivery_.get()), {}, {});
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    topic_->Publish(Event("x"));
    expected += "data: x\n\n";
  }
  Sync();
  EXPECT_EQ(s.valve->bytes(), expected);
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 0u);
}

TEST_F(SlowConsumerTest, FirstFramesDoNotCountAgainstTheLimit) {
  StartDelivery({.queue_limit_bytes = kLimit});
  topic_ = NewTopic();
  s_.UseValve();
  std::vector<FramePtr> first;
  for (int i = 0; i < 20; ++i) first.push_back(Event("f"));
  topic_->Attach(s_.Open(delivery_.get()), {}, std::move(first));
  for (int i = 0; i < 5; ++i) Publish("l");
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 0u);
  Publish("l");
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 1u);
}

// Numbers the frames that it creates, and counts their bytes.
class NumberingRewriter : public FrameRewriter {
 public:
  explicit NumberingRewriter(Counter* bytes) : bytes_(bytes) {}
  FramePtr Rewrite(const Frame& frame, int) override {
    if (frame.payload() == "data: x\n\n") return nullptr;
    FramePtr made = Frame::Create(
        absl::StrCat(": ", number_++, "\n", frame.payload()), frame.info());
    bytes_->Add(static_cast<int64_t>(made->size()));
    return made;
  }

 private:
  Counter* const bytes_;
  int number_ = 0;
};

class RewrittenConsumerTest : public SlowConsumerTest {
 protected:
  void Start(SlowPolicy policy, std::vector<FramePtr> first, size_t limit) {
    StartDelivery({.queue_limit_bytes = limit});
    topic_ = NewTopic();
    s_.UseValve();
    s_.spec.rewriter = std::make_unique<NumberingRewriter>(&bytes_);
    topic_->Attach(s_.Open(delivery_.get()), {.policy = policy},
                   std::move(first));
    Sync();
  }

  Counter bytes_;
};

class RewrittenSnapshotTest : public RewrittenConsumerTest,
                              public ::testing::WithParamInterface<SlowPolicy> {
};

TEST_P(RewrittenSnapshotTest, FramesAreRewrittenAsTheyAreSent) {
  constexpr size_t kSnapshotLimit = 4096;
  std::vector<FramePtr> snapshot;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string value = absl::StrCat(i, std::string(1000, 'v'));
    snapshot.push_back(Event(value));
    absl::StrAppend(&expected, ": ", i, "\ndata: ", value, "\n\n");
  }
  Start(GetParam(), std::move(snapshot), kSnapshotLimit);
  // One frame may exceed the limit.
  EXPECT_LE(bytes_.value(), static_cast<int64_t>(kSnapshotLimit) + 1100);
  EXPECT_EQ(s_.valve->bytes(), "");
  s_.Allow(expected.size());
  Sync();
  EXPECT_EQ(s_.valve->bytes(), expected);
  EXPECT_EQ(delivery_->Stats().queue_bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, RewrittenSnapshotTest,
                         ::testing::Values(SlowPolicy::kDisconnect,
                                           SlowPolicy::kDropOldest,
                                           SlowPolicy::kConflate));

TEST_F(RewrittenConsumerTest, OmittedFramesLeaveNoTrace) {
  Start(SlowPolicy::kDisconnect,
        {Event("x"), Event("a"), Event("x"), Event("x")}, kLimit);
  for (int i = 0; i < 3; ++i) Publish("x");
  EXPECT_EQ(AllowAll(), ": 0\ndata: a\n\n");
  EXPECT_EQ(delivery_->Stats().queue_bytes, 0u);
  EXPECT_EQ(delivery_->Stats().events, 1u);
}

TEST_F(RewrittenConsumerTest, RewrittenFramesAreNeverDropped) {
  // So that a format that numbers its events or needs commas stays valid.
  Start(SlowPolicy::kDropOldest, {}, kLimit);
  for (int i = 0; i < 9; ++i) Publish(absl::StrCat(i));
  const std::string received = AllowAll();
  std::vector<std::string> events =
      absl::StrSplit(received, "\n\n", absl::SkipEmpty());
  ASSERT_GE(events.size(), 2u);
  EXPECT_LT(events.size(), 9u);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].substr(0, 4), absl::StrCat(": ", i, "\n"));
  }
  EXPECT_EQ(events.back().substr(4), "data: 8");
  EXPECT_EQ(delivery_->Stats().dropped, 9 - events.size());
}

TEST_F(SlowConsumerTest, EventsThatMustNotBeDroppedStayWhenOthersAreDropped) {
  Start(SlowPolicy::kDropOldest);
  const auto reliable = NewTopic();
  reliable->Attach(s_.ref, {.policy = SlowPolicy::kDisconnect}, {});
  reliable->Publish(Event("R"));
  for (int i = 0; i < 8; ++i) Publish(absl::StrCat(i));
  reliable->Publish(Event("S"));
  Sync();
  EXPECT_EQ(AllowAll(),
            "data: R\n\ndata: 5\n\ndata: 6\n\ndata: 7\n\ndata: S\n\n");
}

TEST_F(SlowConsumerTest, UnboundedKeepsEverything) {
  Start(SlowPolicy::kUnbounded);
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    Publish("x");
    expected += "data: x\n\n";
  }
  EXPECT_EQ(AllowAll(), expected);
}

TEST_F(SlowConsumerTest, BlockedStreamIsNotPinged) {
  StartDelivery();
  s_.UseValve();
  s_.spec.keep_alive = absl::Seconds(1);
  s_.Open(delivery_.get());
  delivery_->Send(s_.ref, Event("a"));
  Sync();
  for (int i = 0; i < 10; ++i) Advance(absl::Seconds(1));
  EXPECT_EQ(delivery_->Stats().keep_alives, 0u);
  EXPECT_EQ(AllowAll(), "data: a\n\n");
  for (int i = 0; i < 2; ++i) Advance(absl::Seconds(1));
  EXPECT_GE(delivery_->Stats().keep_alives, 1u);
}

// With real sockets: a stalled client does not affect the others, and gets an
// unbroken sequence up to its end.
TEST_F(SlowConsumerTest, StalledClientDoesNotAffectOthers) {
  StartDelivery({.queue_limit_bytes = 64 << 10});
  topic_ = NewTopic();
  TestStream stalled, healthy;
  stalled.spec.chunked = true;
  stalled.spec.slow_frame = Event("slow");
  topic_->Attach(stalled.Open(delivery_.get()), {}, {});
  topic_->Attach(healthy.Open(delivery_.get()), {}, {});
  const std::string padding(1000, 'p');
  for (int i = 0; i < 5000; ++i) {
    const std::string data = absl::StrCat(i, padding);
    topic_->Publish(Event(data));
    ASSERT_TRUE(healthy.ReadUntil(absl::StrCat(data, "\n\n")));
  }
  EXPECT_EQ(delivery_->Stats().slow_disconnects, 1u);
  EXPECT_EQ(DataOf(healthy.received).size(), 5000u);
  bool complete = false;
  const std::vector<std::string> data =
      DataOf(Unchunk(stalled.ReadToEnd(), &complete));
  EXPECT_TRUE(complete);
  ASSERT_GT(data.size(), 1u);
  for (size_t i = 0; i + 1 < data.size(); ++i) {
    ASSERT_EQ(data[i], absl::StrCat(i, padding));
  }
  EXPECT_EQ(data.back(), "slow");
}

// Small buffers and a slow reader: every write is partial somewhere.
TEST_F(SlowConsumerTest, PartialWritesLoseNothing) {
  StartDelivery({.send_buffer_bytes = 4096});
  topic_ = NewTopic();
  TestStream plain, chunked;
  plain.Open(delivery_.get());
  chunked.spec.chunked = true;
  chunked.Open(delivery_.get());
  for (TestStream* s : {&plain, &chunked}) {
    topic_->Attach(s->ref, {.policy = SlowPolicy::kUnbounded}, {});
  }
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string data = absl::StrCat(i, std::string(i % 997, 'z'));
    topic_->Publish(Event(data));
    expected += absl::StrCat("data: ", data, "\n\n");
  }
  topic_->End(nullptr, /*error=*/false);
  EXPECT_EQ(plain.ReadToEnd(), expected);
  bool complete = false;
  EXPECT_EQ(Unchunk(chunked.ReadToEnd(), &complete), expected);
  EXPECT_TRUE(complete);
}

}  // namespace
}  // namespace sse_bridge

#include "bridge/delivery/topic.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

using TopicTest = DeliveryFixture;

constexpr auto kStream = MembershipOptions::Mode::kStream;
constexpr auto kBundle = MembershipOptions::Mode::kBundle;

// Prepends the tag to the frame. Drops frames with a negative tag.
class TaggingRewriter : public FrameRewriter {
 public:
  FramePtr Rewrite(const Frame& frame, int tag) override {
    if (tag < 0) return nullptr;
    return Frame::Create(absl::StrCat(":", tag, "\n", frame.payload()),
                         frame.info());
  }
};

TEST_F(TopicTest, PublishReachesMembersOnly) {
  StartDelivery({.threads = 2});
  const auto topic = NewTopic();
  TestStream members[3], other;
  for (TestStream& s : members) topic->Attach(s.Open(delivery_.get()), {}, {});
  other.Open(delivery_.get());
  topic->Publish(Event("a"));
  topic->Publish(Event("b"));
  for (TestStream& s : members) {
    EXPECT_TRUE(s.ReadUntil("b\n\n"));
    EXPECT_EQ(s.received, "data: a\n\ndata: b\n\n");
  }
  delivery_->Close(other.ref, CloseReason::kEnded, nullptr);
  EXPECT_EQ(other.ReadToEnd(), "");
}

TEST_F(TopicTest, FirstFramesComeBeforeLiveOnes) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream s;
  s.spec.head = "head ";
  s.Open(delivery_.get());
  topic->Publish(Event("before"));
  topic->Attach(s.ref, {}, {Event("1"), Event("2")});
  topic->Publish(Event("3"));
  ASSERT_TRUE(s.ReadUntil("3\n\n"));
  EXPECT_EQ(s.received, "head data: 1\n\ndata: 2\n\ndata: 3\n\n");
}

TEST_F(TopicTest, DetachedMemberGetsWhatWasPublishedBefore) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream s;
  topic->Attach(s.Open(delivery_.get()), {}, {});
  topic->Publish(Event("before"));
  topic->Detach(s.ref);
  topic->Publish(Event("after"));
  delivery_->Close(s.ref, CloseReason::kEnded, Event("end"));
  EXPECT_EQ(s.ReadToEnd(), "data: before\n\ndata: end\n\n");
  EXPECT_TRUE(observer_->detached.WaitFor(1));
  Sync();
  EXPECT_EQ(observer_->closed.value(), 0);
}

TEST_F(TopicTest, ConnectionLeavesAGroupNowAndInTheFuture) {
  StartDelivery();
  const auto a = NewTopic(), b = NewTopic(), other = NewTopic();
  const auto late = NewTopic();
  TestStream s;
  s.Open(delivery_.get());
  a->Attach(s.ref, {.mode = kBundle, .group = 3}, {});
  other->Attach(s.ref, {.mode = kBundle}, {});
  b->Attach(s.ref, {.mode = kBundle, .group = 3}, {});
  a->Publish(Event("before"));
  delivery_->Leave(s.ref, 3);
  delivery_->Leave(s.ref, 7);
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> released = held;
  late->Attach(s.ref, {.mode = kBundle, .group = 7, .held = std::move(held)},
               {Event("not for it")});
  a->Publish(Event("after"));
  b->Publish(Event("after"));
  late->Publish(Event("after"));
  other->Publish(Event("other"));
  EXPECT_TRUE(s.ReadUntil("other\n\n"));
  EXPECT_EQ(s.received, "data: before\n\ndata: other\n\n");
  EXPECT_TRUE(observer_->detached.WaitFor(2));
  EXPECT_TRUE(observer_->closed.WaitFor(1)) << "of the one that came late";
  Sync();
  EXPECT_TRUE(released.expired());
}

TEST_F(TopicTest, MemberWhoseConnectionEndsIsReportedOnce) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream a, b;
  topic->Attach(a.Open(delivery_.get()), {}, {});
  topic->Attach(b.Open(delivery_.get()), {}, {});
  a.CloseClient();
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  delivery_->Close(b.ref, CloseReason::kEnded, nullptr);
  EXPECT_TRUE(observer_->closed.WaitFor(2));
  topic->Detach(b.ref);
  Sync();
  EXPECT_EQ(observer_->closed.value(), 2);
  EXPECT_EQ(observer_->detached.value(), 0);
}

TEST_F(TopicTest, AttachToAnEndedConnectionIsReportedAsGone) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream s;
  s.Open(delivery_.get());
  s.CloseClient();
  s.closed->Wait();
  topic->Attach(s.ref, {}, {Event("a")});
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  topic->Publish(Event("b"));
  Sync();
}

TEST_F(TopicTest, EndOfTheOnlyStreamEndsTheConnection) {
  for (const bool error : {false, true}) {
    StartDelivery();
    const auto topic = NewTopic();
    TestStream s;
    topic->Attach(s.Open(delivery_.get()), {.mode = kStream}, {});
    topic->Publish(Event("a"));
    topic->End(Event("status"), error);
    topic->Publish(Event("late"));
    EXPECT_EQ(s.ReadToEnd(), "data: a\n\ndata: status\n\n");
    EXPECT_EQ(s.closed->Wait().reason,
              error ? CloseReason::kError : CloseReason::kEnded);
    EXPECT_EQ(observer_->closed.value(), 0);
  }
}

TEST_F(TopicTest, EndOfOneOfSeveralPartsSendsNothing) {
  StartDelivery();
  const auto a = NewTopic();
  const auto b = NewTopic();
  TestStream s;
  s.spec.expected_attaches = 2;
  s.Open(delivery_.get());
  a->Attach(s.ref, {.mode = kStream}, {});
  b->Attach(s.ref, {.mode = kStream}, {});
  a->End(Event("a ends"), /*error=*/false);
  b->Publish(Event("b lives"));
  b->End(Event("b ends"), /*error=*/false);
  EXPECT_EQ(s.ReadToEnd(), "data: b lives\n\ndata: b ends\n\n");
}

TEST_F(TopicTest, StreamThatEndsBeforeTheOthersAttachDoesNotEndTheConnection) {
  StartDelivery();
  const auto a = NewTopic();
  const auto b = NewTopic();
  TestStream s;
  s.spec.expected_attaches = 2;
  s.Open(delivery_.get());
  a->Attach(s.ref, {.mode = kStream}, {});
  a->End(Event("a ends"), /*error=*/false);
  b->Attach(s.ref, {.mode = kStream}, {Event("b")});
  b->End(Event("b ends"), /*error=*/false);
  EXPECT_EQ(s.ReadToEnd(), "data: b\n\ndata: b ends\n\n");
}

TEST_F(TopicTest, ErrorOfOneOfSeveralStreamsEndsTheConnection) {
  StartDelivery();
  const auto a = NewTopic();
  const auto b = NewTopic();
  TestStream s;
  s.Open(delivery_.get());
  a->Attach(s.ref, {.mode = kStream}, {});
  b->Attach(s.ref, {.mode = kStream}, {});
  a->End(Event("failed"), /*error=*/true);
  b->Publish(Event("late"));
  EXPECT_EQ(s.ReadToEnd(), "data: failed\n\n");
  EXPECT_EQ(s.closed->Wait().reason, CloseReason::kError);
  EXPECT_TRUE(observer_->closed.WaitFor(1));  // b's
}

TEST_F(TopicTest, EndInABundleIsSentAsAnEvent) {
  StartDelivery();
  const auto a = NewTopic();
  const auto b = NewTopic();
  TestStream s;
  s.spec.rewriter = std::make_unique<TaggingRewriter>();
  s.Open(delivery_.get());
  a->Attach(s.ref, {.mode = kBundle, .tag = 1}, {});
  b->Attach(s.ref, {.mode = kBundle, .tag = 2}, {});
  a->End(Event("failed"), /*error=*/true);
  b->Publish(Event("b"));
  b->End(Event("ended"), /*error=*/false);
  EXPECT_EQ(s.ReadToEnd(),
            ":1\ndata: failed\n\n:2\ndata: b\n\n:2\ndata: ended\n\n");
}

TEST_F(TopicTest, RewriterMayOmitAFrame) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream s;
  s.spec.rewriter = std::make_unique<TaggingRewriter>();
  s.Open(delivery_.get());
  topic->Attach(s.ref, {.tag = -1}, {});
  topic->Publish(Event("a"));
  topic->End(Event("b"), /*error=*/false);
  EXPECT_EQ(s.ReadToEnd(), "");
}

TEST_F(TopicTest, NothingIsSentBetweenThePartsOfTheFirstFrames) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream s;
  s.Open(delivery_.get());
  topic->Attach(s.ref, {}, {Event("1"), Event("2")}, /*more=*/true);
  topic->Publish(Event("live 1"));
  ASSERT_TRUE(observer_->wants_more.WaitFor(1));
  topic->Continue(s.ref, {Event("3")}, /*more=*/true);
  topic->Publish(Event("live 2"));
  ASSERT_TRUE(observer_->wants_more.WaitFor(2));
  topic->Continue(s.ref, {Event("4")}, /*more=*/false);
  topic->Publish(Event("live 3"));
  topic->Continue(s.ref, {Event("late")}, /*more=*/false);
  topic->Publish(Event("live 4"));
  ASSERT_TRUE(s.ReadUntil("live 4\n\n"));
  EXPECT_EQ(DataOf(s.received),
            (std::vector<std::string>{"1", "2", "3", "4", "live 3", "live 4"}));
  EXPECT_EQ(observer_->wants_more.value(), 2);
  EXPECT_EQ(observer_->wants_no_more.value(), 0);
}

TEST_F(TopicTest, TheNextPartIsRequestedWhenTheSocketHasAcceptedThePrevious) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream s;
  s.UseValve();
  s.Open(delivery_.get());
  topic->Attach(s.ref, {}, {Event("1"), Event("2")}, /*more=*/true);
  Sync();
  EXPECT_EQ(observer_->wants_more.value(), 0);
  s.Allow(9);
  Sync();
  EXPECT_EQ(observer_->wants_more.value(), 0);
  s.Allow(9);
  Sync();
  EXPECT_EQ(observer_->wants_more.value(), 1);
}

TEST_F(TopicTest, MemberThatLeavesBeforeTheLastPartWantsNoMore) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream gone, detached, late;
  gone.UseValve();
  topic->Attach(gone.Open(delivery_.get()), {}, {Event("1")}, /*more=*/true);
  topic->Attach(detached.Open(delivery_.get()), {}, {Event("1")},
                /*more=*/true);
  gone.CloseClient();
  EXPECT_TRUE(observer_->wants_no_more.WaitFor(1));
  EXPECT_TRUE(observer_->closed.WaitFor(1));
  topic->Detach(detached.ref);
  EXPECT_TRUE(observer_->wants_no_more.WaitFor(2));
  EXPECT_TRUE(observer_->detached.WaitFor(1));
  // The connection ends before it is attached.
  delivery_->Close(late.Open(delivery_.get()), CloseReason::kError, nullptr);
  topic->Attach(late.ref, {}, {Event("1")}, /*more=*/true);
  EXPECT_TRUE(observer_->wants_no_more.WaitFor(3));
  EXPECT_TRUE(observer_->closed.WaitFor(2));
}

TEST_F(TopicTest, CutUnlessEndedOmitsTheLastChunkAfterAnError) {
  StartDelivery();
  for (const bool error : {true, false}) {
    const auto topic = NewTopic();
    TestStream s;
    s.spec.chunked = true;
    s.spec.cut_unless_ended = true;
    s.spec.retry = absl::Seconds(1);
    topic->Attach(s.Open(delivery_.get()), {}, {});
    topic->Publish(Event("a"));
    topic->End(nullptr, error);
    bool complete;
    EXPECT_EQ(Unchunk(s.ReadToEnd(), &complete), "data: a\n\n");
    EXPECT_EQ(complete, !error);
  }
  TestStream closed;
  closed.spec.chunked = true;
  closed.spec.cut_unless_ended = true;
  delivery_->Close(closed.Open(delivery_.get()), CloseReason::kDrain,
                   Event("drained"));
  EXPECT_EQ(closed.ReadToEnd(), "");
}

FramePtr Condition(absl::string_view data, int8_t condition) {
  return Frame::Create(absl::StrCat("data: ", data, "\n\n"),
                       {.condition = condition});
}

TEST_F(TopicTest, TopicsOfOneStreamSendTheFirstStartAndTheLastEndOfACondition) {
  StartDelivery();
  const std::shared_ptr<Topic> topics[] = {NewTopic(), NewTopic(), NewTopic()};
  TestStream s;
  s.spec.expected_attaches = 3;
  s.Open(delivery_.get());
  topics[0]->Attach(s.ref, {}, {Condition("away 0", 1)});
  topics[1]->Attach(s.ref, {}, {Condition("away 1", 1)});
  topics[2]->Attach(s.ref, {}, {});
  topics[2]->Publish(Condition("away 2", 1));
  topics[2]->Publish(Condition("away 2 again", 1));
  topics[0]->Publish(Condition("back 0", -1));
  topics[0]->Publish(Condition("back 0 again", -1));
  topics[2]->Publish(Condition("back 2", -1));
  topics[1]->Publish(Condition("back 1", -1));
  topics[1]->Publish(Event("end"));
  ASSERT_TRUE(s.ReadUntil("end\n\n"));
  EXPECT_EQ(s.received, "data: away 0\n\ndata: back 1\n\ndata: end\n\n");
}

TEST_F(TopicTest, EachStreamOfABundleGetsItsOwnCondition) {
  StartDelivery();
  const auto a = NewTopic();
  const auto b = NewTopic();
  TestStream s;
  s.spec.rewriter = std::make_unique<TaggingRewriter>();
  s.spec.expected_attaches = 2;
  s.Open(delivery_.get());
  a->Attach(s.ref, {.mode = kBundle, .tag = 1, .group = 1}, {});
  b->Attach(s.ref, {.mode = kBundle, .tag = 2, .group = 2}, {});
  a->Publish(Condition("away", 1));
  Sync();
  b->Publish(Condition("away", 1));
  Sync();
  a->Publish(Condition("back", -1));
  a->Publish(Event("end"));
  ASSERT_TRUE(s.ReadUntil("end\n\n"));
  EXPECT_EQ(s.received,
            ":1\ndata: away\n\n:2\ndata: away\n\n:1\ndata: back\n\n"
            ":1\ndata: end\n\n");
}

TEST_F(TopicTest, AMemberThatLeavesEndsItsCondition) {
  StartDelivery();
  const auto a = NewTopic();
  const auto b = NewTopic();
  TestStream s;
  s.spec.expected_attaches = 2;
  s.Open(delivery_.get());
  a->Attach(s.ref, {}, {Condition("away a", 1)});
  b->Attach(s.ref, {}, {});
  a->Detach(s.ref);
  b->Publish(Condition("away b", 1));
  b->Publish(Condition("back b", -1));
  ASSERT_TRUE(s.ReadUntil("back b\n\n"));
  EXPECT_EQ(s.received, "data: away a\n\ndata: away b\n\ndata: back b\n\n");
}

TEST_F(TopicTest, TopicCanBeUsedAgainAfterItsEnd) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream a, b;
  topic->Attach(a.Open(delivery_.get()), {}, {});
  topic->End(nullptr, /*error=*/false);
  topic->Attach(b.Open(delivery_.get()), {}, {});
  topic->Publish(Event("b"));
  EXPECT_TRUE(b.ReadUntil("data: b\n\n"));
  EXPECT_EQ(a.ReadToEnd(), "");
}

TEST_F(TopicTest, ReleasedTopicStillDeliversItsFrames) {
  StartDelivery();
  TestStream s;
  s.Open(delivery_.get());
  auto topic = NewTopic();
  topic->Attach(s.ref, {}, {});
  topic->Publish(Event("a"));
  topic.reset();
  EXPECT_TRUE(s.ReadUntil("data: a\n\n"));
  observer_.reset();
  s.CloseClient();
  EXPECT_TRUE(delivery_->WaitUntilEmpty(absl::Now() + kPatience));
}

TEST_F(TopicTest, DetachFromOneOfManyLeavesTheOthers) {
  StartDelivery();
  std::vector<std::shared_ptr<Topic>> topics;
  TestStream s;
  s.Open(delivery_.get());
  for (int i = 0; i < 20; ++i) {
    topics.push_back(NewTopic());
    topics.back()->Attach(s.ref, {}, {});
  }
  for (int i = 0; i < 20; i += 2) topics[i]->Detach(s.ref);
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    topics[i]->Publish(Event(absl::StrCat(i)));
    if (i % 2 == 1) expected += absl::StrCat("data: ", i, "\n\n");
  }
  EXPECT_TRUE(s.ReadUntil("data: 19\n\n"));
  EXPECT_EQ(s.received, expected);
}

// A publisher never stops while members come and go. Each member sees an
// unbroken sequence from the first frame after its attach.
TEST_F(TopicTest, AttachWhilePublishingNeitherLosesNorRepeatsFrames) {
  StartDelivery({.threads = 2});
  const auto topic = NewTopic();
  Mutex mu;  // plays the feed's lock
  int last = 0;
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    while (!stop) {
      {
        MutexLock lock(&mu);
        ++last;
        topic->Publish(Event(absl::StrCat(last)));
      }
      std::this_thread::yield();
    }
  });
  std::vector<std::unique_ptr<TestStream>> streams;
  for (int i = 0; i < 100; ++i) {
    streams.push_back(std::make_unique<TestStream>());
    TestStream& s = *streams.back();
    s.spec.chunked = i % 2 == 0;
    s.Open(delivery_.get());
    MutexLock lock(&mu);
    topic->Attach(s.ref, {.policy = SlowPolicy::kUnbounded},
                  {Event(absl::StrCat(last))});
  }
  {
    // Publish some frames for the last members too.
    MutexLock lock(&mu);
    topic->End(nullptr, /*error=*/false);
  }
  stop = true;
  publisher.join();
  for (size_t i = 0; i < streams.size(); ++i) {
    TestStream& s = *streams[i];
    bool complete = true;
    std::string content = s.ReadToEnd();
    if (i % 2 == 0) content = Unchunk(content, &complete);
    EXPECT_TRUE(complete);
    const std::vector<std::string> data = DataOf(content);
    ASSERT_FALSE(data.empty());
    int expected = 0;
    ASSERT_TRUE(absl::SimpleAtoi(data.front(), &expected));
    for (const std::string& d : data) {
      ASSERT_EQ(d, absl::StrCat(expected)) << "stream " << i;
      ++expected;
    }
  }
}

}  // namespace
}  // namespace sse_bridge

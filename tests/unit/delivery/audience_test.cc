#include "bridge/delivery/audience.h"

#include <memory>

#include "bridge/delivery/topic.h"
#include "tests/unit/delivery/delivery_testing.h"

namespace sse_bridge {
namespace {

FramePtr EventFor(absl::string_view data, std::vector<std::string> only_to,
                  std::vector<std::string> not_to = {}) {
  FrameInfo info;
  info.audience = Audience::Create(std::move(only_to), std::move(not_to));
  return Frame::Create(absl::StrCat("data: ", data, "\n\n"), info);
}

// Counts how often what a membership holds is released.
std::shared_ptr<void> Releasing(const std::shared_ptr<Counter>& released) {
  return std::shared_ptr<void>(released.get(),
                               [released](void*) { released->Add(1); });
}

TEST(AudienceTest, EmptyListsAreEverybody) {
  EXPECT_EQ(Audience::Create({}, {}), nullptr);
  EXPECT_EQ(Audience::Create({}, {""}), nullptr);
}

TEST(AudienceTest, OnlyNamedSubjectsAreIncluded) {
  const auto audience = Audience::Create({"bob", "ann", "bob"}, {});
  EXPECT_TRUE(audience->Includes("ann"));
  EXPECT_TRUE(audience->Includes("bob"));
  EXPECT_FALSE(audience->Includes("an"));
  EXPECT_FALSE(audience->Includes("anna"));
  EXPECT_FALSE(audience->Includes(""));
}

TEST(AudienceTest, ListOfNobodyIncludesNobody) {
  const auto audience = Audience::Create({""}, {});
  ASSERT_NE(audience, nullptr);
  EXPECT_FALSE(audience->Includes(""));
  EXPECT_FALSE(audience->Includes("ann"));
}

TEST(AudienceTest, ExcludedSubjectsAreNeverIncluded) {
  const auto audience = Audience::Create({}, {"ann"});
  EXPECT_FALSE(audience->Includes("ann"));
  EXPECT_TRUE(audience->Includes("bob"));
  EXPECT_TRUE(audience->Includes(""));
  EXPECT_FALSE(Audience::Create({"ann"}, {"ann"})->Includes("ann"));
}

TEST(AudienceTest, KeysDifferWhenAudiencesDo) {
  EXPECT_EQ(Audience::Create({"a", "b"}, {})->Key(),
            Audience::Create({"b", "a"}, {})->Key());
  EXPECT_NE(Audience::Create({"a", "b"}, {})->Key(),
            Audience::Create({"a"}, {"b"})->Key());
  EXPECT_NE(Audience::Create({"1:a"}, {})->Key(),
            Audience::Create({"a"}, {})->Key());
  EXPECT_NE(Audience::Create({}, {"a"})->Key(),
            Audience::Create({""}, {"a"})->Key());
}

using AudienceDeliveryTest = DeliveryFixture;

TEST_F(AudienceDeliveryTest, EventIsDeliveredOnlyToItsAudience) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream ann, bob, anonymous;
  ann.spec.subject = "ann";
  bob.spec.subject = "bob";
  for (TestStream* s : {&ann, &bob, &anonymous}) {
    topic->Attach(s->Open(delivery_.get()), {}, {});
  }
  topic->Publish(EventFor("to ann", {"ann"}));
  topic->Publish(Event("all"));
  topic->Publish(EventFor("not to ann", {}, {"ann"}));
  topic->Publish(Event("end"));
  for (TestStream* s : {&ann, &bob, &anonymous}) {
    EXPECT_TRUE(s->ReadUntil("end\n\n"));
  }
  EXPECT_EQ(ann.received, "data: to ann\n\ndata: all\n\ndata: end\n\n");
  EXPECT_EQ(bob.received, "data: all\n\ndata: not to ann\n\ndata: end\n\n");
  EXPECT_EQ(anonymous.received, bob.received);
}

TEST_F(AudienceDeliveryTest, EventsThatWaitTogetherAreOneWriteForEach) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream ann, bob;
  ann.spec.subject = "ann";
  bob.spec.subject = "bob";
  for (TestStream* s : {&ann, &bob}) {
    topic->Attach(s->Open(delivery_.get()), {}, {});
  }
  Sync();
  // Blocks the loop while the frames are published.
  Counter held, go;
  delivery_->RunAfter(absl::ZeroDuration(), [&] {
    held.Add(1);
    go.WaitFor(1);
  });
  ASSERT_TRUE(held.WaitFor(1));
  const uint64_t before = delivery_->Stats().writes;
  std::string all, without_secret;
  for (int i = 0; i < 20; ++i) {
    const bool secret = i % 5 == 3;
    topic->Publish(secret ? EventFor(absl::StrCat(i), {"ann"})
                          : Event(absl::StrCat(i)));
    const std::string text = absl::StrCat("data: ", i, "\n\n");
    all += text;
    if (!secret) without_secret += text;
  }
  go.Add(1);
  EXPECT_TRUE(ann.ReadUntil("19\n\n"));
  EXPECT_TRUE(bob.ReadUntil("19\n\n"));
  EXPECT_EQ(ann.received, all);
  EXPECT_EQ(bob.received, without_secret);
  EXPECT_EQ(delivery_->Stats().writes, before + 2);
}

TEST_F(AudienceDeliveryTest, WithheldFramesAreLeftOutOfFirstFrames) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream bob;
  bob.spec.subject = "bob";
  topic->Attach(bob.Open(delivery_.get()), {},
                {EventFor("secret", {"ann"}), Event("open")}, /*more=*/true);
  EXPECT_TRUE(observer_->wants_more.WaitFor(1));
  topic->Continue(bob.ref, {EventFor("secret", {"ann"}), Event("last")},
                  /*more=*/false);
  EXPECT_TRUE(bob.ReadUntil("last\n\n"));
  EXPECT_EQ(bob.received, "data: open\n\ndata: last\n\n");
}

TEST_F(AudienceDeliveryTest, MoreIsWantedWhenAllFirstFramesAreWithheld) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream bob;
  bob.spec.subject = "bob";
  topic->Attach(bob.Open(delivery_.get()), {}, {EventFor("secret", {"ann"})},
                /*more=*/true);
  EXPECT_TRUE(observer_->wants_more.WaitFor(1));
}

TEST_F(AudienceDeliveryTest, WithheldBytesCountAsSent) {
  StartDelivery();
  const auto topic = NewTopic(/*flow_control=*/true);
  TestStream bob;
  bob.spec.subject = "bob";
  const FramePtr frame = EventFor("secret", {"ann"});
  topic->Attach(bob.Open(delivery_.get()), {.policy = SlowPolicy::kUnbounded},
                {});
  topic->Publish(frame);
  EXPECT_TRUE(observer_->sent.WaitFor(static_cast<int64_t>(frame->size())));
}

TEST_F(AudienceDeliveryTest, EndMemberEndsOnlyThatConnection) {
  StartDelivery();
  const auto topic = NewTopic();
  TestStream a, b;
  topic->Attach(a.Open(delivery_.get()), {}, {});
  topic->Attach(b.Open(delivery_.get()), {}, {});
  topic->EndMember(a.ref, Event("refused"), /*error=*/true);
  topic->Publish(Event("after"));
  EXPECT_EQ(a.ReadToEnd(), "data: refused\n\n");
  EXPECT_EQ(a.closed->Wait().reason, CloseReason::kError);
  EXPECT_TRUE(b.ReadUntil("after\n\n"));
  EXPECT_TRUE(observer_->detached.WaitFor(1));
  topic->EndMember(a.ref, Event("twice"), /*error=*/true);
  Sync();
  EXPECT_EQ(observer_->detached.value(), 1);
}

TEST_F(AudienceDeliveryTest, EndMemberOfABundleKeepsTheOtherStreams) {
  StartDelivery();
  const auto one = NewTopic(), other = NewTopic();
  TestStream s;
  s.spec.expected_attaches = 2;
  const MembershipOptions bundle = {.mode = MembershipOptions::Mode::kBundle};
  one->Attach(s.Open(delivery_.get()), bundle, {});
  other->Attach(s.ref, bundle, {});
  one->EndMember(s.ref, Event("refused"), /*error=*/true);
  one->Publish(Event("unseen"));
  other->Publish(Event("other"));
  EXPECT_TRUE(s.ReadUntil("other\n\n"));
  EXPECT_EQ(s.received, "data: refused\n\ndata: other\n\n");
}

TEST_F(AudienceDeliveryTest, MembershipReleasesWhatItHoldsHoweverItEnds) {
  StartDelivery();
  const auto released = std::make_shared<Counter>();
  int64_t times = 0;
  const auto attach = [&](const std::shared_ptr<Topic>& topic, TestStream* s) {
    MembershipOptions options;
    options.held = Releasing(released);
    topic->Attach(s->Open(delivery_.get()), std::move(options), {});
    Sync();
    EXPECT_EQ(released->value(), times);
    ++times;
  };
  const auto topic = NewTopic();
  TestStream gone, detached, ended, refused, dropped;
  attach(topic, &gone);
  gone.CloseClient();
  EXPECT_TRUE(released->WaitFor(times));
  attach(topic, &detached);
  topic->Detach(detached.ref);
  EXPECT_TRUE(released->WaitFor(times));
  attach(topic, &refused);
  topic->EndMember(refused.ref, Event("refused"), /*error=*/true);
  EXPECT_TRUE(released->WaitFor(times));
  attach(topic, &ended);
  topic->End(Event("end"), /*error=*/false);
  EXPECT_TRUE(released->WaitFor(times));

  // A connection that ends before it is attached.
  dropped.Open(delivery_.get());
  delivery_->Close(dropped.ref, CloseReason::kError, nullptr);
  Sync();
  MembershipOptions options;
  options.held = Releasing(released);
  topic->Attach(dropped.ref, std::move(options), {});
  EXPECT_TRUE(released->WaitFor(++times));
}

}  // namespace
}  // namespace sse_bridge

#include "bridge/feed/subscription.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/api/httpbody.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"

namespace sse_bridge {
namespace {

using Answer = Browser::Answer;

constexpr absl::Duration kGrace = absl::Milliseconds(500);

// Also records what comes before the status line.
class RecordingResponder : public BrowserResponder {
 public:
  RecordingResponder(Delivery* delivery, std::shared_ptr<Browser> browser,
                     std::shared_ptr<std::string> content_type)
      : BrowserResponder(delivery, std::move(browser)),
        content_type_(std::move(content_type)) {}
  void OnContentType(std::string type) override {
    *content_type_ = std::move(type);
  }

 private:
  const std::shared_ptr<std::string> content_type_;
};

class SubscriptionTest : public FeedFixture {
 protected:
  // A subscription to `feeds` exclusive feeds, started. Their calls have the
  // numbers from 0.
  void Subscribe(int feeds, Subscription::Options options = {}) {
    Create(options);
    for (int i = 0; i < feeds; ++i) {
      Feed::Config config = Config(/*shared=*/false);
      config.live_values = true;
      config.reconnect.give_up_after = absl::Hours(1);
      AddFeed(std::move(config));
    }
    browser_->subscription->Start();
  }

  void Create(Subscription::Options options = {}) {
    options.grace = kGrace;
    bundle_ = options.bundle;
    browser_->subscription = std::make_shared<Subscription>(
        delivery_.get(), options,
        std::make_unique<RecordingResponder>(delivery_.get(), browser_,
                                             content_type_));
  }

  void AddFeed(Feed::Config config) {
    auto feed = Feed::Create(&context_, std::move(config));
    auto subscriber =
        feed->Join(nullptr, browser_->subscription,
                   bundle_ ? EarlyLoss::kRefusesAlone : EarlyLoss::kRefuses);
    ASSERT_NE(subscriber, nullptr);
    MembershipOptions membership;
    membership.tag = membership.group = tag_++;
    if (bundle_) membership.mode = MembershipOptions::Mode::kBundle;
    browser_->subscription->Add(std::move(subscriber), membership);
    feed->Begin();
  }

  // Returns true if everything that can happen has, and there is no answer.
  bool Waits() {
    upstream_->Settle();
    Sync();
    return browser_->answers.value() == 0;
  }

  FakeCall& Call(size_t number) { return *upstream_->WaitCall(number); }

  // The backend accepts the call, and the feed knows.
  void OpenCall(size_t number) {
    Call(number).Open();
    upstream_->Settle();
    // A feed waits a little for metadata.
    Advance(absl::Milliseconds(50));
  }

  std::shared_ptr<Browser> browser_ = std::make_shared<Browser>();
  std::shared_ptr<std::string> content_type_ = std::make_shared<std::string>();
  int tag_ = 0;
  bool bundle_ = false;
};

TEST_F(SubscriptionTest, StatusLineWaitsForEveryFeed) {
  Subscribe(3);
  OpenCall(0);
  Call(1).Send(Message("x"));
  EXPECT_TRUE(Waits());
  OpenCall(2);
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("x")));
}

// Otherwise the client is told that events were lost, and returns to the same.
TEST_F(SubscriptionTest, FeedThatWouldLoseEventsIsNotMadeToWait) {
  Subscription::Options options;
  options.bundle = true;
  Create(options);
  Feed::Config config = Config(/*shared=*/true);
  config.first_id = "0";
  config.request_after = RequestAfter;
  config.replay = {.max_events = 1, .max_bytes = 1, .max_waiting_bytes = 1000};
  AddFeed(std::move(config));
  AddFeed(Config(/*shared=*/false));  // silent
  browser_->subscription->Start();
  for (int i = 1; i <= 50; ++i) {
    Call(0).Send(Message("x", absl::StrCat(i)));
  }
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  std::string all;
  for (int i = 1; i <= 50; ++i) all += EventText("x", absl::StrCat(i));
  EXPECT_TRUE(browser_->stream.ReadUntil(all));
}

TEST_F(SubscriptionTest, FeedThatHasEndedIsNotWaitedFor) {
  Subscribe(2);
  Call(0).End(absl::OkStatus());
  EXPECT_TRUE(Waits());
  Call(1).Send(Message("x"));
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("x")));
}

TEST_F(SubscriptionTest, SilentBackendsAreWaitedForNoLongerThanTheGrace) {
  Subscribe(2);
  OpenCall(0);
  Advance(kGrace - absl::Milliseconds(100));
  EXPECT_TRUE(Waits());
  Advance(absl::Milliseconds(200));
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  // The feed that was silent is part of the stream.
  Call(1).Send(Message("late"));
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("late")));
}

TEST_F(SubscriptionTest, DeadlineRefusesAStreamOfWhichNothingHasCome) {
  Subscription::Options options;
  options.too_late = absl::DeadlineExceededError("late");
  Subscribe(2, options);
  Advance(kGrace * 2);
  EXPECT_EQ(browser_->WaitRefusal(), options.too_late);
  EXPECT_TRUE(Call(0).WaitCancelled());
  EXPECT_TRUE(Call(1).WaitCancelled());
}

TEST_F(SubscriptionTest, DeadlineDoesNotRefuseAStreamThatHasOpened) {
  Subscription::Options options;
  options.too_late = absl::DeadlineExceededError("late");
  Subscribe(2, options);
  OpenCall(0);
  EXPECT_TRUE(Waits());
  Advance(kGrace * 2);
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
}

TEST_F(SubscriptionTest, FeedThatFailsToOpenRefusesTheRequest) {
  Subscribe(2);
  OpenCall(0);
  Call(1).End(absl::NotFoundError("gone"));
  EXPECT_EQ(browser_->WaitRefusal(), absl::NotFoundError("gone"));
  EXPECT_TRUE(Call(0).WaitCancelled()) << "nobody reads it";
}

TEST_F(SubscriptionTest, OtherStreamsOfABundleAreNotRefusedWithIt) {
  Subscription::Options options;
  options.bundle = true;
  Subscribe(2, options);
  Call(0).End(absl::NotFoundError("gone"));
  EXPECT_TRUE(Waits());
  Call(1).Send(Message("x"));
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("x")));
}

TEST_F(SubscriptionTest, StreamOfABundleThatIsLostEarlyReturnsToIt) {
  Subscription::Options options;
  options.bundle = true;
  Subscribe(2, options);
  Call(0).End(absl::UnavailableError("lost"));
  EXPECT_TRUE(Waits());
  Call(1).Send(Message("x"));
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("x")));
  Advance(absl::Seconds(5));
  Call(2).Send(Message("late"));
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("late")));
}

TEST_F(SubscriptionTest, StreamOfABundleMayBeLostAfterTheStatusLine) {
  Subscription::Options options;
  options.bundle = true;
  Subscribe(2, options);
  OpenCall(0);
  Advance(kGrace);
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  Call(1).End(absl::UnavailableError("lost"));
  upstream_->Settle();
  Advance(absl::Seconds(5));
  Call(2).Send(Message("late"));
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("late")));
}

TEST_F(SubscriptionTest, BundleOfWhichEveryStreamIsLostIsRefused) {
  Subscription::Options options;
  options.bundle = true;
  Subscribe(2, options);
  Call(0).End(absl::UnavailableError("lost"));
  EXPECT_TRUE(Waits());
  Call(1).End(absl::UnavailableError("lost too"));
  EXPECT_TRUE(absl::IsUnavailable(browser_->WaitRefusal()));
  upstream_->Settle();  // also what follows the refusal
  Advance(absl::Seconds(5));
  upstream_->Settle();
  EXPECT_EQ(upstream_->calls(), 2u) << "nobody waits for the backends";
}

TEST_F(SubscriptionTest, BundleOfWhichEveryStreamFailsIsRefused) {
  Subscription::Options options;
  options.bundle = true;
  Subscribe(2, options);
  Call(1).End(absl::OkStatus());
  EXPECT_TRUE(Waits());
  Call(0).End(absl::NotFoundError("gone"));
  EXPECT_EQ(browser_->WaitRefusal(), absl::NotFoundError("gone"));
}

TEST_F(SubscriptionTest, StreamsThatEndWithoutAnEventHaveNoContent) {
  Subscribe(2);
  Call(0).End(absl::OkStatus());
  EXPECT_TRUE(Waits());
  Call(1).End(absl::OkStatus());
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kNoContent);
}

TEST_F(SubscriptionTest, NothingIsDecidedBeforeTheStart) {
  Create();
  AddFeed(Config(/*shared=*/false));
  Call(0).Send(Message("x"));
  EXPECT_TRUE(Waits());
  browser_->subscription->Start();
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("x")));
}

TEST_F(SubscriptionTest, AnswerIsGivenOnce) {
  Subscribe(1);
  OpenCall(0);
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  Call(0).Send(Message("x"));
  browser_->subscription->OnFeedReady();
  browser_->subscription->Abandon();
  Advance(kGrace * 2);
  EXPECT_TRUE(browser_->stream.ReadUntil(EventText("x")));
  EXPECT_EQ(browser_->answers.value(), 1);
}

TEST_F(SubscriptionTest, BrowserThatLeavesEndsItsCallsUnanswered) {
  Subscribe(2);
  OpenCall(0);
  EXPECT_TRUE(Waits());
  browser_->subscription->Abandon();
  EXPECT_TRUE(Call(0).WaitCancelled());
  EXPECT_TRUE(Call(1).WaitCancelled());
  Advance(kGrace * 2);
  EXPECT_TRUE(Waits());
}

TEST_F(SubscriptionTest, KeepsItselfAliveUntilItIsDecided) {
  Subscribe(1);
  const std::weak_ptr<Subscription> weak = browser_->subscription;
  browser_->subscription = nullptr;
  EXPECT_TRUE(Waits());
  EXPECT_FALSE(weak.expired());
  OpenCall(0);
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  upstream_->Settle();
  Sync();
  EXPECT_TRUE(weak.expired());
}

// The browser may leave while the request is still being opened.
TEST_F(SubscriptionTest, StartAfterTheBrowserHasLeftHoldsNothing) {
  Create();
  AddFeed(Config(/*shared=*/false));
  browser_->subscription->Abandon();
  browser_->subscription->Start();
  const std::weak_ptr<Subscription> weak = browser_->subscription;
  browser_->subscription = nullptr;
  EXPECT_TRUE(Call(0).WaitCancelled());
  EXPECT_TRUE(Waits());
  EXPECT_TRUE(weak.expired());
}

// Their head names the content type, which comes with the first message.
TEST_F(SubscriptionTest, RawBodiesWaitForTheirFirstMessage) {
  Subscription::Options options;
  options.raw = true;
  Create(options);
  FrameEncoder::Options encoding;
  encoding.response = google::api::HttpBody::descriptor();
  encoding.raw_body = true;
  auto encoder = FrameEncoder::Create(
      JsonEncoder::Create(encoding.response->file()->pool(), JsonOptions()),
      encoding);
  ASSERT_TRUE(encoder.ok()) << encoder.status();
  Feed::Config config = Config(/*shared=*/false);
  config.encoder = *std::move(encoder);
  AddFeed(std::move(config));
  browser_->subscription->Start();
  OpenCall(0);
  Advance(kGrace * 10);
  EXPECT_TRUE(Waits());
  google::api::HttpBody body;
  body.set_content_type("image/png");
  body.set_data("bytes");
  Call(0).Send(body.SerializeAsString());
  EXPECT_EQ(browser_->WaitAnswer(), Answer::kStream);
  EXPECT_EQ(*content_type_, "image/png");
  EXPECT_TRUE(browser_->stream.ReadUntil("bytes"));
}

}  // namespace
}  // namespace sse_bridge

#ifndef SSE_BRIDGE_TESTS_UNIT_FEED_FEED_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_FEED_FEED_TESTING_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/feed/feed.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/feed/subscription.h"
#include "bridge/transcode/frame_encoder.h"
#include "tests/unit/delivery/delivery_testing.h"
#include "tests/unit/feed/fake_upstream.h"

namespace sse_bridge {

// A message of these tests: `id` becomes the event's ID, `key` its key, and
// `text` its data (in quotes).
std::string Message(absl::string_view text, absl::string_view id = "",
                    absl::string_view key = "");

// The frame that such a message is encoded as.
std::string EventText(absl::string_view text, absl::string_view id = "");

// An encoder for Message.
std::shared_ptr<const FrameEncoder> MessageEncoder();

// {"code":N,"message":"..."}
std::string StatusText(const absl::Status& status);

// The `grpc-status` event for it.
std::string StatusEventText(const absl::Status& status);

class CountingWaiter : public FeedWaiter {
 public:
  void OnFeedReady() override { ready.Add(1); }
  Counter ready;
};

// A subscribing browser and the response that it receives.
struct Browser {
  enum class Answer { kNone, kStream, kNoContent, kRefusal };

  Counter answers;
  std::shared_ptr<Subscription> subscription;
  TestStream stream;

  Mutex mu;
  Answer answer ABSL_GUARDED_BY(mu) = Answer::kNone;
  absl::Status refusal ABSL_GUARDED_BY(mu);

  // Waits for the response.
  Answer WaitAnswer() {
    EXPECT_TRUE(answers.WaitFor(1));
    MutexLock lock(&mu);
    return answer;
  }
  absl::Status WaitRefusal() {
    EXPECT_EQ(WaitAnswer(), Answer::kRefusal);
    MutexLock lock(&mu);
    return refusal;
  }
};

class BrowserResponder : public StreamResponder {
 public:
  BrowserResponder(Delivery* delivery, std::shared_ptr<Browser> browser)
      : delivery_(delivery), browser_(std::move(browser)) {}

  ConnectionRef Accept(uint32_t attaches) override {
    browser_->stream.spec.expected_attaches = attaches;
    const ConnectionRef ref = browser_->stream.Open(delivery_);
    Answered(Browser::Answer::kStream, absl::OkStatus());
    return ref;
  }
  void NoContent() override {
    Answered(Browser::Answer::kNoContent, absl::OkStatus());
  }
  void Refuse(const absl::Status& status) override {
    Answered(Browser::Answer::kRefusal, status);
  }

 private:
  void Answered(Browser::Answer answer, const absl::Status& status) {
    {
      MutexLock lock(&browser_->mu);
      browser_->answer = answer;
      browser_->refusal = status;
    }
    browser_->answers.Add(1);
  }

  Delivery* const delivery_;
  const std::shared_ptr<Browser> browser_;
};

// Feeds with a fake upstream and a real delivery, whose time advances only by
// Advance.
class FeedFixture : public DeliveryFixture {
 protected:
  void SetUp() override { StartFeeds(); }

  void StartFeeds(Delivery::Options options = {}) {
    StartDelivery(options);
    context_.delivery = delivery_.get();
    context_.circuits = &circuits_;
    context_.status_json = StatusText;
    upstream_ = std::make_unique<FakeUpstream>();
  }

  void TearDown() override {
    // Prevents new timers and connections before the feeds end.
    delivery_->Stop();
    upstream_ = nullptr;
  }

  Feed::Config Config(bool shared) {
    Feed::Config config;
    config.upstream = upstream_.get();
    config.grpc_path = "/test.Service/Stream";
    config.request = "first";
    config.shared = shared;
    config.encoder = MessageEncoder();
    return config;
  }

  static std::string RequestAfter(absl::string_view id) {
    return absl::StrCat("after ", id);
  }

  // Creates and begins a feed without subscribers.
  std::shared_ptr<Feed> StartFeed(Feed::Config config) {
    auto feed = Feed::Create(&context_, std::move(config));
    feed->Begin();
    return feed;
  }

  // Joins the feed and attaches a stream at once.
  void JoinAndAttach(Feed* feed, TestStream* stream,
                     MembershipOptions options = {}) {
    auto subscriber = feed->Join(nullptr, waiter_);
    ASSERT_NE(subscriber, nullptr);
    subscriber->Attach(stream->Open(delivery_.get()), options);
  }

  CircuitLog circuits_{&clock_};
  FeedContext context_;
  std::shared_ptr<CountingWaiter> waiter_ = std::make_shared<CountingWaiter>();
  std::unique_ptr<FakeUpstream> upstream_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_FEED_FEED_TESTING_H_

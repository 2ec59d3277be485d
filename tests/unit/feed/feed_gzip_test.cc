#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/feed/feed.h"
#include "bridge/gzip/gzip_budget.h"
#include "bridge/gzip/gzip_member.h"
#include "gtest/gtest.h"
#include "tests/unit/feed/feed_testing.h"
#include "tests/unit/gzip/inflater.h"

namespace sse_bridge {
namespace {

// Two connections that join a feed at once: with gzip, and without.
struct Twins {
  TestStream gzip;
  TestStream plain;
};

class FeedGzipTest : public FeedFixture {
 protected:
  void SetUp() override {
    FeedFixture::SetUp();
    context_.gzip = &budget_;
  }

  Feed::Config Resumable() {
    Feed::Config config = Config(/*shared=*/true);
    config.request_after = [](absl::string_view id) {
      return RequestAfter(id);
    };
    return config;
  }

  std::unique_ptr<Twins> Join(Feed* feed, const std::string* last_event_id) {
    auto twins = std::make_unique<Twins>();
    twins->gzip.spec.gzip = true;
    twins->gzip.spec.head = std::string(kGzipHeader);
    for (TestStream* stream : {&twins->gzip, &twins->plain}) {
      auto subscriber = feed->Join(last_event_id, waiter_);
      EXPECT_NE(subscriber, nullptr);
      if (subscriber != nullptr) {
        subscriber->Attach(stream->Open(delivery_.get()), {});
      }
    }
    return twins;
  }

  // Reads both to their ends. Returns the bytes of gzip.
  size_t ExpectSame(Twins* twins) {
    Inflater inflater;
    std::string decoded;
    const std::string wire = twins->gzip.ReadToEnd();
    EXPECT_TRUE(inflater.Add(wire, &decoded));
    EXPECT_TRUE(inflater.ended());
    EXPECT_EQ(decoded, twins->plain.ReadToEnd());
    return wire.size();
  }

  GzipBudget budget_{1 << 20};
};

std::string Text(uint32_t i) {
  return absl::StrCat("symbol AAPL, currency USD, exchange XNAS, price ",
                      i * 2654435761 % 100000);
}

TEST_F(FeedGzipTest, ExclusiveFeedsUseASmallContext) {
  for (const bool shared : {false, true}) {
    const size_t number = upstream_->calls();
    auto feed = Feed::Create(&context_, Config(shared));
    TestStream stream;
    stream.spec.gzip = true;
    stream.spec.head = std::string(kGzipHeader);
    JoinAndAttach(feed.get(), &stream);
    feed->Begin();
    auto call = upstream_->WaitCall(number);
    Sync();
    for (int i = 1; i <= 100; ++i) {
      call->Send(Message(Text(i)));
      ASSERT_TRUE(call->WaitDelivered(i));
    }
    EXPECT_EQ(budget_.used(),
              GzipFeed::MemoryOf(shared ? GzipFeed::Context::kLarge
                                        : GzipFeed::Context::kSmall));
    feed->Stop(absl::OkStatus());
    Inflater inflater;
    std::string decoded;
    const std::string wire = stream.ReadToEnd();
    EXPECT_TRUE(inflater.Add(wire, &decoded));
    EXPECT_TRUE(inflater.ended());
    EXPECT_EQ(DataOf(decoded).size(), 100u);
    EXPECT_LT(wire.size(), decoded.size() / 2);
    feed = nullptr;
    call = nullptr;
  }
}

TEST_F(FeedGzipTest, WithoutMemoryEventsAreStored) {
  ASSERT_TRUE(budget_.Take(1 << 20));
  auto feed = StartFeed(Resumable());
  auto twins = Join(feed.get(), nullptr);
  auto call = upstream_->WaitCall(0);
  for (int i = 1; i <= 10; ++i) call->Send(Message(Text(i)));
  ASSERT_TRUE(call->WaitDelivered(10));
  feed->Stop(absl::OkStatus());
  ExpectSame(twins.get());
  budget_.Give(1 << 20);
}

// Clients come, some with the id of an event that the feed still has, and the
// backend is lost and found again.
TEST_F(FeedGzipTest, TwinsReceiveTheSame) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::minstd_rand random(seed);
    size_t number = upstream_->calls();
    Feed::Config config = Resumable();
    if (seed % 3 == 0) config.snapshot = Snapshot::What::kLastPerKey;
    auto feed = Feed::Create(&context_, std::move(config));
    std::vector<std::unique_ptr<Twins>> all;
    all.push_back(Join(feed.get(), nullptr));
    feed->Begin();
    auto call = upstream_->WaitCall(number);
    Sync();
    int sent = 0;
    uint32_t last = 0;
    size_t wire = 0, plain = 0;
    for (int step = 0; step < 200; ++step) {
      const uint32_t what = random() % 40;
      if (what == 0) {
        const std::string id = absl::StrCat(random() % (last + 1));
        all.push_back(Join(feed.get(), last > 0 && id != "0" ? &id : nullptr));
      } else if (what == 1 && last > 0 && step > 20) {
        call->End(absl::UnavailableError("lost"));
        ASSERT_TRUE(call->WaitDone());
        Advance(absl::Seconds(10));
        call = upstream_->WaitCall(++number);
        ASSERT_NE(call, nullptr);
        sent = 0;
      } else if (what == 2) {
        Advance(absl::Milliseconds(random() % 6000));
      } else {
        ++last;
        call->Send(Message(Text(last), absl::StrCat(last),
                           absl::StrCat(random() % 3)));
        ASSERT_TRUE(call->WaitDelivered(++sent));
      }
      if (random() % 4 == 0) Sync();
    }
    feed->Stop(absl::OkStatus());
    for (const auto& twins : all) {
      wire += ExpectSame(twins.get());
      plain += twins->plain.received.size();
    }
    EXPECT_LT(wire, plain);
  }
}

}  // namespace
}  // namespace sse_bridge

// The real delivery on a simulated network and clock: what each policy for slow
// clients promises, whatever the schedule. A failure names its seed, which
// repeats it.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/delivery/delivery_testing.h"
#include "tests/unit/net/simulated_network.h"
#include "tests/unit/net/simulated_transport.h"

namespace sse_bridge {
namespace {

using ::testing::Contains;

constexpr uint64_t kSeeds = 200;
constexpr int kEvents = 100;
constexpr int kKeys = 3;
// More than one event per key, so that the newest of each fits.
constexpr size_t kQueueLimit = 200;
constexpr SlowPolicy kPolicies[] = {
    SlowPolicy::kUnbounded, SlowPolicy::kDisconnect, SlowPolicy::kDropOldest,
    SlowPolicy::kConflate};

FramePtr NumberedEvent(int number) {
  return Event(absl::StrCat(number), 1 + static_cast<uint64_t>(number % kKeys));
}

struct Member {
  std::unique_ptr<SimulatedClient> client;
  std::shared_ptr<Closed> closed;
  SlowPolicy policy = SlowPolicy::kUnbounded;
  bool chunked = false;
  bool left = false;
  int first_event = 0;
};

// Checks what a member that has stayed has received.
void CheckReceived(const Member& member) {
  EXPECT_FALSE(member.client->broken());
  bool complete = true;
  const std::string body = member.chunked
                               ? Unchunk(member.client->received(), &complete)
                               : member.client->received();
  EXPECT_TRUE(complete) << "an orderly end";
  std::vector<std::string> data = DataOf(body);
  const bool was_slow = !data.empty() && data.back() == "slow";
  if (was_slow) data.pop_back();
  EXPECT_EQ(was_slow, member.closed->Wait().reason == CloseReason::kSlow);

  std::vector<int> numbers;
  for (const std::string& each : data) {
    int number = -1;
    EXPECT_TRUE(absl::SimpleAtoi(each, &number)) << each;
    EXPECT_GT(number, numbers.empty() ? -1 : numbers.back());
    numbers.push_back(number);
  }
  // How many a member receives that misses none.
  const auto count = static_cast<size_t>(kEvents - member.first_event);
  switch (member.policy) {
    case SlowPolicy::kUnbounded:
      EXPECT_EQ(numbers.size(), count);
      break;
    case SlowPolicy::kDisconnect:
      EXPECT_TRUE(was_slow || numbers.size() == count) << numbers.size();
      for (size_t i = 0; i < numbers.size(); ++i) {
        EXPECT_EQ(numbers[i], member.first_event + static_cast<int>(i));
      }
      break;
    case SlowPolicy::kDropOldest:
    case SlowPolicy::kConflate:
      // The newest of each key, and with it the newest of all.
      for (int number = std::max(kEvents - kKeys, member.first_event);
           number < kEvents; ++number) {
        EXPECT_THAT(numbers, Contains(number));
      }
      break;
  }
  EXPECT_TRUE(!was_slow || member.policy == SlowPolicy::kDisconnect);
}

class DeliverySimulation {
 public:
  explicit DeliverySimulation(uint64_t seed)
      : network_(seed, {.max_buffer_bytes = 2000}),
        flow_control_(network_.OneIn(2)),
        delivery_(DeliveryOptions()),
        observer_(std::make_shared<RecordingTopicObserver>()) {
    EXPECT_TRUE(delivery_.Start().ok());
    topic_ =
        Topic::Create(&delivery_, {.flow_control = flow_control_}, observer_);
  }

  void Run() {
    const uint64_t count = 1 + network_.Random(8);
    members_.resize(count);
    for (Member& member : members_) {
      ++unopened_;
      network_.After(network_.RandomDelay(absl::Milliseconds(500)),
                     [this, &member] { Open(&member); });
    }
    PublishLater();
    EXPECT_TRUE(network_.RunUntil([this] { return IsOver(); }))
        << "a stream does not end";
    for (Member& member : members_) {
      if (!member.left) CheckReceived(member);
      member.client->Close();
    }
    EXPECT_TRUE(network_.RunUntil([this] {
      return network_.open_sockets() == 0;
    })) << "a socket stays open";
    EXPECT_EQ(delivery_.Stats().open, 0u);
    EXPECT_EQ(delivery_.Stats().queue_bytes, 0u);
    CheckFlowControl();
  }

 private:
  Delivery::Options DeliveryOptions() {
    Delivery::Options options;
    options.threads = 1 + static_cast<int>(network_.Random(3));
    options.network = &network_;
    options.clock = network_.clock();
    options.queue_limit_bytes = kQueueLimit;
    options.end_timeout = absl::Minutes(5);  // longer than any client reads
    if (network_.OneIn(3)) options.flush_window = absl::Milliseconds(20);
    return options;
  }

  void Open(Member* member) {
    --unopened_;
    std::unique_ptr<Socket> socket;
    auto client = network_.NewConnection(&socket);
    member->client = std::move(client);
    member->closed = std::make_shared<Closed>();
    // Flow control is for members without a limit.
    member->policy =
        flow_control_ ? SlowPolicy::kUnbounded : kPolicies[network_.Random(4)];
    member->chunked = network_.OneIn(2);
    StreamSpec spec;
    spec.socket =
        network_.OneIn(2)
            ? std::move(socket)
            : std::make_unique<SimulatedTransportSocket>(std::move(socket));
    spec.chunked = member->chunked;
    spec.slow_frame = Event("slow");
    spec.observer = std::make_unique<RecordingObserver>(member->closed);
    // At the same time as the attachment, so that it is between them.
    PublishSome();
    member->first_event = published_;
    const ConnectionRef ref = delivery_.Open(std::move(spec));
    if (published_ < kEvents) {
      topic_->Attach(ref, {.policy = member->policy}, {});
      PublishSome();
    } else {
      delivery_.Close(ref, CloseReason::kEnded, nullptr);
    }
    if (network_.OneIn(2)) {
      member->client->SetReading(false);
      network_.After(network_.RandomDelay(absl::Seconds(5)),
                     [member] { member->client->SetReading(true); });
    }
    if (network_.OneIn(5)) {
      network_.After(network_.RandomDelay(absl::Seconds(2)), [this, member] {
        member->left = true;
        if (network_.OneIn(2)) member->client->Reset();
        member->client->Close();
      });
    }
  }

  void PublishSome() {
    while (published_ < kEvents && network_.OneIn(2)) {
      topic_->Publish(NumberedEvent(published_++));
    }
  }

  void PublishLater() {
    network_.After(network_.RandomDelay(absl::Milliseconds(20)), [this] {
      PublishSome();
      if (published_ < kEvents) {
        PublishLater();
      } else {
        topic_->End(nullptr, /*error=*/false);
      }
    });
  }

  bool IsOver() const {
    if (unopened_ > 0 || published_ < kEvents) return false;
    for (const Member& member : members_) {
      if (!member.left && !member.client->broken() && !member.client->ended()) {
        return false;
      }
    }
    return true;
  }

  // Each byte of each member is reported once, sent or not.
  void CheckFlowControl() {
    int64_t bytes = 0;
    bool all_stayed = true;
    for (const Member& member : members_) {
      for (int i = member.first_event; i < kEvents; ++i) {
        bytes += static_cast<int64_t>(NumberedEvent(i)->size());
      }
      all_stayed = all_stayed && !member.left;
    }
    if (!flow_control_) bytes = 0;
    EXPECT_LE(observer_->sent.value(), bytes);
    if (all_stayed) {
      EXPECT_EQ(observer_->sent.value(), bytes);
    }
  }

  SimulatedNetwork network_;
  const bool flow_control_;
  Delivery delivery_;
  const std::shared_ptr<RecordingTopicObserver> observer_;
  std::shared_ptr<Topic> topic_;
  std::vector<Member> members_;
  int unopened_ = 0;
  int published_ = 0;
};

TEST(DeliverySimulationTest, EveryPolicyHoldsOnEverySchedule) {
  for (uint64_t seed = 0; seed < kSeeds && !::testing::Test::HasFailure();
       ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    DeliverySimulation(seed).Run();
  }
}

// While many clients come, what is published still leaves in few writes.
TEST(DeliverySimulationTest, ClientsThatComeDoNotCutWhatIsSentTogether) {
  SimulatedNetwork network(/*seed=*/1);
  Delivery delivery(
      {.threads = 1, .network = &network, .clock = network.clock()});
  ASSERT_TRUE(delivery.Start().ok());
  const auto topic = Topic::Create(&delivery, {}, {});
  std::vector<std::unique_ptr<SimulatedClient>> clients;
  const auto come = [&] {
    std::unique_ptr<Socket> socket;
    clients.push_back(network.NewConnection(&socket));
    StreamSpec spec;
    spec.socket = std::move(socket);
    spec.chunked = false;
    topic->Attach(delivery.Open(std::move(spec)), {}, {});
  };
  come();
  network.RunFor(absl::Seconds(1));
  const uint64_t writes = delivery.Stats().writes;
  topic->Publish(Event("1"));
  come();
  topic->Publish(Event("2"));
  come();
  topic->Publish(Event("3"));
  network.RunFor(absl::Seconds(1));
  EXPECT_EQ(delivery.Stats().writes - writes, clients.size());
  EXPECT_EQ(clients[0]->received(), "data: 1\n\ndata: 2\n\ndata: 3\n\n");
  EXPECT_EQ(clients[1]->received(), "data: 2\n\ndata: 3\n\n");
  EXPECT_EQ(clients[2]->received(), "data: 3\n\n");
}

TEST(DeliverySimulationTest, WhatATopicHasPublishedComesBeforeTheNextTopic) {
  SimulatedNetwork network(/*seed=*/1);
  Delivery delivery(
      {.threads = 1, .network = &network, .clock = network.clock()});
  ASSERT_TRUE(delivery.Start().ok());
  const auto first = Topic::Create(&delivery, {}, {});
  const auto second = Topic::Create(&delivery, {}, {});
  std::unique_ptr<Socket> socket;
  const auto client = network.NewConnection(&socket);
  StreamSpec spec;
  spec.socket = std::move(socket);
  spec.chunked = false;
  const ConnectionRef ref = delivery.Open(std::move(spec));
  first->Attach(ref, {.mode = MembershipOptions::Mode::kBundle}, {});
  first->Publish(Event("1"));
  second->Attach(ref, {.mode = MembershipOptions::Mode::kBundle}, {Event("2")});
  network.RunFor(absl::Seconds(1));
  EXPECT_EQ(client->received(), "data: 1\n\ndata: 2\n\n");
}

// An hour costs no real time.
TEST(DeliverySimulationTest, DeadlinesFollowTheSimulatedClock) {
  SimulatedNetwork network(/*seed=*/1);
  Delivery delivery(
      {.threads = 1, .network = &network, .clock = network.clock()});
  ASSERT_TRUE(delivery.Start().ok());
  std::unique_ptr<Socket> socket;
  auto client = network.NewConnection(&socket);
  const auto closed = std::make_shared<Closed>();
  StreamSpec spec;
  spec.socket = std::move(socket);
  spec.chunked = false;
  spec.keep_alive = absl::Minutes(1);
  spec.max_age = absl::Hours(1);  // plus or minus 10 %
  spec.max_age_frame = Event("enough");
  spec.observer = std::make_unique<RecordingObserver>(closed);
  delivery.Open(std::move(spec));
  network.RunFor(absl::Minutes(48));
  const uint64_t pings = delivery.Stats().keep_alives;
  EXPECT_GE(pings, 48u);
  EXPECT_LE(pings, 48u * 4 / 3 + 1);
  EXPECT_FALSE(client->ended());
  network.RunFor(absl::Minutes(24));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(closed->Wait().reason, CloseReason::kMaxAge);
  EXPECT_TRUE(absl::EndsWith(client->received(), "data: enough\n\n"));
  EXPECT_EQ(network.open_sockets(), 0u) << "the client did not close";
}

}  // namespace
}  // namespace sse_bridge

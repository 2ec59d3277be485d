// kill -9 of backend, bridge, client link or Redis, at random and again and
// again, while events flow. What each client has recorded is checked against a
// model: every acknowledged event that is for it once, in order, none that is
// withheld from it, and prices end at the last value. After each round the
// members of each channel are those with an open stream, within the lease: also
// when visitors closed their pages while nobody could tell the backend.
//
//   SSE_CHAOS_ROUNDS (1), SSE_CHAOS_SECONDS (10), SSE_CHAOS_CLIENTS (200)
//   SSE_CHAOS_SEED: which faults, and when

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/chaos_model.h"
#include "tests/integration/loopback.h"
#include "tests/integration/services_testing.h"
#include "tests/integration/stream_clients.h"
#include "tests/support/redis_server.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr size_t kWriters = 4;

// See ShortLeaseSchema.
constexpr seconds kLease{6};
constexpr seconds kLeasePatience = kLease + seconds(30);

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

enum class Store { kSqlite, kRedis };

class ChaosTest : public ::testing::TestWithParam<Store> {
 protected:
  void SetUp() override {
    RaiseDescriptors();
    if (GetParam() == Store::kRedis) {
      redis_ = std::make_unique<RedisServer>(RedisServer::Durability::kDurable);
    }
    StartBackends("127.0.0.1:0");
    StartBridge("127.0.0.1:0");
  }

  // Also when an assertion has ended the test early.
  void TearDown() override { StopWriters(); }

  void StartBackends(const std::string& listen) {
    backends_ = std::make_unique<Backends>(
        redis_ == nullptr ? files_.path() : redis_->url(), listen);
  }

  void StartBridge(const std::string& listen) {
    bridge_ = std::make_unique<Bridge>(
        backends_->address,
        std::vector<std::string>{"--max-streams-per-subject", "0", "--listen",
                                 listen, "--descriptor-set",
                                 ShortLeaseSchema()});
  }

  std::string Sign(const std::string& subject) const {
    return bridge_->Sign(
        {{"sub", subject},
         {"exp", 4102444800},
         {"scope", "notifications:read notifications:write prices:publish"}});
  }

  void StartWriters() {
    for (size_t w = 0; w < kWriters; ++w) {
      writers_.emplace_back([this, w] {
        const std::string address = bridge_->address;
        const std::string token = Sign("writer" + std::to_string(w));
        // Each writer has its own boxes and channels, so that one order holds.
        for (size_t n = 0; !stop_; ++n) {
          for (size_t user = w; user < kUsers && !stop_; user += kWriters) {
            if (n % 4 == 0) {
              Write(address, token, "/notifications",
                    json({{"user_id", "user" + std::to_string(user)},
                          {"type", "n"}}),
                    "title", &boxes_["user" + std::to_string(user)]);
            }
          }
          for (size_t channel = w; channel < kChannels && !stop_;
               channel += kWriters) {
            WriteToChannel(address, token, "c" + std::to_string(channel));
          }
          if (w == 0) {
            ++price_;
            Post(address, token, "/prices",
                 json({{"symbol", "CHAOS"}, {"price", price_.load()}}).dump());
          }
          std::this_thread::sleep_for(milliseconds(100));
        }
      });
    }
  }

  void StopWriters() {
    stop_ = true;
    for (std::thread& writer : writers_) writer.join();
    writers_.clear();
  }

  // `channel`: the messages of a channel, some of which are for one member.
  void Write(const std::string& address, const std::string& token,
             const std::string& target, json body, const std::string& field,
             Written* written, const std::string& channel = "") {
    int number;
    {
      std::lock_guard<std::mutex> lock(mu_);
      number = written->next++;
    }
    body[field] = std::to_string(number);
    if (!channel.empty()) {
      const std::string recipient = RecipientOf(channel, number);
      if (!recipient.empty()) body["to"] = {recipient};
    }
    if (Post(address, token, target, body.dump()) != 200) return;
    std::lock_guard<std::mutex> lock(mu_);
    written->acknowledged.insert(number);
  }

  void WriteToChannel(const std::string& address, const std::string& token,
                      const std::string& channel) {
    Write(address, token, "/channels/" + channel + "/messages", json::object(),
          "content", &channels_[channel], channel);
  }

  // Opens a page in each channel, of users who are in no other, and waits until
  // they are members.
  std::vector<size_t> AddVisitors(StreamClients* clients, int round) {
    std::vector<size_t> visitors;
    for (size_t c = 0; c < kChannels; ++c) {
      visitors.push_back(clients->Add("/channels/" + ChannelOf(c) + "/stream",
                                      Sign("visitor" + std::to_string(round))));
    }
    ExpectMembers("visitor" + std::to_string(round));
    return visitors;
  }

  // The users with an open stream are the members of each channel, after the
  // lease at the latest. `visitor` may be empty.
  void ExpectMembers(const std::string& visitor) {
    const std::string token = Sign("observer");
    for (size_t c = 0; c < kChannels; ++c) {
      std::set<std::string> expected;
      for (size_t i = 0; i < clients_; ++i) {
        if (HasChannel(i) && i % kChannels == c) expected.insert(UserOf(i));
      }
      if (!visitor.empty()) expected.insert(visitor);
      std::set<std::string> members;
      const auto deadline = steady_clock::now() + kLeasePatience;
      do {
        std::this_thread::sleep_for(milliseconds(100));
        const HttpAnswer answer = bridge_->Call(
            "GET", "/channels/" + ChannelOf(c) + "/members", token);
        const json body = json::parse(answer.body, nullptr, false);
        members.clear();
        if (answer.status != 200 || !body.contains("user_ids")) continue;
        members = body["user_ids"].get<std::set<std::string>>();
      } while (members != expected && steady_clock::now() < deadline);
      EXPECT_EQ(members, expected) << ChannelOf(c);
    }
  }

  TemporaryDirectory files_;
  size_t clients_ = 0;
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<Backends> backends_;
  std::unique_ptr<Bridge> bridge_;
  std::atomic<bool> stop_{false};
  std::atomic<int> price_{0};
  std::vector<std::thread> writers_;
  std::mutex mu_;
  std::map<std::string, Written> boxes_, channels_;
};

INSTANTIATE_TEST_SUITE_P(, ChaosTest,
                         ::testing::Values(Store::kSqlite, Store::kRedis),
                         [](const auto& info) {
                           return info.param == Store::kSqlite ? "Sqlite"
                                                               : "Redis";
                         });

TEST_P(ChaosTest, EveryRecordIsGaplessAndFreeOfDuplicates) {
  const int rounds = FromEnvironment("SSE_CHAOS_ROUNDS", 1);
  const int length = FromEnvironment("SSE_CHAOS_SECONDS", 10);
  const size_t count =
      static_cast<size_t>(FromEnvironment("SSE_CHAOS_CLIENTS", 200));
  std::minstd_rand random(
      static_cast<unsigned>(FromEnvironment("SSE_CHAOS_SEED", 1)));
  for (size_t i = 0; i < kUsers; ++i) boxes_["user" + std::to_string(i)];
  for (size_t i = 0; i < kChannels; ++i) channels_["c" + std::to_string(i)];

  std::vector<Seen> seen(count);
  StreamClients clients(bridge_->address,
                        [&seen](size_t client, const SseEvent& event) {
                          if (client >= seen.size()) return;  // a visitor
                          seen[client].Add(UserOf(client), event);
                        });
  clients_ = count;
  for (size_t i = 0; i < count; ++i) clients.Add(TargetOf(i), Sign(UserOf(i)));
  ASSERT_TRUE(clients.WaitUntilNoneLacks(
      [](size_t, const StreamRecord& r) {
        using Lacks = std::vector<std::string>;
        return r.opened > 0 ? Lacks() : Lacks{"a stream"};
      },
      seconds(60)));
  StartWriters();
  // A first event to go on after: what was before a stream's first is not its.
  ASSERT_TRUE(clients.WaitUntilNoneLacks(
      [&](size_t i, const StreamRecord&) {
        std::vector<std::string> lack;
        if (HasBox(i) && seen[i].box.empty()) lack.push_back("a notification");
        if (HasChannel(i) && seen[i].channel.empty())
          lack.push_back("a message");
        if (HasPrice(i) && seen[i].price == 0) lack.push_back("a price");
        return lack;
      },
      seconds(60)));

  std::map<std::string, int> faults;
  for (int round = 0; round < rounds; ++round) {
    std::vector<size_t> visitors = AddVisitors(&clients, round);
    const auto close_pages = [&] {
      for (const size_t visitor : visitors) clients.Remove(visitor);
      visitors.clear();
    };
    const auto end = steady_clock::now() + seconds(length);
    while (steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(300 + random() % 1200));
      switch (random() % (redis_ == nullptr ? 3 : 4)) {
        case 0: {
          ++faults["backend"];
          backends_->process->Signal(SIGKILL);
          backends_->process->Wait();
          close_pages();  // nobody is there to be told
          std::this_thread::sleep_for(milliseconds(random() % 800));
          const std::string address = backends_->address;
          StartBackends(address);
          break;
        }
        case 1: {
          ++faults["bridge"];
          const std::string address = bridge_->address;
          bridge_->process->Signal(SIGKILL);
          bridge_->process->Wait();
          close_pages();  // nobody is there to tell it
          std::this_thread::sleep_for(milliseconds(random() % 500));
          StartBridge(address.substr(std::string("http://").size()));
          break;
        }
        case 2:
          ++faults["links"];
          for (size_t i = 0; i < count; ++i) {
            if (random() % 4 == 0) clients.Cut(i);
          }
          break;
        case 3:
          ++faults["Redis"];
          redis_->Kill();
          close_pages();
          std::this_thread::sleep_for(milliseconds(random() % 800));
          redis_->Restart();
          break;
      }
    }
    close_pages();
    ExpectMembers("");
  }
  StopWriters();
  // The last word, acknowledged: when everybody has it, everything is there.
  const std::string token = Sign("writer");
  WaitFor("the services", [&] {
    ++price_;
    return Post(bridge_->address, token, "/prices",
                json({{"symbol", "CHAOS"}, {"price", price_.load()}}).dump()) ==
           200;
  });
  for (auto& [user, box] : boxes_) {
    Write(bridge_->address, token, "/notifications",
          json({{"user_id", user}, {"type", "n"}}), "title", &box);
  }
  for (auto& [name, channel] : channels_) {
    do {
      WriteToChannel(bridge_->address, token, name);
    } while (!RecipientOf(name, channel.next - 1).empty());
  }
  const auto ends_with = [](const std::vector<int>& numbers, int last) {
    return !numbers.empty() && numbers.back() == last;
  };
  EXPECT_TRUE(clients.WaitUntilNoneLacks(
      [&](size_t i, const StreamRecord&) {
        std::vector<std::string> lack;
        if (i >= count) return lack;  // a visitor
        const Seen& has = seen[i];
        if (HasBox(i) && !ends_with(has.box, boxes_[UserOf(i)].last())) {
          lack.push_back("the last notification");
        }
        if (HasChannel(i) &&
            !ends_with(has.channel, channels_[ChannelOf(i)].last())) {
          lack.push_back("the last message");
        }
        if (HasPrice(i) && has.price != price_)
          lack.push_back("the last price");
        return lack;
      },
      seconds(60)));
  clients.Stop();

  size_t events = 0;
  int reopened = 0, refused = 0, resets = 0;
  clients.ForEach([&](size_t i, const StreamRecord& r) {
    if (i >= count) return;
    const std::string who = "client " + std::to_string(i);
    if (HasBox(i)) {
      // All that was ever written to the box was unread when it came.
      Check(seen[i].box, boxes_[UserOf(i)], 0, who + " notifications",
            [](int) { return true; });
    }
    if (HasChannel(i)) {
      ASSERT_FALSE(seen[i].channel.empty());
      Check(seen[i].channel, channels_[ChannelOf(i)], seen[i].channel.front(),
            who + " channel", [i](int number) {
              const std::string recipient = RecipientOf(ChannelOf(i), number);
              return recipient.empty() || recipient == UserOf(i);
            });
      EXPECT_EQ(seen[i].own_presence, 0) << who;
    }
    if (HasPrice(i)) {
      EXPECT_EQ(seen[i].price, price_) << who;
    }
    events += seen[i].events;
    resets += seen[i].resets;
    reopened += r.opened - 1;
    for (const auto& [status, times] : r.refused) {
      EXPECT_EQ(status, 503) << who;
      refused += times;
    }
  });
  EXPECT_EQ(resets, 0);  // everything is kept
  size_t acknowledged = 0;
  for (const auto& [name, written] : boxes_)
    acknowledged += written.acknowledged.size();
  for (const auto& [name, written] : channels_)
    acknowledged += written.acknowledged.size();
  std::cout << count << " clients, " << rounds << " rounds of " << length
            << " s: kill -9 of backend " << faults["backend"] << ", bridge "
            << faults["bridge"] << ", Redis " << faults["Redis"] << ", links "
            << faults["links"] << "; " << acknowledged
            << " events acknowledged, " << events << " received, " << reopened
            << " streams reopened, " << refused << " refusals (503)\n";
  EXPECT_GT(faults["backend"] + faults["bridge"] + faults["links"], 3);
}

}  // namespace
}  // namespace sse_bridge::testing

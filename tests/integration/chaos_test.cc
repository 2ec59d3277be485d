// kill -9 of backend, bridge, client link or Redis, at random and again and
// again, while events flow. What each client has recorded is checked against a
// model: every acknowledged event that is for it once, in order, none that is
// withheld from it, and prices end at the last value. After each round the
// members of each channel are those with an open stream, within the lease: also
// when visitors closed their pages while nobody could tell the backend.
//
//   SSE_CHAOS_ROUNDS (1), SSE_CHAOS_SECONDS (10), SSE_CHAOS_CLIENTS (200)
//   SSE_CHAOS_SEED: which faults, and when

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

constexpr size_t kUsers = 50;
constexpr size_t kChannels = 10;
constexpr size_t kWriters = 4;

// See ShortLeaseSchema.
constexpr seconds kLease{6};
constexpr seconds kLeasePatience = kLease + seconds(30);

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

std::string UserOf(size_t client) {
  return "user" + std::to_string(client % kUsers);
}
std::string ChannelOf(size_t client) {
  return "c" + std::to_string(client % kChannels);
}

// Whom a message of a channel is for; empty: everybody. One in four is for one
// of the channel's users.
std::string RecipientOf(const std::string& channel, int number) {
  if (number % 4 != 3) return "";
  const size_t of_channel = std::stoul(channel.substr(1));
  return UserOf(of_channel + kChannels * static_cast<size_t>(number / 4));
}

// Each client has one stream of the four: a box, a channel, both together with
// prices, prices.
bool HasBox(size_t client) { return client % 4 == 0 || client % 4 == 2; }
bool HasChannel(size_t client) { return client % 4 == 1 || client % 4 == 2; }
bool HasPrice(size_t client) { return client % 4 >= 2; }

// What one client has seen.
struct Seen {
  std::vector<int> box, channel;
  double price = 0;
  size_t events = 0;
  int resets = 0;
  int own_presence = 0;  // its own coming and going, which others are told

  void Add(const std::string& user, const SseEvent& event) {
    ++events;
    resets += event.event == "reset" ? 1 : 0;
    const json data = json::parse(event.data, nullptr, false);
    if (data.contains("title")) {
      box.push_back(std::stoi(data["title"].get<std::string>()));
    } else if (data.contains("price")) {
      price = data["price"];
    } else if (data.contains("payload") &&
               data["payload"].contains("content")) {
      channel.push_back(
          std::stoi(data["payload"]["content"].get<std::string>()));
    } else if (data.contains("payload")) {
      own_presence += data["payload"].value("user_id", "") == user ? 1 : 0;
    }
  }
};

// What was written to one box or channel: numbers, of which those that were
// acknowledged must arrive, and the others may.
struct Written {
  int next = 0;
  std::set<int> acknowledged;
};

// One client's events of one stream, against what was written there. `from` is
// the first number that it must have. `is_for`: whether it may have a number.
template <typename IsFor>
void Check(const std::vector<int>& seen, const Written& written, int from,
           const std::string& who, const IsFor& is_for) {
  int last = -1;
  for (int number : seen) {
    ASSERT_GT(number, last) << who << ": a duplicate, or out of order";
    ASSERT_TRUE(is_for(number)) << who << ": " << number << " is for others";
    last = number;
  }
  const std::set<int> all(seen.begin(), seen.end());
  for (int number : written.acknowledged) {
    if (number < from || !is_for(number)) continue;
    ASSERT_TRUE(all.contains(number))
        << who << ": " << number << " is missing of " << written.next;
  }
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
          for (size_t user = w; user < kUsers; user += kWriters) {
            if (n % 4 == 0) {
              Write(address, token, "/notifications",
                    json({{"user_id", "user" + std::to_string(user)},
                          {"type", "n"}}),
                    "title", &boxes_["user" + std::to_string(user)]);
            }
          }
          for (size_t channel = w; channel < kChannels; channel += kWriters) {
            WriteToChannel(address, token, "c" + std::to_string(channel));
          }
          if (w == 0) {
            ++price_;
            Send(address, token, "/prices",
                 json({{"symbol", "CHAOS"}, {"price", price_.load()}}));
          }
          std::this_thread::sleep_for(milliseconds(100));
        }
      });
    }
  }

  // The status, or 0 when there was no answer. Quietly: the bridge may be dead.
  static int Send(const std::string& address, const std::string& token,
                  const std::string& target, const json& body);

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
    if (Send(address, token, target, body) != 200) return;
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

int ChaosTest::Send(const std::string& address, const std::string& token,
                    const std::string& target, const json& body) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(
      std::atoi(address.c_str() + address.rfind(':') + 1)));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string text = body.dump();
  const std::string request =
      "POST " + target +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
      "\r\nContent-Length: " + std::to_string(text.size()) +
      "\r\nConnection: close\r\n\r\n" + text;
  char answer[64] = "";
  const bool answered =
      connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
      recv(fd, answer, sizeof answer - 1, 0) > 12;
  close(fd);
  return answered ? std::atoi(answer + 9) : 0;
}

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
  for (size_t i = 0; i < count; ++i) {
    const std::string channel = "/channels/" + ChannelOf(i) + "/stream";
    const std::string prices = "/prices/stream?symbols=CHAOS";
    const std::string targets[] = {
        "/notifications/stream", channel,
        "/events?stream=/notifications/stream&stream=" + channel +
            "&stream=/prices/stream%3Fsymbols=CHAOS",
        prices};
    clients.Add(targets[i % 4], Sign(UserOf(i)));
  }
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return r.opened > 0; }, seconds(60)));
  StartWriters();
  // A first event to go on after: what was before a stream's first is not its.
  ASSERT_TRUE(clients.WaitForAll(
      [&](size_t i, const StreamRecord&) {
        return (!HasBox(i) || !seen[i].box.empty()) &&
               (!HasChannel(i) || !seen[i].channel.empty()) &&
               (!HasPrice(i) || seen[i].price > 0);
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
  stop_ = true;
  for (std::thread& writer : writers_) writer.join();
  // The last word, acknowledged: when everybody has it, everything is there.
  const std::string token = Sign("writer");
  WaitFor("the services", [&] {
    ++price_;
    return Send(bridge_->address, token, "/prices",
                json({{"symbol", "CHAOS"}, {"price", price_.load()}})) == 200;
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
  EXPECT_TRUE(clients.WaitForAll(
      [&](size_t i, const StreamRecord&) {
        if (i >= count) return true;
        return (!HasBox(i) ||
                ends_with(seen[i].box, boxes_[UserOf(i)].next - 1)) &&
               (!HasChannel(i) ||
                ends_with(seen[i].channel, channels_[ChannelOf(i)].next - 1)) &&
               (!HasPrice(i) || seen[i].price == price_);
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

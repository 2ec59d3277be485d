// Browsers that do not read: each policy at its bound, and what it costs
// others.

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <iterator>
#include <thread>

#include "tests/integration/load_testing.h"

namespace sse_bridge::testing {
namespace {

// One event with its framing is a little more than its pad.
constexpr int kPad = 4000;
constexpr size_t kEventBytes = 4096;
// An event may be half in the socket, and none is exactly kEventBytes long.
constexpr int kTolerance = 2;

constexpr int kResourceExhausted = 8;

// A stream of which nothing is taken before Read.
class Stalled {
 public:
  Stalled(const std::string& address, const HttpRequest& request)
      : stream_(address) {
    stream_.Send(request);
    EXPECT_EQ(stream_.ReadHead().status, 200);
  }

  // The n of every event that waits, up to the one that is `last` or the end of
  // the stream, whose status is put into `status`.
  std::vector<int> Read(int last, int* status = nullptr) {
    std::vector<int> numbers;
    while (numbers.empty() || numbers.back() != last) {
      const auto block = stream_.NextBlock();
      if (!block.has_value()) return numbers;
      if (block->data.empty()) continue;
      if (block->event == "grpc-status") {
        if (status != nullptr) *status = Data(*block)["code"];
        continue;
      }
      numbers.push_back(Data(*block)["n"]);
    }
    return numbers;
  }

 private:
  HttpConnection stream_;
};

// How many numbers follow each other from the first on.
size_t Prefix(const std::vector<int>& numbers) {
  size_t n = 1;
  while (n < numbers.size() && numbers[n] == numbers[n - 1] + 1) ++n;
  return n;
}

// What waited in the bridge: the numbers behind the last gap. Before it is what
// the sockets took: the first run, and at times a few more, for which the
// kernel found room a little later.
std::vector<int> AfterLastGap(const std::vector<int>& numbers) {
  if (numbers.empty()) return {};
  auto first = std::prev(numbers.end());
  while (first != numbers.begin() && *std::prev(first) == *first - 1) --first;
  return {first, numbers.end()};
}

void ExpectTakenLaterAreFew(const std::vector<int>& numbers) {
  constexpr size_t kMost = 8;
  EXPECT_TRUE(std::ranges::adjacent_find(numbers, std::greater_equal<>()) ==
              numbers.end());
  EXPECT_LE(numbers.size(),
            Prefix(numbers) + kMost + AfterLastGap(numbers).size());
}

class SlowConsumersTest : public LoadTest {
 protected:
  SlowConsumersTest()
      : LoadTest(
            {"--queue-bytes", std::to_string(kQueueBytes), "--linger", "0s"}) {}

  // Everything that a reader of the same feed got, in order and whole.
  static void ExpectAll(HttpConnection* reader, int last) {
    for (int n = 1; n <= last; ++n) ASSERT_EQ(Data(reader->Event())["n"], n);
  }
};

TEST_F(SlowConsumersTest, DropOldestKeepsTheNewestUpToTheBound) {
  HttpConnection reader = Follow("/drop-oldest/t", "t");
  Stalled stalled(bridge_.address, bridge_.Request("GET", "/drop-oldest/t"));
  constexpr int kEvents = 300;
  for (int n = 1; n <= kEvents; ++n) {
    Publish("t", 1, kPad);
    ASSERT_EQ(Data(reader.Event())["n"], n);
  }
  const std::vector<int> numbers = stalled.Read(kEvents);
  ASSERT_EQ(numbers.front(), 1);
  ASSERT_LT(Prefix(numbers), numbers.size()) << "nothing was dropped";
  ExpectTakenLaterAreFew(numbers);
  EXPECT_NEAR(static_cast<double>(AfterLastGap(numbers).size()),
              kQueueBytes / kEventBytes, kTolerance);
}

TEST_F(SlowConsumersTest, ConflateKeepsTheNewestOfEachKey) {
  HttpConnection reader = Follow("/conflate/t", "t");
  Stalled stalled(bridge_.address, bridge_.Request("GET", "/conflate/t"));
  constexpr int kKeys = 5;
  constexpr int kEvents = 300;
  for (int n = 1; n <= kEvents; ++n) {
    Publish("t", 1, kPad, kKeys);
    ASSERT_EQ(Data(reader.Event())["n"], n);
  }
  const std::vector<int> numbers = stalled.Read(kEvents);
  ExpectTakenLaterAreFew(numbers);
  // Sockets that took one just before the end leave no gap behind it.
  const auto waited = static_cast<int>(AfterLastGap(numbers).size());
  EXPECT_GE(waited, kKeys);
  EXPECT_LE(waited, kKeys + kTolerance);
}

TEST_F(SlowConsumersTest, ConflateBeyondTheBoundKeepsTheNewestKeys) {
  HttpConnection reader = Follow("/conflate/t", "t");
  Stalled stalled(bridge_.address, bridge_.Request("GET", "/conflate/t"));
  constexpr int kKeys = 100;  // 400 KiB
  constexpr int kEvents = 300;
  for (int n = 1; n <= kEvents; ++n) {
    Publish("t", 1, kPad, kKeys);
    ASSERT_EQ(Data(reader.Event())["n"], n);
  }
  const std::vector<int> numbers = stalled.Read(kEvents);
  ExpectTakenLaterAreFew(numbers);
  EXPECT_NEAR(static_cast<double>(AfterLastGap(numbers).size()),
              kQueueBytes / kEventBytes, kTolerance);
}

TEST_F(SlowConsumersTest, DisconnectEndsWithTheReasonAtTheBound) {
  Stalled stalled(bridge_.address, bridge_.Request("GET", "/disconnect/t"));
  WaitFor("the upstream call", [&] { return Count("t", "open") == 1; });
  // Without linger the call ends with its only reader.
  int last = 0;
  while (last < 1000 && Count("t", "open") == 1) last = Publish("t", 1, kPad);
  // The call may have been cancelled a little later than the reader was.
  int status = -1;
  const std::vector<int> numbers = stalled.Read(-1, &status);
  EXPECT_EQ(status, kResourceExhausted);
  ASSERT_FALSE(numbers.empty());
  EXPECT_EQ(numbers.front(), 1);
  EXPECT_EQ(Prefix(numbers), numbers.size());
  const auto waited = static_cast<double>(last) - numbers.back();
  EXPECT_GE(waited, kQueueBytes / kEventBytes - kTolerance);
  EXPECT_LE(waited, kQueueBytes / kEventBytes + kTolerance + 3);
}

TEST_F(SlowConsumersTest, NobodyElseIsDisconnected) {
  HttpConnection reader = Follow("/disconnect/t", "t");
  Stalled stalled(bridge_.address, bridge_.Request("GET", "/disconnect/t"));
  int last = 0;
  for (int i = 0; i < 200; ++i) {
    last = Publish("t", 1, kPad);
    ASSERT_EQ(Data(reader.Event())["n"], last);
  }
  int status = -1;
  EXPECT_LT(stalled.Read(-1, &status).back(), last);
  EXPECT_EQ(status, kResourceExhausted);
}

TEST_F(SlowConsumersTest, UnsharedFeedHoldsItsBackend) {
  // 40 MB, of which flow control lets a part through.
  constexpr int kItems = 4000;
  constexpr int kMost = 1500;
  Stalled stalled(bridge_.address,
                  bridge_.Request("GET", "/flood/t?count=4000&pad=10000"));
  int sent = -1;
  WaitFor("the backend to be held", [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return sent == std::exchange(sent, Count("t", "sent")) && sent > 0;
  });
  EXPECT_LT(sent, kMost);
  int status = -1;
  const std::vector<int> numbers = stalled.Read(-1, &status);
  EXPECT_EQ(status, 0);
  ASSERT_EQ(numbers.size(), static_cast<size_t>(kItems));
  EXPECT_EQ(Prefix(numbers), numbers.size());
}

TEST_F(SlowConsumersTest, ClientThatLeavesIsNoticedWithoutAnEvent) {
  // Half closed, closed, and reset: EPOLLRDHUP tells.
  for (const int how : {0, 1, 2}) {
    const std::string topic = "t" + std::to_string(how);
    HttpConnection stream = Follow("/disconnect/" + topic, topic);
    const linger reset{1, 0};
    if (how == 0) shutdown(stream.fd(), SHUT_WR);
    if (how == 2) {
      setsockopt(stream.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    if (how != 0) stream.Close();
    WaitFor("the call's end", [&] { return Count(topic, "open") == 0; });
  }
}

class FlushWindowTest : public LoadTest {
 protected:
  FlushWindowTest() : LoadTest({"--flush-window", "400ms"}) {}
};

TEST_F(FlushWindowTest, EventsOfOneWindowLeaveTogether) {
  HttpConnection reader = Follow("/disconnect/t", "t");
  constexpr int kEvents = 20;
  for (int n = 1; n <= kEvents; ++n) Publish("t", 1);
  for (int n = 1; n <= kEvents; ++n) ASSERT_EQ(Data(reader.Event())["n"], n);
  // The kernel's own count of what came in: the head, and the windows.
  tcp_info info{};
  socklen_t size = sizeof info;
  ASSERT_EQ(getsockopt(reader.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  EXPECT_LT(info.tcpi_segs_in, static_cast<uint32_t>(kEvents));
}

}  // namespace
}  // namespace sse_bridge::testing

// Shared feeds: who shares a call, what a joiner gets, when the call ends.

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/integration/load_testing.h"

namespace sse_bridge::testing {
namespace {

class FeedsTest : public LoadTest {};

TEST_F(FeedsTest, IdenticalRequestsShareACallAndOthersDoNot) {
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(bridge_.Stream("/disconnect/a"));
  }
  streams.push_back(bridge_.Stream("/disconnect/b"));
  WaitFor("both calls",
          [&] { return Count("a", "open") == 1 && Count("b", "open") == 1; });
  EXPECT_EQ(Count("a", "started"), 1);
  Publish("a", 3);
  for (size_t i = 0; i < 20; ++i) {
    for (int n = 1; n <= 3; ++n) ASSERT_EQ(Data(streams[i].Event())["n"], n);
  }
}

TEST_F(FeedsTest, CanonicalRequestCountsAndNotItsSpelling) {
  std::vector<HttpConnection> streams;
  for (const char* target :
       {"/ticks?rate=5&pad=3", "/ticks?pad=3&rate=5", "/ticks?rate=5.0&pad=3",
        "/ticks?rate=%35&pad=3"}) {
    streams.push_back(bridge_.Stream(target));
    EXPECT_EQ(Data(streams.back().Event())["pad"], "xxx");
  }
  EXPECT_EQ(Count("ticks", "started"), 1);
  streams.push_back(bridge_.Stream("/ticks?rate=5&pad=4"));
  EXPECT_EQ(Data(streams.back().Event())["pad"], "xxxx");
  EXPECT_EQ(Count("ticks", "started"), 2);
}

TEST_F(FeedsTest, UnsharedStreamsHaveACallEach) {
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 5; ++i) {
    streams.push_back(bridge_.Stream("/own-ticks?rate=5"));
    EXPECT_TRUE(Data(streams.back().Event()).contains("n"));
  }
  EXPECT_EQ(Count("ticks", "open"), 5);
}

TEST_F(FeedsTest, CallOutlivesItsLastReaderForTheLinger) {
  HttpConnection first = Follow("/last/t", "t");
  Publish("t", 1);
  EXPECT_EQ(Data(first.Event())["n"], 1);
  first.Close();
  // Within the default of 5 s.
  HttpConnection again = bridge_.Stream("/last/t");
  EXPECT_EQ(Data(again.Event())["n"], 1);
  Publish("t", 1);
  EXPECT_EQ(Data(again.Event())["n"], 2);
  EXPECT_EQ(Count("t", "started"), 1);
}

TEST_F(FeedsTest, CallThatHadNoEventEndsWithItsLastReader) {
  Follow("/last/t", "t").Close();
  WaitFor("the call's end", [&] { return Count("t", "open") == 0; });
  EXPECT_EQ(Count("t", "started"), 1);
}

class ShortLingerTest : public LoadTest {
 protected:
  ShortLingerTest() : LoadTest({"--linger", "100ms"}) {}
};

TEST_F(ShortLingerTest, LastOutEndsTheCall) {
  HttpConnection first = Follow("/last/t", "t");
  HttpConnection second = bridge_.Stream("/last/t");
  Publish("t", 1);
  first.Event();
  first.Close();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(Count("t", "open"), 1);
  second.Close();
  WaitFor("the call's end", [&] { return Count("t", "open") == 0; });
  HttpConnection third = Follow("/last/t", "t");
  EXPECT_EQ(Count("t", "started"), 2);
}

// Readers that join at any time while events are published.
class JoinersTest : public LoadTest {
 protected:
  static constexpr int kJoiners = 60;
  static constexpr int kEvents = 400;

  // The numbers each joiner saw, up to the last event.
  std::vector<std::vector<int>> Join(const std::string& target, int keys) {
    HttpConnection first = Follow(target, "t");
    Publish("t", keys, 0, keys);  // every key has a value
    for (int n = 1; n <= keys; ++n) EXPECT_EQ(Data(first.Event())["n"], n);
    std::thread publisher([&] {
      for (int i = keys; i < kEvents; i += 4) Publish("t", 4, 0, keys);
    });
    std::vector<HttpConnection> joiners;
    for (int i = 0; i < kJoiners; ++i) {
      joiners.push_back(bridge_.Stream(target));
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
    publisher.join();
    std::vector<std::vector<int>> seen;
    for (HttpConnection& joiner : joiners) {
      seen.emplace_back();
      while (seen.back().empty() || seen.back().back() < kEvents) {
        const SseEvent event = joiner.Event();
        if (event.data == "null") return seen;
        seen.back().push_back(Data(event)["n"]);
      }
    }
    EXPECT_EQ(Count("t", "started"), 1);
    return seen;
  }
};

TEST_F(JoinersTest, LastEventAndThenEachOnce) {
  for (const std::vector<int>& seen : Join("/last/t", 4)) {
    for (size_t i = 1; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i], seen[i - 1] + 1);
    }
    EXPECT_GE(seen.front(), 4);
  }
}

TEST_F(JoinersTest, LastEventOfEachKeyAndThenEachOnce) {
  constexpr int kKeys = 4;
  for (const std::vector<int>& seen : Join("/last-per-key/t", kKeys)) {
    // Keys are taken in turn: the last of each are the last four.
    ASSERT_GE(seen.size(), static_cast<size_t>(kKeys));
    for (size_t i = 1; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i], seen[i - 1] + 1);
    }
    EXPECT_GE(seen.front(), 1);
  }
}

TEST_F(FeedsTest, EachElementIsACallAndEachReaderGetsItsOwn) {
  constexpr int kReaders = 60;
  constexpr int kSymbols = 30;
  constexpr size_t kOfEach = 5;
  std::mt19937 random(7);
  std::vector<HttpConnection> streams;
  std::vector<std::set<std::string>> wanted;
  for (int i = 0; i < kReaders; ++i) {
    wanted.emplace_back();
    std::string target = "/quotes?rate=10";
    while (wanted.back().size() < kOfEach) {
      const std::string symbol = "S" + std::to_string(random() % kSymbols);
      if (wanted.back().insert(symbol).second) target += "&symbols=" + symbol;
    }
    streams.push_back(bridge_.Stream(target));
  }
  for (size_t i = 0; i < streams.size(); ++i) {
    std::map<std::string, int> last;
    // Until each symbol has come three times.
    std::map<std::string, int> times;
    while (times.size() < kOfEach ||
           std::any_of(times.begin(), times.end(),
                       [](const auto& each) { return each.second < 3; })) {
      const nlohmann::json quote = Data(streams[i].Event());
      ASSERT_TRUE(quote.is_object());
      const std::string symbol = quote["symbol"];
      ASSERT_TRUE(wanted[i].contains(symbol)) << symbol;
      const int n = quote["n"];
      // The snapshot first, then each once.
      if (last.contains(symbol)) {
        ASSERT_EQ(n, last[symbol] + 1);
      }
      last[symbol] = n;
      ++times[symbol];
    }
  }
  EXPECT_LE(Count("quotes", "most"), kSymbols);
  EXPECT_EQ(Count("quotes", "started"), Count("quotes", "most"));
}

}  // namespace
}  // namespace sse_bridge::testing

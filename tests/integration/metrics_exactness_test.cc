// The counters of /metrics are exactly what clients counted: streams opened,
// events, bytes, and how streams ended.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>

#include "tests/integration/load_testing.h"

namespace sse_bridge::testing {
namespace {

constexpr int kEvents = 20;
constexpr int kFinite = 20;  // streams that end by themselves
constexpr int kFiniteEvents = 3;
constexpr int kSlow = 3;
constexpr int kPad = 32 << 10;  // of events that nobody reads

// Followers of one stream; SSE_BRIDGE_TEST_STREAMS makes them more.
int Followers() {
  const char* asked = std::getenv("SSE_BRIDGE_TEST_STREAMS");
  return asked == nullptr ? 500 : std::atoi(asked);
}

// Counts every byte of its connection.
class CountingClient {
 public:
  CountingClient(const Bridge& bridge, const std::string& target)
      : connection_(bridge.address) {
    connection_.Send(bridge.Request("GET", target));
  }

  // Reads until so many events have come, or the end.
  void ReadEvents(int events) {
    while (events_ < events && Read()) {
    }
    EXPECT_EQ(events_, events);
  }
  void ReadToTheEnd() {
    while (Read()) {
    }
  }
  void Close() { connection_.Close(); }

  int events() const { return events_; }
  int64_t bytes() const { return bytes_; }

 private:
  // False at the end of the connection.
  bool Read() {
    pollfd waiting{connection_.fd(), POLLIN, 0};
    if (poll(&waiting, 1, 20'000) != 1) {
      ADD_FAILURE() << "nothing came for 20 s";
      return false;
    }
    char buffer[64 << 10];
    const ssize_t n = read(connection_.fd(), buffer, sizeof buffer);
    if (n <= 0) {
      EXPECT_EQ(n, 0) << "the connection broke";
      return false;
    }
    bytes_ += n;
    for (ssize_t i = 0; i < n; ++i) {
      // Lines that begin with "data:".
      matched_ = buffer[i] == '\n'                              ? 1
                 : matched_ > 0 && buffer[i] == kLine[matched_] ? matched_ + 1
                                                                : 0;
      if (kLine[matched_] != '\0') continue;
      ++events_;
      matched_ = 0;
    }
    return true;
  }

  static constexpr char kLine[] = "\ndata:";

  HttpConnection connection_;
  int events_ = 0;
  int64_t bytes_ = 0;
  int matched_ = 0;  // letters of kLine
};

class MetricsExactnessTest : public LoadTest {
 protected:
  MetricsExactnessTest()
      : LoadTest({"--admin=127.0.0.1:0", "--upstream-give-up=0s",
                  "--keep-alive=24h",
                  "--queue-bytes=" + std::to_string(kQueueBytes)}),
        admin_(bridge_.process->WaitForLine("admin on ")) {}

  // One sample of a scrape; 0 when there is none.
  int64_t Metric(const std::string& name) const {
    HttpRequest request;
    request.target = "/metrics";
    std::istringstream lines(Fetch(admin_, request).body);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind(name + " ", 0) == 0) {
        return std::atoll(line.c_str() + name.size());
      }
    }
    return 0;
  }

  // A loop counts what it has sent, after it has sent it.
  void ExpectMetric(const std::string& name, int64_t value) const {
    const std::string full = "sse_bridge_" + name;
    int64_t now = -1;
    WaitFor(full, [&] { return (now = Metric(full)) >= value; });
    EXPECT_EQ(now, value) << full;
  }

  static std::string Method(const std::string& name,
                            const std::string& reason = "") {
    return "{method=\"load.v1.Load." + name + "\"" +
           (reason.empty() ? "" : ",reason=\"" + reason + "\"") + "}";
  }

  const std::string admin_;
};

TEST_F(MetricsExactnessTest, ClientsCountTheSame) {
  std::vector<CountingClient> clients;
  const int followers = Followers();
  clients.reserve(static_cast<size_t>(followers) + kFinite + kSlow);
  for (int i = 0; i < followers; ++i) {
    clients.emplace_back(bridge_, "/disconnect/t");
  }
  ExpectMetric("streams_opened_total" + Method("Disconnect"), followers);
  WaitFor("the upstream call", [&] { return Count("t", "open") > 0; });
  Publish("t", kEvents);
  for (CountingClient& client : clients) client.ReadEvents(kEvents);

  // Some leave, some are too slow, some streams end, and some are lost.
  const int leaving = followers / 2;
  for (int i = 0; i < leaving; ++i) clients[static_cast<size_t>(i)].Close();
  for (int i = 0; i < kFinite; ++i) {
    clients.emplace_back(bridge_, "/flood/f" + std::to_string(i) + "?count=" +
                                      std::to_string(kFiniteEvents));
    clients.back().ReadToTheEnd();
    EXPECT_EQ(clients.back().events(), kFiniteEvents + 1);  // and the status
  }
  for (int i = 0; i < kSlow; ++i)
    clients.emplace_back(bridge_, "/disconnect/s");
  ExpectMetric("streams_opened_total" + Method("Disconnect"),
               followers + kSlow);
  WaitFor("the slow to be noticed", [&] {
    Publish("s", 10, kPad);
    return Metric("sse_bridge_slow_disconnects_total") == kSlow;
  });
  ExpectMetric("streams_ended_total" + Method("Disconnect", "client_gone"),
               leaving);
  ExpectMetric("streams_ended_total" + Method("Flood", "ended"), kFinite);
  backend_.process->Signal(SIGKILL);
  for (size_t i = static_cast<size_t>(leaving); i < clients.size(); ++i) {
    clients[i].ReadToTheEnd();
  }

  ExpectMetric("streams_ended_total" + Method("Disconnect", "error"),
               followers - leaving);
  ExpectMetric("streams_ended_total" + Method("Disconnect", "slow"), kSlow);
  ExpectMetric("streams_opened_total" + Method("Flood"), kFinite);
  ExpectMetric("streams_open" + Method("Disconnect"), 0);
  ExpectMetric("streams_open" + Method("Flood"), 0);
  int64_t events = 0, bytes = 0;
  for (const CountingClient& client : clients) {
    events += client.events();
    bytes += client.bytes();
  }
  ExpectMetric("events_sent_total", events);
  ExpectMetric("bytes_sent_total", bytes);
  ExpectMetric("queue_bytes", 0);
}

}  // namespace
}  // namespace sse_bridge::testing

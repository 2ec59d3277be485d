// The end of a bridge, and another that takes its place: nobody is refused,
// nothing is lost, and browsers do not all come back at once.
//
//   SSE_HANDOVER_CLIENTS (500), SSE_HANDOVER_DRAIN (3s): of the rolling restart

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/loopback.h"
#include "tests/integration/services_testing.h"
#include "tests/integration/stream_clients.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::string PortOf(const std::string& address) {
  return address.substr(address.rfind(':') + 1);
}

// Connects, asks, and reads the status line, again and again until stopped.
// EventSource takes anything but a broken connection for final, and a refused
// connection is an error that a user sees.
class Clients {
 public:
  Clients(const std::string& port, const std::string& target) {
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([this, port, target] {
        while (!stop_) Request(std::atoi(port.c_str()), target);
      });
    }
  }
  ~Clients() { Stop(); }
  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::atomic<int> served{0}, refused{0}, reset{0}, other{0};

 private:
  void Request(int port, const std::string& target) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      ++refused;
    } else {
      const std::string request =
          "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
      char answer[64] = "";
      (void)!send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      const ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
      if (n <= 0) {
        ++reset;
      } else if (std::string(answer).rfind("HTTP/1.1 200 ", 0) == 0) {
        ++served;
      } else {
        ++other;
      }
    }
    const linger now{1, 0};  // no port is left waiting
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

void WaitServed(const Clients& clients, int more) {
  const int from = clients.served;
  WaitFor("requests", [&] { return clients.served >= from + more; });
}

class HandoverTest : public ServicesTest {
 protected:
  static constexpr char kTarget[] = "/prices/stream?symbols=A";
};

TEST_F(HandoverTest, DrainSpreadsTheEndsAndEachIsWhole) {
  constexpr size_t kStreams = 200;
  Bridge bridge(backends_.address, {"--drain-timeout", "3s"});
  StreamClients clients(bridge.address);
  for (size_t i = 0; i < kStreams; ++i) clients.Add(kTarget);
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return r.opened == 1; },
      seconds(20)));
  HttpConnection kept(bridge.address);
  kept.SendRaw("GET ");  // a request that is on its way stays
  bridge.process->Signal(SIGTERM);
  WaitFor("the first end", [&] { return clients.open() < kStreams; });
  // While some go the others stay, and who is new is refused.
  kept.SendRaw(std::string(kTarget) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  ExpectError(kept.ReadAnswer(), 503, "shutting down");
  EXPECT_GT(clients.open(), 0u);
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return !r.ended_at_ms.empty(); },
      seconds(20)));
  EXPECT_EQ(bridge.process->Wait(), 0) << bridge.process->Stderr();
  clients.Stop();

  std::vector<int64_t> ends;
  std::set<int> retries;
  clients.ForEach([&](size_t, const StreamRecord& r) {
    EXPECT_EQ(r.dropped, 0);
    ASSERT_GE(r.retries_ms.size(), 1u);
    EXPECT_GE(r.retries_ms[0], 1000);  // half of the default, and half more
    EXPECT_LE(r.retries_ms[0], 3000);
    retries.insert(r.retries_ms[0]);
    ends.push_back(r.ended_at_ms[0]);
  });
  EXPECT_GT(retries.size(), 100u);
  std::sort(ends.begin(), ends.end());
  // Evenly, by the ends' own times: no quarter of the time has most of them.
  const int64_t span = ends.back() - ends.front() + 1;
  size_t quarters[4] = {};
  for (int64_t end : ends) ++quarters[(end - ends.front()) * 4 / span];
  for (size_t quarter : quarters) {
    EXPECT_GT(quarter, kStreams / 20);
    EXPECT_LT(quarter, kStreams / 2);
  }
}

TEST_F(HandoverTest, SecondBridgeOnThePortTakesOverWithoutARefusal) {
  auto old = std::make_unique<Bridge>(
      backends_.address,
      std::vector<std::string>{"--reuse-port", "--drain-timeout", "500ms"});
  const std::string port = PortOf(old->address);
  Publish("A", 1);
  Clients clients(port, kTarget);
  for (int round = 0; round < 2; ++round) {
    WaitServed(clients, 20);
    auto next = std::make_unique<Bridge>(
        backends_.address,
        std::vector<std::string>{"--reuse-port", "--drain-timeout", "500ms",
                                 "--listen", "127.0.0.1:" + port});
    WaitServed(clients, 20);
    old->process->Signal(SIGTERM);
    EXPECT_EQ(old->process->Wait(), 0);
    WaitServed(clients, 20);
    old = std::move(next);
  }
  clients.Stop();
  EXPECT_EQ(clients.refused, 0);
  EXPECT_EQ(clients.reset, 0);
  EXPECT_EQ(clients.other, 0);
}

TEST_F(HandoverTest, InheritedSocketOutlivesTheBridgeWithoutARefusal) {
  // As systemd does: the socket is somebody else's, and stays.
  int number = 0;
  const int fd = OpenLoopback(SOCK_STREAM, &number);
  const std::string port = std::to_string(number);
  const std::vector<std::string> launcher = {
      "bash", "-c",
      "exec 3<&" + std::to_string(fd) +
          "; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"",
      "bash"};
  const std::vector<std::string> options = {"--drain-timeout", "500ms"};
  Clients clients(port, kTarget);
  for (int round = 0; round < 3; ++round) {
    Bridge bridge(backends_.address, options, Bridge::Key::kOwn, launcher);
    EXPECT_EQ(PortOf(bridge.address), port);
    WaitServed(clients, 20);
    bridge.process->Signal(SIGTERM);
    EXPECT_EQ(bridge.process->Wait(), 0);
  }
  Bridge last(backends_.address, options, Bridge::Key::kOwn, launcher);
  WaitServed(clients, 20);
  clients.Stop();
  close(fd);
  EXPECT_EQ(clients.refused, 0);
  EXPECT_EQ(clients.reset, 0);
  EXPECT_EQ(clients.other, 0);
}

TEST_F(HandoverTest, WrongInheritanceIsNamed) {
  for (const auto& [setup, words] :
       std::vector<std::pair<std::string, std::string>>{
           {"LISTEN_FDS=2", "expected one socket, got 2"},
           {"LISTEN_FDS=1", "descriptor 3"}}) {
    Process process(
        {"bash", "-c",
         "exec 3</dev/null; export LISTEN_PID=$$ " + setup + "; exec \"$@\"",
         "bash", BridgeProgram(), "--upstream", "127.0.0.1:1"});
    EXPECT_EQ(process.Wait(), 2);
    EXPECT_NE(process.Stderr().find(words), std::string::npos)
        << process.Stderr();
  }
}

// HAProxy before two bridges that are restarted one after the other.
class RollingRestartTest : public ServicesTest {};

TEST_F(RollingRestartTest, BehindABalancerNoEventIsLostAndReturnsAreSpread) {
  const char* const seconds_asked = std::getenv("SSE_HANDOVER_DRAIN");
  const std::string drain = seconds_asked == nullptr ? "3s" : seconds_asked;
  const char* const asked = std::getenv("SSE_HANDOVER_CLIENTS");
  const size_t count =
      asked == nullptr ? 500 : std::strtoul(asked, nullptr, 10);
  constexpr int kChannels = 10;
  const std::vector<std::string> options = {"--drain-timeout", drain,
                                            "--max-streams-per-subject", "0"};
  std::vector<std::unique_ptr<Bridge>> bridges;
  for (int i = 0; i < 2; ++i) {
    bridges.push_back(std::make_unique<Bridge>(backends_.address, options));
  }
  // A free port for the balancer: taken and given back.
  std::string port;
  {
    Bridge free(backends_.address);
    port = PortOf(free.address);
  }
  std::string config =
      "global\n  maxconn 5000\n"
      "defaults\n  mode tcp\n  timeout connect 2s\n  timeout client 1h\n"
      "  timeout server 1h\n  retries 3\n  option redispatch 1\n"
      "frontend f\n  bind 127.0.0.1:" +
      port +
      "\n  default_backend b\n"
      "backend b\n  balance leastconn\n";
  for (int i = 0; i < 2; ++i) {
    config += "  server s" + std::to_string(i) +
              " 127.0.0.1:" + PortOf(bridges[static_cast<size_t>(i)]->address) +
              " check inter 100ms fall 1 rise 1\n";
  }
  WriteFile(store_.path() + "/haproxy.cfg", config);
  Process haproxy({"haproxy", "-db", "-f", store_.path() + "/haproxy.cfg"});

  const std::string token = Everything("reader");
  StreamClients clients("127.0.0.1:" + port);
  for (size_t i = 0; i < count; ++i) {
    clients.Add("/channels/c" + std::to_string(i % kChannels) + "/stream",
                token);
  }
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) { return !r.events.empty(); },
      seconds(60)))
      << haproxy.Stderr();

  // Writes on, past the bridges that go: through one that stays.
  std::atomic<bool> stop{false};
  std::vector<int> written(kChannels, 0);
  std::thread writer([&] {
    for (int n = 0; !stop; ++n) {
      const int channel = n % kChannels;
      Post(
          "/channels/c" + std::to_string(channel) + "/messages", writer_,
          {{"content", std::to_string(written[static_cast<size_t>(channel)])}});
      ++written[static_cast<size_t>(channel)];
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  // Everybody has an id to come back with.
  ASSERT_TRUE(clients.WaitForAll(
      [](size_t, const StreamRecord& r) {
        return std::any_of(
            r.events.begin(), r.events.end(),
            [](const SseEvent& e) { return e.event == "message"; });
      },
      seconds(60)));
  std::vector<std::pair<int64_t, int64_t>> drains;
  for (auto& bridge : bridges) {
    const std::string address = bridge->address;
    const int64_t from = clients.NowMs();
    bridge->process->Signal(SIGTERM);
    EXPECT_EQ(bridge->process->Wait(40), 0);
    drains.emplace_back(from, clients.NowMs());
    auto again = options;
    again.insert(again.end(), {"--listen", "127.0.0.1:" + PortOf(address)});
    bridge = std::make_unique<Bridge>(backends_.address, again);
    WaitFor("all to be back", [&] { return clients.open() == count; });
  }
  stop = true;
  writer.join();
  ASSERT_TRUE(clients.WaitForAll(
      [&](size_t i, const StreamRecord& r) {
        for (auto e = r.events.rbegin(); e != r.events.rend(); ++e) {
          if (e->event != "message") continue;
          return Data(*e)["payload"]["content"] ==
                 std::to_string(written[i % kChannels] - 1);
        }
        return false;
      },
      seconds(60)));
  clients.Stop();

  std::vector<size_t> returns[2];
  for (auto& each : returns) each.assign(4, 0);
  clients.ForEach([&](size_t, const StreamRecord& r) {
    EXPECT_TRUE(r.refused.empty()) << r.refused.begin()->first;
    EXPECT_EQ(r.dropped, 0);
    int next = -1;
    for (const SseEvent& event : r.events) {
      ASSERT_NE(event.event, "reset");
      if (event.event != "message") continue;
      const int number =
          std::stoi(Data(event)["payload"]["content"].get<std::string>());
      ASSERT_EQ(number, next < 0 ? number : next);
      next = number + 1;
    }
    for (int64_t at : r.ended_at_ms) {
      for (size_t d = 0; d < drains.size(); ++d) {
        const auto [from, to] = drains[d];
        if (at < from || at > to) continue;
        ++returns[d][std::min<size_t>(
            3, static_cast<size_t>((at - from) * 4 / (to - from + 1)))];
      }
    }
  });
  for (const auto& quarters : returns) {
    std::cout << "streams that ended in each quarter of a drain:";
    for (size_t n : quarters) std::cout << " " << n;
    std::cout << "\n";
    size_t all = 0, most = 0;
    for (size_t n : quarters) {
      all += n;
      most = std::max(most, n);
    }
    EXPECT_GT(all, 0u);
    EXPECT_LT(most, all * 2 / 3);
  }
}

}  // namespace
}  // namespace sse_bridge::testing

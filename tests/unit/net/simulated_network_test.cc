#include "tests/unit/net/simulated_network.h"

#include <sys/epoll.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/net/event_loop.h"
#include "bridge/net/mailbox.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

// Sends back what it receives, as the edges of its sockets allow.
class EchoHandler : public EventLoop::Handler {
 public:
  explicit EchoHandler(SimulatedNetwork* network)
      : loop_(network, network->clock(), this, "echo") {
    EXPECT_TRUE(loop_.Open().ok());
    loop_.Start();
  }
  ~EchoHandler() { loop_.Stop(); }

  void Take(std::unique_ptr<Socket> socket) {
    const auto data = static_cast<uint64_t>(socket->fd());
    EXPECT_EQ(loop_.poller()->Add(socket->fd(), data, Poller::kAllEdges), 0);
    connections_[data].socket = std::move(socket);
  }
  void Post(int command) {
    if (mailbox_.Post(std::move(command)) ==
        Mailbox<int>::Posted::kWakeNeeded) {
      loop_.Wake();
    }
  }

  void OnWake() override { mailbox_.WokeUp(); }
  void OnEvent(uint64_t data, uint32_t events) override {
    const auto it = connections_.find(data);
    if (it == connections_.end()) return;
    Connection& connection = it->second;
    if ((events & EPOLLIN) != 0) {
      Read(&connection, /*to_end=*/(events & EPOLLRDHUP) != 0);
    }
    while (!connection.bytes.empty()) {
      const iovec part{connection.bytes.data(), connection.bytes.size()};
      const ssize_t n = connection.socket->Send(&part, 1);
      if (n == Socket::kWouldBlock) break;
      if (n == Socket::kFailed) connection.failed = true;
      if (n == Socket::kFailed) break;
      const bool is_short = static_cast<size_t>(n) < connection.bytes.size();
      connection.bytes.erase(0, static_cast<size_t>(n));
      if (is_short) break;  // an edge must follow
    }
    if (connection.failed || (connection.ended && connection.bytes.empty())) {
      connections_.erase(it);
    }
  }
  void OnRound() override {
    for (const int command : mailbox_.Take()) commands_.push_back(command);
    mailbox_.Processed();
  }
  int64_t PrepareToWait() override {
    return mailbox_.PrepareToSleep() ? next_ : EventLoop::kNow;
  }
  void OnStop() override { stopped_ = true; }

  struct Connection {
    std::unique_ptr<Socket> socket;
    std::string bytes;
    bool ended = false;
    bool failed = false;
  };

  static void Read(Connection* connection, bool to_end) {
    char buffer[100];
    for (;;) {
      const ssize_t n = connection->socket->Recv(buffer, sizeof buffer);
      if (n == 0) connection->ended = true;
      if (n == Socket::kFailed) connection->failed = true;
      if (n <= 0) return;
      connection->bytes.append(buffer, static_cast<size_t>(n));
      // An edge must announce what comes after a short read, except for an end
      // that the same edge has announced.
      if (static_cast<size_t>(n) < sizeof buffer && !to_end) return;
    }
  }

  EventLoop loop_;
  Mailbox<int> mailbox_;
  std::map<uint64_t, Connection> connections_;
  std::vector<int> commands_;
  int64_t next_ = EventLoop::kNever;
  bool stopped_ = false;
};

std::string Text(size_t size) {
  std::string text;
  for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ".";
  return text;
}

TEST(SimulatedNetworkTest, EveryByteArrivesInOrder) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedNetwork network(seed, {.max_buffer_bytes = 3000});
    EchoHandler echo(&network);
    std::unique_ptr<Socket> socket;
    auto client = network.NewConnection(&socket);
    echo.Take(std::move(socket));
    const std::string text = Text(10'000);
    client->Send(text);
    client->EndSending();
    ASSERT_TRUE(network.RunUntil([&] { return client->ended(); }));
    EXPECT_EQ(client->received(), text);
    EXPECT_FALSE(client->broken());
    EXPECT_EQ(network.open_sockets(), 0u);
  }
}

TEST(SimulatedNetworkTest, OneSeedIsOneRun) {
  std::set<std::string> traces;
  for (const uint64_t seed : {1, 2, 1}) {
    SimulatedNetwork network(seed);
    EchoHandler first(&network), second(&network);
    std::vector<std::unique_ptr<SimulatedClient>> clients;
    for (int i = 0; i < 4; ++i) {
      std::unique_ptr<Socket> socket;
      auto client = network.NewConnection(&socket);
      (i % 2 == 0 ? first : second).Take(std::move(socket));
      client->Send(Text(1000));
      client->EndSending();
      clients.push_back(std::move(client));
    }
    ASSERT_TRUE(network.RunUntil([&] { return network.open_sockets() == 0; }));
    traces.insert(network.trace());
  }
  EXPECT_EQ(traces.size(), 2u);
}

TEST(SimulatedNetworkTest, AResetFailsTheServersEndSoonerOrLater) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedNetwork network(seed);
    EchoHandler echo(&network);
    std::unique_ptr<Socket> socket;
    auto client = network.NewConnection(&socket);
    echo.Take(std::move(socket));
    client->Send(Text(1000));
    client->Reset();
    EXPECT_TRUE(network.RunUntil([&] { return network.open_sockets() == 0; }));
  }
}

// Why servers linger: closing with unread bytes destroys what was sent.
TEST(SimulatedNetworkTest, ClosingWithUnreadBytesResetsTheClient) {
  SimulatedNetwork network(/*seed=*/1);
  std::unique_ptr<Socket> socket;
  auto client = network.NewConnection(&socket);
  client->Send("unread");
  network.RunFor(absl::Seconds(1));
  char text[] = "answer";
  const iovec part{text, 6};
  EXPECT_GT(socket->Send(&part, 1), 0);
  socket.reset();
  EXPECT_TRUE(network.RunUntil([&] { return client->broken(); }));
  EXPECT_EQ(client->received(), "");
}

TEST(SimulatedNetworkTest, AClientThatDoesNotReadFillsTheSocket) {
  SimulatedNetwork network(/*seed=*/1, {.max_buffer_bytes = 1000});
  std::unique_ptr<Socket> socket;
  auto client = network.NewConnection(&socket);
  client->SetReading(false);
  std::string text(2000, 'x');
  const iovec part{text.data(), text.size()};
  size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    const ssize_t n = socket->Send(&part, 1);
    if (n > 0) sent += static_cast<size_t>(n);
    network.RunFor(absl::Seconds(1));
  }
  EXPECT_EQ(socket->Send(&part, 1), Socket::kWouldBlock);
  EXPECT_LE(sent, 1000u);
  EXPECT_EQ(client->received(), "");
  client->SetReading(true);
  EXPECT_EQ(client->received().size(), sent);
  EXPECT_GT(socket->Send(&part, 1), 0);
}

TEST(SimulatedNetworkTest, TimePassesOnlyWhenNothingElseCanHappen) {
  SimulatedNetwork network(/*seed=*/1);
  EchoHandler echo(&network);
  const int64_t start = network.clock()->MonotonicNanos();
  while (network.Step()) {
  }
  EXPECT_EQ(network.clock()->MonotonicNanos(), start);
  echo.next_ = start + 1'000'000'000'000;
  echo.Post(7);
  ASSERT_TRUE(network.RunUntil([&] { return !echo.commands_.empty(); }));
  EXPECT_EQ(network.clock()->MonotonicNanos(), start);
  ASSERT_TRUE(network.RunUntil(
      [&] { return network.clock()->MonotonicNanos() == echo.next_; }));
}

// Nothing but a wake tells a loop that sleeps of a command.
TEST(SimulatedNetworkTest, AMissedWakeIsFound) {
  SimulatedNetwork network(/*seed=*/1);
  EchoHandler echo(&network);
  while (network.Step()) {
  }
  int command = 7;
  EXPECT_EQ(echo.mailbox_.Post(std::move(command)),
            Mailbox<int>::Posted::kWakeNeeded);
  EXPECT_FALSE(network.RunUntil([&] { return !echo.commands_.empty(); }));
  echo.loop_.Wake();
  EXPECT_TRUE(network.RunUntil([&] { return !echo.commands_.empty(); }));
}

TEST(SimulatedNetworkTest, AStoppedLoopRunsNoMore) {
  SimulatedNetwork network(/*seed=*/1);
  EchoHandler echo(&network);
  echo.loop_.Stop();
  EXPECT_TRUE(echo.stopped_);
  echo.Post(7);
  EXPECT_FALSE(network.RunUntil([&] { return !echo.commands_.empty(); }));
}

TEST(SimulatedNetworkTest, ClientsAreRefusedWithoutAListeningSocket) {
  SimulatedNetwork network(/*seed=*/1);
  EXPECT_TRUE(network.Connect("192.0.2.1")->broken());
  std::unique_ptr<ListeningSocket> listening = network.Listen();
  const auto client = network.Connect("192.0.2.1");
  EXPECT_FALSE(client->broken());
  AcceptedConnection connection;
  while (listening->Accept(&connection) != ListeningSocket::Result::kAccepted) {
  }
  EXPECT_EQ(connection.peer_address, "192.0.2.1");
  EXPECT_TRUE(listening->RefuseNewHandshakes());
  EXPECT_TRUE(network.Connect("192.0.2.1")->broken());
}

}  // namespace
}  // namespace sse_bridge

// The real listener, handshakes and delivery on a simulated network and clock.
// A failure names its seed, which repeats it.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"
#include "bridge/http/http_listener.h"
#include "bridge/http/httplib_server.h"
#include "gtest/gtest.h"
#include "tests/unit/delivery/delivery_testing.h"
#include "tests/unit/http/simulated_http_client.h"
#include "tests/unit/net/simulated_network.h"
#include "tests/unit/net/simulated_transport.h"

namespace sse_bridge {
namespace {

constexpr uint64_t kSeeds = 200;
constexpr int kEvents = 60;
constexpr char kProxy[] = "10.0.0.1";
constexpr char kPeer[] = "198.51.100.7";
constexpr char kProxyHeader[] = "PROXY TCP4 198.51.100.7 10.0.0.1 5000 80\r\n";

std::string Body(const std::string& name, size_t size) {
  return absl::StrCat(name, ":", std::string(size, 'b'));
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed)
      : network_(seed),
        with_proxy_(network_.OneIn(3)),
        with_handshake_(network_.OneIn(3)),
        httplib_(/*reuse_port=*/false),
        delivery_(DeliveryOptions()) {
    EXPECT_TRUE(delivery_.Start().ok());
    topic_ = Topic::Create(&delivery_, {}, {});
    listener_ = std::make_unique<HttpListener>(
        ListenerOptions(), &httplib_,
        [this](std::shared_ptr<HttpExchange> exchange) {
          Handle(std::move(exchange));
          return true;
        });
    EXPECT_TRUE(listener_->Start(network_.Listen()).ok());
    PublishLater();
  }

  // Clients connect and ask, and some leave. The others get everything.
  void Run() {
    const uint64_t count = 1 + network_.Random(6);
    for (uint64_t i = 0; i < count; ++i) {
      const std::string name = absl::StrCat("client", i);
      network_.After(network_.RandomDelay(absl::Seconds(1)), [this, name] {
        if (network_.OneIn(2)) {
          AskForAnswers(name);
        } else {
          AskForStream();
        }
      });
    }
    const bool done = network_.RunUntil([&] {
      return clients_.size() == count &&
             std::all_of(clients_.begin(), clients_.end(),
                         [](const auto& each) { return each->IsDone(); });
    });
    for (const auto& client : clients_) client->Check();
    EXPECT_TRUE(done) << "a client waits for ever";
  }

  // Once the clients have closed, nothing of them is left.
  void CheckThatAllIsReleased() {
    for (const auto& client : clients_) client->socket().Close();
    EXPECT_TRUE(network_.RunUntil([&] {
      return listener_->connections() == 0 && delivery_.Stats().open == 0 &&
             network_.open_sockets() == 1;  // that listens
    })) << listener_->connections()
        << " connections, " << delivery_.Stats().open << " streams, "
        << network_.open_sockets() << " sockets";
    EXPECT_EQ(delivery_.Stats().queue_bytes, 0u);
    EXPECT_TRUE(listener_->WaitUntilIdle(absl::InfinitePast()));
  }

  const std::string& trace() const { return network_.trace(); }

 private:
  Delivery::Options DeliveryOptions() {
    Delivery::Options options;
    options.threads = 2;
    options.network = &network_;
    options.clock = network_.clock();
    if (network_.OneIn(2)) options.flush_window = absl::Milliseconds(5);
    return options;
  }

  ConnectionOptions ListenerOptions() {
    ConnectionOptions options;
    options.network = &network_;
    options.clock = network_.clock();
    options.handshake.proxy_protocol = with_proxy_;
    options.handshake.proxies = *TrustedProxies::Create({kProxy});
    if (with_handshake_) options.handshake.transport = &transport_;
    return options;
  }

  // ---- The server ----

  void Handle(std::shared_ptr<HttpExchange> exchange) {
    EXPECT_EQ(exchange->peer_address(), kPeer);
    network_.After(network_.RandomDelay(absl::Milliseconds(200)),
                   [this, exchange = std::move(exchange)] {
                     if (exchange->StartServing()) Answer(exchange.get());
                   });
  }

  void Answer(HttpExchange* exchange) {
    if (exchange->raw_path() != "/stream") {
      exchange->Respond({200, {}, exchange->body()});
    } else {
      OpenStream(exchange);
    }
  }

  void OpenStream(HttpExchange* exchange) {
    size_t index = 0;
    EXPECT_TRUE(absl::SimpleAtoi(exchange->raw_query(), &index));
    auto* client = static_cast<StreamingClient*>(clients_[index].get());
    if (published_ == kEvents) {
      client->refused = true;
      exchange->Respond({200, {}, std::string(kOver)});
      return;
    }
    StreamSpec spec;
    spec.socket = exchange->DetachForStream().socket;
    spec.head = std::string(kSimulatedStreamHead);
    client->first_event = published_;
    client->end_event = kEvents;
    // Every event arrives, however slow the client is.
    topic_->Attach(delivery_.Open(std::move(spec)),
                   {.policy = SlowPolicy::kUnbounded}, {});
  }

  void PublishLater() {
    network_.After(network_.RandomDelay(absl::Milliseconds(60)), [this] {
      topic_->Publish(Event(absl::StrCat(published_++)));
      if (published_ < kEvents) {
        PublishLater();
      } else {
        topic_->End(nullptr, /*error=*/false);
      }
    });
  }

  // ---- The clients ----

  template <typename T>
  T* AddClient() {
    auto added =
        std::make_unique<T>(network_.Connect(with_proxy_ ? kProxy : kPeer));
    T* client = added.get();
    clients_.push_back(std::move(added));
    if (with_proxy_) client->socket().Send(kProxyHeader);
    if (with_handshake_) {
      client->socket().Send(kHello);
      client->set_received_first(kWelcome);
    }
    if (network_.OneIn(4)) {
      network_.After(network_.RandomDelay(absl::Seconds(2)),
                     [this, client] { client->Leave(network_.OneIn(2)); });
    } else if (network_.OneIn(3)) {
      client->socket().SetReading(false);
      network_.After(network_.RandomDelay(absl::Seconds(2)),
                     [client] { client->socket().SetReading(true); });
    }
    return client;
  }

  void AskForAnswers(const std::string& name) {
    auto* client = AddClient<AskingClient>();
    const bool pipelines = network_.OneIn(2);
    const uint64_t requests = 1 + network_.Random(5);
    absl::Duration at = absl::ZeroDuration();
    for (uint64_t i = 0; i < requests; ++i) {
      const std::string body =
          Body(absl::StrCat(name, "-", i), network_.Random(5000));
      client->expected.push_back(body);
      const bool is_last = i + 1 == requests;
      // A client of TLS does not half-close.
      const bool ends = is_last && !with_handshake_ && network_.OneIn(3);
      if (!pipelines) at += network_.RandomDelay(absl::Milliseconds(300));
      network_.After(at, [client, body, ends] {
        client->socket().Send(absl::StrCat(
            "POST /answer HTTP/1.1\r\nHost: h\r\nContent-Length: ", body.size(),
            "\r\n\r\n", body));
        if (ends) client->socket().EndSending();
      });
    }
  }

  void AskForStream() {
    auto* client = AddClient<StreamingClient>();
    client->socket().Send(absl::StrCat("GET /stream?", clients_.size() - 1,
                                       " HTTP/1.1\r\nHost: h\r\n\r\n"));
  }

  SimulatedNetwork network_;
  const bool with_proxy_, with_handshake_;
  const SimulatedTransport transport_;
  HttplibServer httplib_;
  Delivery delivery_;
  std::shared_ptr<Topic> topic_;
  std::unique_ptr<HttpListener> listener_;
  int published_ = 0;
  std::vector<std::unique_ptr<SimulatedHttpClient>> clients_;
};

TEST(ListenerSimulationTest, EveryRequestGetsItsAnswerAndEveryStreamItsEvents) {
  for (uint64_t seed = 0; seed < kSeeds && !testing::Test::HasFailure();
       ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Simulation simulation(seed);
    simulation.Run();
    simulation.CheckThatAllIsReleased();
  }
}

TEST(ListenerSimulationTest, OneSeedIsOneRun) {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    Simulation simulation(/*seed=*/17);
    simulation.Run();
    simulation.CheckThatAllIsReleased();
    if (i == 0) first = simulation.trace();
    EXPECT_EQ(simulation.trace(), first);
  }
}

// Timeouts follow the simulated clock and cost no real time.
TEST(ListenerSimulationTest, SilentClientsAreClosedAtTheirDeadlines) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    SimulatedNetwork network(seed);
    const SimulatedTransport transport;
    HttplibServer httplib(/*reuse_port=*/false);
    ConnectionOptions options;
    options.network = &network;
    options.clock = network.clock();
    options.head_timeout = absl::Hours(1);
    if (seed % 2 == 0) options.handshake.transport = &transport;
    HttpListener listener(options, &httplib, [](auto) { return true; });
    ASSERT_TRUE(listener.Start(network.Listen()).ok());
    const auto client = network.Connect(kPeer);
    network.RunFor(absl::Minutes(59));
    EXPECT_EQ(listener.connections(), 1u);
    EXPECT_FALSE(client->ended());
    network.RunFor(absl::Minutes(2));
    EXPECT_EQ(listener.connections(), 0u);
    EXPECT_TRUE(client->ended());
  }
}

// More clients than descriptors: each is answered, and nobody hangs.
TEST(ListenerSimulationTest, OutOfDescriptorsNobodyHangs) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    SimulatedNetwork network(seed, {.max_sockets = 4});
    HttplibServer httplib(/*reuse_port=*/false);
    ConnectionOptions options;
    options.network = &network;
    options.clock = network.clock();
    HttpListener listener(
        options, &httplib,
        [&network](const std::shared_ptr<HttpExchange>& exchange) {
          network.Soon([exchange] { exchange->Respond({200, {}, "x"}); });
          return true;
        });
    ASSERT_TRUE(listener.Start(network.Listen()).ok());
    std::vector<std::unique_ptr<SimulatedClient>> clients;
    for (int i = 0; i < 12; ++i) {
      clients.push_back(network.Connect(absl::StrCat("192.0.2.", i)));
      clients.back()->Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    EXPECT_TRUE(network.RunUntil([&] {
      return std::all_of(
          clients.begin(), clients.end(), [](const auto& client) {
            return client->broken() || client->ended() ||
                   absl::EndsWith(client->received(), "\r\n\r\nx");
          });
    }));
  }
}

}  // namespace
}  // namespace sse_bridge

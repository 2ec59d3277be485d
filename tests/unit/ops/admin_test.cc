// The admin listener's responses, over a real socket.

#include "bridge/ops/admin.h"

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "tests/unit/http/server_testing.h"

namespace sse_bridge {
namespace {

using testing::GetRequest;
using testing::LoopbackClient;
using testing::WireAnswer;

class AdminTest : public ::testing::Test {
 protected:
  AdminTest()
      : admin_({[this] {
                  return std::vector<Admin::Condition>{
                      {"schema", true, ""},
                      {"upstream", !away_, "no connection to \"h:1\""}};
                },
                [this] { return "scrapes " + std::to_string(++scrapes_); }},
               *OriginRules::Create({}, {"h", "*.localhost"})),
        server_([] {
          HttpServer::Options options;
          options.workers = 1;
          return options;
        }()) {
    EXPECT_TRUE(server_.Bind().ok());
    server_.Start([this](std::shared_ptr<HttpExchange> exchange) {
      admin_.Handle(exchange);
    });
  }

  WireAnswer Get(const std::string& target) const {
    LoopbackClient client(server_.port());
    client.Send(GetRequest(target));
    return client.Read();
  }

  std::atomic<bool> away_{false};
  std::atomic<int> scrapes_{0};
  const Admin admin_;
  HttpServer server_;
};

TEST_F(AdminTest, HealthIsOk) {
  EXPECT_EQ(Get("/healthz").status, 200);
  away_ = true;
  EXPECT_EQ(Get("/healthz").status, 200);
}

TEST_F(AdminTest, ReadinessNamesFailedConditions) {
  const WireAnswer ready = Get("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(nlohmann::json::parse(ready.body)["ready"], true);
  away_ = true;
  const WireAnswer away = Get("/readyz");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.Header("Content-Type"), "application/json");
  const auto body = nlohmann::json::parse(away.body);
  EXPECT_EQ(body["ready"], false);
  EXPECT_EQ(body["checks"]["schema"], nlohmann::json({{"ok", true}}));
  EXPECT_EQ(body["checks"]["upstream"]["reason"], "no connection to \"h:1\"");
}

TEST_F(AdminTest, ScrapesAreNotCached) {
  EXPECT_EQ(Get("/metrics").body, "scrapes 1");
  const WireAnswer second = Get("/metrics");
  EXPECT_EQ(second.body, "scrapes 2");
  EXPECT_EQ(second.Header("Cache-Control"), "no-store");
  EXPECT_EQ(second.Header("Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(AdminTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_EQ(Get("/").status, 404);
  EXPECT_EQ(Get("/metrics/x").status, 404);
  LoopbackClient client(server_.port());
  client.Send("POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  const WireAnswer refused = client.Read();
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.Header("Allow"), "GET, HEAD");
}

// In a DNS rebinding attack, the request names the page's domain as its host.
TEST_F(AdminTest, OnlyAllowedHostsAndAddressesAreAccepted) {
  const auto status = [this](const std::string& host,
                             const std::string& version = "1.1") {
    LoopbackClient client(server_.port());
    client.Send("GET /metrics HTTP/" + version + "\r\n" + host + "\r\n");
    return client.Read().status;
  };
  for (const char* host :
       {"h", "H:9090", "a.localhost", "127.0.0.1", "10.1.2.3:9090", "[::1]",
        "[2001:db8::1]:9090", ""}) {
    EXPECT_EQ(status(std::string("Host: ") + host + "\r\n"), 200) << host;
  }
  for (const char* host :
       {"evil.example", "127.0.0.1.evil.example", "h.evil.example", "xh",
        "localhost.evil.example:9090", "[::1].evil.example", "[evil]", "1.2.3",
        "0x7f000001"}) {
    EXPECT_EQ(status(std::string("Host: ") + host + "\r\n"), 421) << host;
  }
  // Old probes send no Host header.
  EXPECT_EQ(status("", "1.0"), 200);
}

TEST_F(AdminTest, ConcurrentScrapesSucceed) {
  constexpr int kThreads = 4;
  constexpr int kScrapes = 10;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int k = 0; k < kScrapes; ++k) {
        EXPECT_EQ(Get("/metrics").status, 200);
        EXPECT_EQ(Get("/readyz").status, 200);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(scrapes_, kThreads * kScrapes);
}

}  // namespace
}  // namespace sse_bridge

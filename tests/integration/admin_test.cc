// What the operator sees: health, readiness, metrics that agree with what
// clients counted, and the lifecycle log.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

// SSE_BRIDGE_TEST_STREAMS makes it heavier.
int Streams() {
  const char* asked = std::getenv("SSE_BRIDGE_TEST_STREAMS");
  return asked == nullptr ? 100 : std::atoi(asked);
}

class AdminTest : public ServicesTest {
 protected:
  AdminTest()
      : watched_(backends_.address, {"--admin=127.0.0.1:0", "--log-streams",
                                     "--max-streams-per-subject=0"}),
        admin_(watched_.process->WaitForLine("admin on ")) {}

  HttpAnswer Admin(const std::string& target) const {
    HttpRequest request;
    request.target = target;
    return Fetch(admin_, request);
  }

  // The samples of a scrape by "name{labels}".
  std::map<std::string, double> Metrics() const {
    const HttpAnswer answer = Admin("/metrics");
    EXPECT_EQ(answer.status, 200);
    std::map<std::string, double> samples;
    std::istringstream lines(answer.body);
    for (std::string line; std::getline(lines, line);) {
      const size_t space = line.rfind(' ');
      if (line.empty() || line[0] == '#') continue;
      samples[line.substr(0, space)] = std::atof(line.c_str() + space);
    }
    return samples;
  }

  std::vector<nlohmann::json> JsonAccessLog() const {
    std::vector<nlohmann::json> events;
    std::istringstream lines(watched_.process->Stderr());
    for (std::string line; std::getline(lines, line);) {
      if (line[0] == '{') events.push_back(nlohmann::json::parse(line));
    }
    return events;
  }

  Bridge watched_;
  const std::string admin_;
};

TEST_F(AdminTest, HealthAndReadiness) {
  EXPECT_EQ(Admin("/healthz").status, 200);
  WaitFor("readiness", [&] { return Admin("/readyz").status == 200; });
  const auto ready = nlohmann::json::parse(Admin("/readyz").body);
  EXPECT_EQ(ready["ready"], true);
  EXPECT_EQ(ready["checks"]["upstream"]["ok"], true);
  EXPECT_EQ(Admin("/nothing").status, 404);

  backends_.process->Signal(SIGKILL);
  backends_.process->Wait();
  WaitFor("the loss", [&] { return Admin("/readyz").status == 503; });
  const auto away = nlohmann::json::parse(Admin("/readyz").body);
  EXPECT_EQ(away["ready"], false);
  EXPECT_NE(std::string(away["checks"]["upstream"]["reason"])
                .find("no connection to"),
            std::string::npos);
  EXPECT_EQ(Admin("/healthz").status, 200);
}

// No page whose name leads here (DNS rebinding) reads the metrics.
TEST_F(AdminTest, ListenerHasNamesOfItsOwn) {
  Bridge named(backends_.address,
               {"--admin=localhost:0", "--allowed-host=bridge.example",
                "--admin-allowed-host=*.monitoring.example"});
  const std::string admin = named.process->WaitForLine("admin on ");
  const auto status = [&](const std::string& host) {
    HttpRequest request;
    request.target = "/metrics";
    request.headers.emplace_back("Host", host);
    return Fetch("127.0.0.1" + admin.substr(admin.rfind(':')), request).status;
  };
  for (const char* host :
       {"127.0.0.1", "10.0.0.7:9090", "[fd00::1]:9090", "localhost:9090",
        "bridge.example", "a.monitoring.example:9090"}) {
    EXPECT_EQ(status(host), 200) << host;
  }
  for (const char* host : {"evil.example", "monitoring.example", "metrics"}) {
    EXPECT_EQ(status(host), 421) << host;
  }
}

TEST_F(AdminTest, DrainingIsNotReady) {
  Bridge patient(backends_.address,
                 {"--admin=127.0.0.1:0", "--drain-timeout=10m"});
  const std::string admin = patient.process->WaitForLine("admin on ");
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(patient.Stream("/prices/stream?symbols=A"));
  }
  patient.process->Signal(SIGTERM);
  HttpRequest request;
  request.target = "/readyz";
  HttpAnswer answer;
  WaitFor("the drain", [&] {
    answer = Fetch(admin, request);
    return answer.body.find("shutting down") != std::string::npos;
  });
  EXPECT_EQ(answer.status, 503);
}

TEST_F(AdminTest, CountersAgreeWithWhatClientsCounted) {
  const int streams = Streams();
  constexpr int kEvents = 7;
  const std::string method = "{method=\"realtime.v1.Prices.StreamPrices\"";
  std::vector<HttpConnection> open;
  for (int i = 0; i < streams; ++i) {
    open.push_back(watched_.Stream("/prices/stream?symbols=A"));
  }
  const std::string token = watched_.Token("w", "--scope prices:publish");
  for (int i = 1; i <= kEvents; ++i) {
    watched_.Call("POST", "/prices", token,
                  R"({"symbol":"A","price":)" + std::to_string(i) + "}");
    // Each is awaited, so that none is conflated.
    for (HttpConnection& stream : open) {
      EXPECT_EQ(Data(stream.Event())["price"], i);
    }
  }
  auto samples = Metrics();
  EXPECT_EQ(samples["sse_bridge_events_sent_total"], streams * kEvents);
  EXPECT_EQ(samples["sse_bridge_streams_open" + method + "}"], streams);
  EXPECT_EQ(samples["sse_bridge_streams_opened_total" + method + "}"], streams);
  EXPECT_EQ(samples["sse_bridge_connections_open"], streams);
  EXPECT_EQ(samples["sse_bridge_queue_bytes"], 0);
  EXPECT_GT(samples["sse_bridge_delivery_latency_seconds_count"], 0);
  EXPECT_EQ(samples["sse_bridge_upstream_calls_total{method=\"realtime.v1."
                    "Prices/PublishPrice\"}"],
            kEvents);
  EXPECT_EQ(samples["sse_bridge_upstream_calls_total{method=\"realtime.v1."
                    "Prices/StreamPrices\"}"],
            1);

  const int leaving = streams / 2;
  for (int i = 0; i < leaving; ++i) open[i].Close();
  const std::string gone =
      "sse_bridge_streams_ended_total" + method + ",reason=\"client_gone\"}";
  WaitFor("the ends", [&] { return Metrics()[gone] == leaving; });
  samples = Metrics();
  EXPECT_EQ(samples["sse_bridge_streams_open" + method + "}"],
            streams - leaving);
  EXPECT_EQ(samples["sse_bridge_connections_open"], streams - leaving);
}

TEST_F(AdminTest, ScrapeHasWhatDashboardAndAlertsAskFor) {
  HttpConnection stream = watched_.Stream("/prices/stream?symbols=A");
  const std::string scrape = store_.path() + "/metrics";
  WriteFile(scrape, Admin("/metrics").body);
  const CommandResult result =
      TryCommand(RepositoryRoot() + "/scripts/packaging/check_metrics.sh " +
                 scrape + " 2>&1");
  EXPECT_EQ(result.code, 0) << result.output;
}

TEST_F(AdminTest, BytesAreThoseOfTheWire) {
  HttpRequest request = watched_.Request("GET", "/prices/stream?symbols=B");
  request.version = "HTTP/1.0";  // no chunks: what is read is what was sent
  request.headers.emplace_back("Connection", "close");
  HttpConnection stream(watched_.address);
  stream.Send(request);
  std::string bytes;
  const auto read_until = [&](const std::string& words) {
    char buffer[4096];
    while (bytes.find(words) == std::string::npos) {
      const ssize_t n = read(stream.fd(), buffer, sizeof buffer);
      ASSERT_GT(n, 0);
      bytes.append(buffer, static_cast<size_t>(n));
    }
  };
  read_until(": open\n\n");
  watched_.Call("POST", "/prices",
                watched_.Token("w", "--scope prices:publish"),
                R"({"symbol":"B","price":5})");
  read_until("\"price\":5");
  read_until("}\n\n");
  EXPECT_EQ(Metrics()["sse_bridge_bytes_sent_total"], bytes.size());
}

TEST_F(AdminTest, RefusalsAreCountedByReason) {
  EXPECT_EQ(watched_.Call("GET", "/notifications/stream").status, 401);
  EXPECT_EQ(
      watched_.Call("GET", "/notifications/stream", watched_.Token("a")).status,
      403);
  EXPECT_EQ(watched_.Call("GET", "/notifications/stream", "a.b.c").status, 401);
  EXPECT_EQ(
      watched_.Call("GET", "/tasks/none/progress", watched_.Token("a")).status,
      404);
  HttpConnection broken(watched_.address);
  broken.SendRaw("GET / HTTP/9.9\r\n\r\n");
  const int status = broken.ReadHead().status;
  auto samples = Metrics();
  EXPECT_EQ(samples["sse_bridge_auth_failures_total{reason=\"no token\"}"], 1);
  EXPECT_EQ(samples["sse_bridge_auth_failures_total{reason=\"scope or role\"}"],
            1);
  EXPECT_EQ(samples["sse_bridge_auth_failures_total{reason=\"malformed\"}"], 1);
  EXPECT_EQ(samples["sse_bridge_http_errors_total{code=\"UNAUTHENTICATED\"}"],
            2);
  EXPECT_EQ(samples["sse_bridge_streams_refused_total{method=\"realtime.v1."
                    "Tasks.StreamProgress\",code=\"NOT_FOUND\"}"],
            1);
  EXPECT_EQ(samples["sse_bridge_gate_rejections_total{status=\"" +
                    std::to_string(status) + "\"}"],
            1);
}

TEST_F(AdminTest, LostBackendShowsAsReconnects) {
  HttpConnection stream = watched_.Stream("/prices/stream?symbols=A");
  KillAndRestartBackends();
  WaitFor("a reconnect", [&] {
    return Metrics()
               ["sse_bridge_upstream_reconnects_total{method=\"realtime."
                "v1.Prices/StreamPrices\"}"] >= 1;
  });
}

TEST_F(AdminTest, LifecycleIsLoggedWithTheTraceAndWithoutSecrets) {
  const std::string token = watched_.Token("ann", "--scope notifications:read");
  HttpRequest request =
      watched_.Request("GET", "/notifications/stream?x=", token);
  request.target = "/notifications/stream";
  request.headers.emplace_back(
      "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  request.headers.emplace_back("X-Request-Id", "req-7");
  {
    HttpConnection stream(watched_.address);
    stream.Send(request);
    EXPECT_EQ(stream.ReadHead().status, 200);
  }
  WaitFor("the end", [&] {
    const auto events = JsonAccessLog();
    return !events.empty() &&
           events.back()["event"] == "http.stream.client.disconnected";
  });
  const auto events = JsonAccessLog();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0]["event"], "http.stream.executing");
  EXPECT_EQ(events[1]["event"], "http.stream.started");
  for (const auto& event : events) {
    EXPECT_EQ(event["method"], "realtime.v1.Notifications.StreamNotifications");
    EXPECT_EQ(event["route"], "GET /notifications/stream");
    EXPECT_EQ(event["subject"], "ann");
    EXPECT_EQ(event["address"], "127.0.0.1");
    EXPECT_EQ(event["request_id"], "req-7");
    EXPECT_EQ(std::string(event["traceparent"])
                  .rfind("00-0af7651916cd43dd8448eb211c80319c-", 0),
              0u);
  }
  EXPECT_EQ(watched_.process->Stderr().find(token), std::string::npos);
}

}  // namespace
}  // namespace sse_bridge::testing

#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP_SERVER_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP_SERVER_TESTING_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http_server.h"
#include "tests/unit/http/loopback_client.h"

namespace sse_bridge::testing {

inline std::string GetRequest(const std::string& target,
                              const std::string& headers = "") {
  return absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: h\r\n", headers,
                      "\r\n");
}

// A server that queues requests for the test to answer (Next), or, while
// `echoes`, answers each request with a description of it.
class ServerFixture : public ::testing::Test {
 protected:
  void StartServer(HttpServer::Options options = {}, bool echoes = true) {
    server_ = std::make_unique<HttpServer>(std::move(options));
    const absl::Status bound = server_->Bind();
    ASSERT_TRUE(bound.ok()) << bound;
    StartHandling(echoes);
  }

  void StartHandling(bool echoes = false) {
    server_->Start([this, echoes](std::shared_ptr<HttpExchange> exchange) {
      if (echoes) {
        exchange->Respond(Echo(*exchange));
        return;
      }
      MutexLock lock(&mu_);
      waiting_.push_back(std::move(exchange));
      came_.notify_all();
    });
  }

  void TearDown() override { server_.reset(); }

  static HttpResponse Echo(const HttpExchange& exchange) {
    return {200,
            {{"Content-Type", "text/plain"}},
            absl::StrCat(exchange.verb(), " ", exchange.raw_path(), " ",
                         exchange.raw_query(), " [", exchange.body(), "] ",
                         exchange.peer_address())};
  }

  // Waits for the next request and returns it.
  std::shared_ptr<HttpExchange> Next() {
    MutexLock lock(&mu_);
    while (waiting_.empty()) came_.wait(mu_);
    auto exchange = std::move(waiting_.front());
    waiting_.pop_front();
    return exchange;
  }

  LoopbackClient Connect() { return LoopbackClient(server_->port()); }

  std::unique_ptr<HttpServer> server_;

 private:
  Mutex mu_;
  std::condition_variable_any came_;
  std::deque<std::shared_ptr<HttpExchange>> waiting_ ABSL_GUARDED_BY(mu_);
};

// A condition that another thread sets.
class Signal {
 public:
  void Set() {
    MutexLock lock(&mu_);
    ++count_;
    changed_.notify_all();
  }
  void Wait() {
    MutexLock lock(&mu_);
    while (count_ == 0) changed_.wait(mu_);
  }
  int count() {
    MutexLock lock(&mu_);
    return count_;
  }

 private:
  Mutex mu_;
  std::condition_variable_any changed_;
  int count_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP_SERVER_TESTING_H_

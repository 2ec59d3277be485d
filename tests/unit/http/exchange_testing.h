#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP_EXCHANGE_TESTING_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP_EXCHANGE_TESTING_H_

#include <condition_variable>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http_exchange.h"
#include "tests/unit/http/loopback_client.h"

namespace sse_bridge::testing {

// The client's end of a request that has no connection: receives the response,
// or the stream that takes over the connection. Thread-safe. Waits at most 30 s
// before the test fails.
class TestClient {
 public:
  TestClient() = default;
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool answered() const;

  // Waits for the response.
  WireAnswer Answer() const;

  // Reads the stream, including its head, until it contains `text`. Returns all
  // that was read so far.
  std::string ReadUntil(absl::string_view text);

  // Closes the client's end of a stream.
  void Close();

  // Memory that was reported for the request, in bytes.
  size_t held() const;

 private:
  friend class TestLink;

  void Put(std::string bytes);
  int Detach();

  mutable Mutex mu_;
  mutable std::condition_variable_any changed_;
  std::string bytes_ ABSL_GUARDED_BY(mu_);
  bool answered_ ABSL_GUARDED_BY(mu_) = false;
  int stream_fd_ ABSL_GUARDED_BY(mu_) = -1;
  size_t held_ ABSL_GUARDED_BY(mu_) = 0;
  std::string received_;  // of the stream; used on the test's thread
};

// A request with this verb, target and these headers, from 192.0.2.1 unless
// `peer` is given. `client` receives the response; null discards it.
std::shared_ptr<HttpExchange> MakeExchange(
    std::string verb, std::string target, HttpHeaders headers = {},
    std::shared_ptr<TestClient> client = nullptr, std::string body = "",
    std::string peer = "192.0.2.1");

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP_EXCHANGE_TESTING_H_

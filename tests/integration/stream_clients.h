#ifndef SSE_BRIDGE_TESTS_INTEGRATION_STREAM_CLIENTS_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_STREAM_CLIENTS_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/http_client.h"

namespace sse_bridge::testing {

// What one client of StreamClients has seen, whole.
struct StreamRecord {
  // With data, but for `upstream`; what was cut short is not here.
  std::vector<SseEvent> events;
  int opened = 0;                     // streams with status 200
  int dropped = 0;                    // that ended without their proper end
  int ended = 0;                      // that ended properly
  int failed = 0;                     // connections that gave no answer at all
  std::map<int, int> refused;         // other statuses, how often
  std::vector<int> retries_ms;        // each `retry:` that came after the first
  std::vector<int64_t> opened_at_ms;  // since the clients were made
  std::vector<int64_t> ended_at_ms;
  bool away = false;  // upstream is, by the newest that says so
};

// Thousands of browsers with an EventSource each (WHATWG HTML, 9.2): they come
// back after `retry:` with their Last-Event-ID, and stay away after a 204.
// After any other refusal EventSource stays away too, and then the page makes a
// new one with the id in the query: so do these, after a second.
//
// One thread. Thread-safe.
class StreamClients {
 public:
  // Takes each event instead of the record: long runs have millions of them.
  // Never while a look at the records is under way.
  using Sink = std::function<void(size_t client, const SseEvent& event)>;

  explicit StreamClients(const std::string& address, Sink sink = nullptr);
  ~StreamClients();
  StreamClients(const StreamClients&) = delete;
  StreamClients& operator=(const StreamClients&) = delete;

  // The number of the new client.
  size_t Add(const std::string& target, const std::string& token = "");

  // Those whose stream is open now.
  size_t open() const;

  // A copy of one client's record, or of something in all of them.
  StreamRecord Record(size_t client) const;
  void ForEach(
      const std::function<void(size_t, const StreamRecord&)>& look) const;

  // Until `holds` is true of every client; false after so long.
  bool WaitForAll(const std::function<bool(size_t, const StreamRecord&)>& holds,
                  std::chrono::seconds patience) const;

  // Until `lacks` names nothing for any client. The failure, after so long,
  // says which clients lack what.
  ::testing::AssertionResult WaitUntilNoneLacks(
      const std::function<std::vector<std::string>(size_t,
                                                   const StreamRecord&)>& lacks,
      std::chrono::seconds patience) const;

  // Milliseconds since the clients were made.
  int64_t NowMs() const;

  // The connection is reset under the client; it comes back.
  void Cut(size_t client);

  // The same for good: the page is closed.
  void Remove(size_t client);

  // From here on nothing is received any more.
  void Stop();

 private:
  struct Client;

  void Run();
  void Connect(Client* client);
  void Disconnect(Client* client, int wait_ms);
  void Reset(Client* client);
  void OnReadable(Client* client);
  bool TakeHead(Client* client);
  void TakeBody(Client* client);
  void TakeBlock(Client* client, const std::string& block);

  const std::string address_;
  const Sink sink_;
  const std::chrono::steady_clock::time_point start_;
  int epoll_fd_ = -1;
  mutable std::mutex mu_;  // of all that follows
  std::vector<std::unique_ptr<Client>> clients_;
  size_t open_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_STREAM_CLIENTS_H_

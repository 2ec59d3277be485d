#ifndef SSE_BRIDGE_TESTS_INTEGRATION_LINK_PROXY_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_LINK_PROXY_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sse_bridge::testing {

// A TCP proxy that does to a link what networks do: cuts it, delays it, splits
// what it carries, or swallows it. For any number of connections; one thread.
// Thread-safe.
class LinkProxy {
 public:
  // Passes on to `to` ("http://127.0.0.1:PORT" or "127.0.0.1:PORT").
  explicit LinkProxy(const std::string& to);
  ~LinkProxy();
  LinkProxy(const LinkProxy&) = delete;
  LinkProxy& operator=(const LinkProxy&) = delete;

  std::string address() const;  // "127.0.0.1:PORT"

  // At most so many bytes in one piece; 0: as they come.
  void Split(int bytes) { split_ = bytes; }

  // Each byte arrives so much later.
  void Delay(int milliseconds) { delay_ms_ = milliseconds; }

  // From this call's return on nothing is passed on in either direction, and
  // nobody is told.
  void Swallow(bool on);

  // Resets connections at both ends: all, or about so many of a thousand.
  void Cut(int of_thousand = 1000);

  // Connections ever made.
  int connections() const { return connections_; }

 private:
  struct Side {
    int fd = -1;
    std::deque<std::pair<int64_t, std::string>> out;  // (when due, bytes)
    bool ended = false;                               // will send no more
    bool told_end = false;
  };
  struct Link {
    Side ends[2];
    bool dead = false;
    bool orderly = false;  // both have ended their side
  };

  void Run();
  void Accept();
  void Pump(Link* link, int64_t now_ms);

  int listen_fd_ = -1;
  int port_ = 0;
  int to_port_ = 0;
  std::atomic<int> split_{0};
  std::atomic<int> delay_ms_{0};
  std::atomic<int> connections_{0};
  std::atomic<bool> stop_{false};
  std::mutex mu_;  // of what follows
  bool swallow_ = false;
  std::vector<std::unique_ptr<Link>> links_;
  std::thread thread_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_LINK_PROXY_H_

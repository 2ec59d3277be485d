#ifndef SSE_BRIDGE_TESTS_INTEGRATION_NAME_SERVER_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_NAME_SERVER_H_

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sse_bridge::testing {

// A DNS server on loopback (RFC 1035) by which every name has the same IPv4
// addresses, and nothing else. One thread. Thread-safe.
class NameServer {
 public:
  explicit NameServer(std::vector<std::string> addresses);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  // For the authority of a dns: target: "127.0.0.1:PORT".
  std::string address() const;

  // What is answered from now on.
  void Set(std::vector<std::string> addresses);

 private:
  void Run();
  std::string Answer(const std::string& query);

  int fd_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mu_;
  std::vector<std::string> addresses_;
  std::thread thread_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_NAME_SERVER_H_

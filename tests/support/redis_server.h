#ifndef SSE_BRIDGE_TESTS_SUPPORT_REDIS_SERVER_H_
#define SSE_BRIDGE_TESTS_SUPPORT_REDIS_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace sse_bridge::testing {

// A redis-server of the test's own on a free loopback port, with its files in a
// directory of its own. It ends with the object.
class RedisServer {
 public:
  // kDurable: what it has acknowledged survives kill -9.
  enum class Durability { kNone, kDurable };

  explicit RedisServer(Durability durability = Durability::kNone,
                       std::vector<std::string> options = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::string url() const;  // redis://127.0.0.1:PORT
  int port() const { return port_; }
  pid_t pid() const { return pid_; }

  // SIGKILL, and waits for its end.
  void Kill();
  // After Kill, at the same port, with the files that are there.
  void Restart();
  // SIGSTOP and SIGCONT.
  void Pause();
  void Continue();

 private:
  // False when the port is taken.
  bool Start();

  const Durability durability_;
  const std::vector<std::string> options_;
  std::string directory_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_SUPPORT_REDIS_SERVER_H_

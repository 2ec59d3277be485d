#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "gtest/gtest.h"

namespace sse_bridge::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTimeout(20);
constexpr std::chrono::milliseconds kPoll(5);
// Another program may take a free port first.
constexpr int kAttempts = 5;

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// Whether it has loaded its files and answers.
bool Answers(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  char answer[7] = "";
  const bool answered = connect(fd, reinterpret_cast<const sockaddr*>(&address),
                                sizeof address) == 0 &&
                        send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
                        recv(fd, answer, 5, MSG_WAITALL) == 5 &&
                        std::string(answer) == "+PONG";
  close(fd);
  return answered;
}

}  // namespace

RedisServer::RedisServer(Durability durability,
                         std::vector<std::string> options)
    : durability_(durability), options_(std::move(options)) {
  directory_ =
      (std::filesystem::temp_directory_path() / "redis-test-XXXXXX").string();
  if (mkdtemp(directory_.data()) == nullptr) std::abort();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    port_ = FreePort();
    if (Start()) return;
  }
  ADD_FAILURE() << "redis-server does not start";
}

RedisServer::~RedisServer() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string RedisServer::url() const {
  return "redis://127.0.0.1:" + std::to_string(port_);
}

bool RedisServer::Start() {
  const bool durable = durability_ == Durability::kDurable;
  std::vector<std::string> words = {"redis-server",
                                    "--port",
                                    std::to_string(port_),
                                    "--bind",
                                    "127.0.0.1",
                                    "--dir",
                                    directory_,
                                    "--save",
                                    "",
                                    "--daemonize",
                                    "no",
                                    "--appendonly",
                                    durable ? "yes" : "no",
                                    "--appendfsync",
                                    durable ? "always" : "no"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string log = directory_ + "/log";
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  const auto deadline = Clock::now() + kStartTimeout;
  while (Clock::now() < deadline) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    if (Answers(port_)) return true;
    std::this_thread::sleep_for(kPoll);
  }
  return false;
}

void RedisServer::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::Restart() {
  Kill();
  // What was bound may take a moment to be free.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (Start()) return;
  }
  ADD_FAILURE() << "redis-server does not start again";
}

void RedisServer::Pause() { kill(pid_, SIGSTOP); }
void RedisServer::Continue() { kill(pid_, SIGCONT); }

}  // namespace sse_bridge::testing

#include "tests/unit/http/exchange_testing.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace sse_bridge::testing {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

class TestLink : public ConnectionHandle {
 public:
  explicit TestLink(std::shared_ptr<TestClient> client)
      : client_(std::move(client)) {}
  bool MayKeepAlive() override { return true; }
  void Hold(size_t bytes) override {
    MutexLock lock(&client_->mu_);
    client_->held_ = bytes;
  }
  void Answer(std::string bytes, bool) override {
    client_->Put(std::move(bytes));
  }
  std::unique_ptr<Socket> Detach() override {
    return std::make_unique<PlainSocket>(client_->Detach());
  }

 private:
  const std::shared_ptr<TestClient> client_;
};

TestClient::~TestClient() { Close(); }

void TestClient::Put(std::string bytes) {
  MutexLock lock(&mu_);
  EXPECT_FALSE(answered_) << "a request was answered twice";
  bytes_ = std::move(bytes);
  answered_ = true;
  changed_.notify_all();
}

int TestClient::Detach() {
  int fds[2];
  EXPECT_EQ(
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
      0);
  MutexLock lock(&mu_);
  stream_fd_ = fds[1];
  changed_.notify_all();
  return fds[0];
}

bool TestClient::answered() const {
  MutexLock lock(&mu_);
  return answered_;
}

size_t TestClient::held() const {
  MutexLock lock(&mu_);
  return held_;
}

WireAnswer TestClient::Answer() const {
  const absl::Time deadline = absl::Now() + kPatience;
  WireAnswer answer;
  MutexLock lock(&mu_);
  while (!answered_) {
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "no response";
      return answer;
    }
    changed_.wait_for(mu_, std::chrono::seconds(1));
  }
  const size_t end = bytes_.find("\r\n\r\n");
  if (end == std::string::npos || bytes_.size() < 12 ||
      !absl::SimpleAtoi(bytes_.substr(9, 3), &answer.status)) {
    ADD_FAILURE() << "not a response: " << bytes_;
    return answer;
  }
  answer.head = bytes_.substr(0, end + 4);
  answer.body = bytes_.substr(end + 4);
  return answer;
}

std::string TestClient::ReadUntil(absl::string_view text) {
  const absl::Time deadline = absl::Now() + kPatience;
  int fd = -1;
  {
    MutexLock lock(&mu_);
    while (stream_fd_ < 0) {
      if (answered_ || absl::Now() > deadline) {
        ADD_FAILURE() << "no stream, but " << bytes_;
        return "";
      }
      changed_.wait_for(mu_, std::chrono::seconds(1));
    }
    fd = stream_fd_;
  }
  while (!absl::StrContains(received_, text)) {
    pollfd ready{fd, POLLIN, 0};
    char buffer[4096];
    const ssize_t n = absl::Now() < deadline && poll(&ready, 1, 30'000) == 1
                          ? read(fd, buffer, sizeof buffer)
                          : -1;
    if (n <= 0) {
      ADD_FAILURE() << "the stream does not contain \"" << text << "\" but "
                    << received_;
      break;
    }
    received_.append(buffer, static_cast<size_t>(n));
  }
  return received_;
}

void TestClient::Close() {
  MutexLock lock(&mu_);
  if (stream_fd_ >= 0) close(stream_fd_);
  stream_fd_ = -1;
}

std::shared_ptr<HttpExchange> MakeExchange(std::string verb, std::string target,
                                           HttpHeaders headers,
                                           std::shared_ptr<TestClient> client,
                                           std::string body, std::string peer) {
  ParsedRequest request;
  request.verb = std::move(verb);
  request.target = std::move(target);
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.peer_address = std::move(peer);
  if (client == nullptr) client = std::make_shared<TestClient>();
  return std::make_shared<HttpExchange>(
      std::move(request), std::make_unique<TestLink>(std::move(client)));
}

}  // namespace sse_bridge::testing

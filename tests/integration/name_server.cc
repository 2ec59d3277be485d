#include "tests/integration/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "gtest/gtest.h"
#include "tests/integration/loopback.h"

namespace sse_bridge::testing {
namespace {

constexpr int kNameServerTickMs = 20;
constexpr size_t kHeaderBytes = 12;
constexpr char kTypeA = 1;

}  // namespace

NameServer::NameServer(std::vector<std::string> addresses)
    : addresses_(std::move(addresses)) {
  fd_ = OpenLoopback(SOCK_DGRAM | SOCK_CLOEXEC, &port_);
  thread_ = std::thread([this] { Run(); });
}

NameServer::~NameServer() {
  stop_ = true;
  thread_.join();
  close(fd_);
}

std::string NameServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void NameServer::Set(std::vector<std::string> addresses) {
  std::lock_guard<std::mutex> lock(mu_);
  addresses_ = std::move(addresses);
}

std::string NameServer::Answer(const std::string& query) {
  // The header, then one question: labels, type, class.
  size_t at = kHeaderBytes;
  while (at < query.size() && query[at] != 0) {
    at += 1 + static_cast<unsigned char>(query[at]);
  }
  const size_t question = at + 5;
  if (question > query.size()) return "";
  const bool known = query[at + 1] == 0 && query[at + 2] == kTypeA;
  std::lock_guard<std::mutex> lock(mu_);
  std::string answer = query.substr(0, question);
  answer[2] = static_cast<char>(0x84);  // an answer, with authority
  answer[3] = 0;
  answer.replace(4, 8, std::string("\0\1\0\0\0\0\0\0", 8));
  if (!known) return answer;
  answer[7] = static_cast<char>(addresses_.size());
  for (const std::string& text : addresses_) {
    // The question's name, type A, class IN, no time to live, four bytes.
    answer += std::string("\xc0\x0c\0\1\0\1\0\0\0\0\0\4", 12);
    in_addr bytes{};
    inet_pton(AF_INET, text.c_str(), &bytes);
    answer.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
  }
  return answer;
}

void NameServer::Run() {
  while (!stop_) {
    pollfd wait{fd_, POLLIN, 0};
    if (poll(&wait, 1, kNameServerTickMs) <= 0) continue;
    char buffer[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t n = recvfrom(fd_, buffer, sizeof buffer, 0,
                               reinterpret_cast<sockaddr*>(&from), &size);
    if (n < static_cast<ssize_t>(kHeaderBytes)) continue;
    const std::string answer =
        Answer(std::string(buffer, static_cast<size_t>(n)));
    sendto(fd_, answer.data(), answer.size(), 0,
           reinterpret_cast<const sockaddr*>(&from), size);
  }
}

}  // namespace sse_bridge::testing

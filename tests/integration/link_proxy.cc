#include "tests/integration/link_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "gtest/gtest.h"
#include "tests/integration/loopback.h"

namespace sse_bridge::testing {
namespace {

constexpr int kTickMs = 2;
constexpr size_t kMaxHeldBytes = size_t{1} << 20;  // then the sender waits

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Reset(int fd) {
  const linger reset{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
}

}  // namespace

LinkProxy::LinkProxy(const std::string& to)
    : to_port_(std::atoi(to.c_str() + to.rfind(':') + 1)) {
  listen_fd_ = OpenLoopback(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, &port_);
  thread_ = std::thread([this] { Run(); });
}

LinkProxy::~LinkProxy() {
  stop_ = true;
  thread_.join();
  Cut();
  close(listen_fd_);
}

void LinkProxy::Swallow(bool on) {
  std::lock_guard<std::mutex> lock(mu_);
  swallow_ = on;
}

std::string LinkProxy::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void LinkProxy::Cut(int of_thousand) {
  static std::minstd_rand random(1);
  std::lock_guard<std::mutex> lock(mu_);
  for (auto& link : links_) {
    if (static_cast<int>(random() % 1000) >= of_thousand) continue;
    for (Side& side : link->ends) Reset(side.fd);
    link->dead = true;
  }
  std::erase_if(links_, [](const auto& link) { return link->dead; });
}

void LinkProxy::Accept() {
  for (;;) {
    const int fd =
        accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const sockaddr_in to = Loopback(to_port_);
    // Loopback connects or refuses at once.
    const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(other, reinterpret_cast<const sockaddr*>(&to), sizeof to) !=
        0) {
      Reset(fd);
      close(other);
      continue;
    }
    const int one = 1;
    for (int each : {fd, other}) {
      setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    ++connections_;
    auto link = std::make_unique<Link>();
    link->ends[0].fd = fd;
    link->ends[1].fd = other;
    links_.push_back(std::move(link));
  }
}

void LinkProxy::Pump(Link* link, int64_t now_ms) {
  for (int i = 0; i < 2; ++i) {
    Side& from = link->ends[i];
    Side& to = link->ends[1 - i];
    size_t held = 0;
    for (const auto& [due, bytes] : to.out) held += bytes.size();
    char buffer[16384];
    while (!from.ended && held < kMaxHeldBytes) {
      const ssize_t n = recv(from.fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) {
        to.out.emplace_back(now_ms + delay_ms_,
                            std::string(buffer, static_cast<size_t>(n)));
        held += static_cast<size_t>(n);
      } else if (n == 0) {
        from.ended = true;
      } else {
        if (errno != EAGAIN && errno != EINTR) link->dead = true;
        break;
      }
    }
    while (!to.out.empty() && to.out.front().first <= now_ms) {
      std::string& bytes = to.out.front().second;
      const int split = split_;
      const size_t most =
          split > 0 ? std::min<size_t>(bytes.size(), static_cast<size_t>(split))
                    : bytes.size();
      const ssize_t n =
          send(to.fd, bytes.data(), most, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) link->dead = true;
        break;
      }
      bytes.erase(0, static_cast<size_t>(n));
      if (bytes.empty()) to.out.pop_front();
    }
    if (from.ended && to.out.empty() && !to.told_end) {
      to.told_end = true;
      shutdown(to.fd, SHUT_WR);
    }
  }
  if (link->ends[0].told_end && link->ends[1].told_end) {
    link->dead = link->orderly = true;
  }
}

void LinkProxy::Run() {
  std::vector<pollfd> waiting;
  while (!stop_) {
    waiting.assign(1, pollfd{listen_fd_, POLLIN, 0});
    bool owed = false, swallowed;
    {
      std::lock_guard<std::mutex> lock(mu_);
      swallowed = swallow_;
      for (const auto& link : links_) {
        for (const Side& side : link->ends) {
          owed = owed || !side.out.empty();
          if (!side.ended) waiting.push_back({side.fd, POLLIN, 0});
        }
      }
    }
    if (swallowed) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kTickMs));
      continue;
    }
    poll(waiting.data(), waiting.size(), owed ? kTickMs : 10);
    std::lock_guard<std::mutex> lock(mu_);
    if (swallow_) continue;
    Accept();
    const int64_t now = NowMs();
    for (auto& link : links_) {
      Pump(link.get(), now);
      if (!link->dead) continue;
      for (Side& side : link->ends) {
        link->orderly ? void(close(side.fd)) : Reset(side.fd);
      }
    }
    std::erase_if(links_, [](const auto& link) { return link->dead; });
  }
}

}  // namespace sse_bridge::testing

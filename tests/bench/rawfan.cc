// rawfan: the physical limit. Accepts connections, answers each with a head,
// and then writes one frame to every connection, round after round, with one
// system call each and nothing else.
//
//   rawfan RATE BYTES
//
// RATE: rounds a second; 0: as fast as it can. BYTES: of one frame.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kAcceptsPerRound = 512;
constexpr int kBacklog = 4096;
constexpr int64_t kLongestSleepNs = 1'000'000;
constexpr char kHead[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\n\r\n";

int64_t Nanos(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(fd, kBacklog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("rawfan");
    std::exit(1);
  }
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

void Accept(int listener, std::vector<int>* fds) {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (send(fd, kHead, sizeof kHead - 1, MSG_NOSIGNAL) > 0) fds->push_back(fd);
  }
}

std::string Frame(uint32_t number, size_t bytes) {
  std::string frame = "data: {\"t_ns\":\"" +
                      std::to_string(Nanos(CLOCK_REALTIME)) +
                      "\",\"n\":" + std::to_string(number) + ",\"pad\":\"";
  const std::string end = "\"}\n\n";
  frame.resize(std::max(frame.size(), bytes - end.size()), 'x');
  return frame + end;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: rawfan RATE BYTES\n");
    return 2;
  }
  const double rate = std::atof(argv[1]);
  const auto bytes = static_cast<size_t>(std::atoi(argv[2]));
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int listener = Listen();
  std::vector<int> fds;
  uint32_t number = 0;
  int64_t next = Nanos(CLOCK_MONOTONIC);
  for (;;) {
    Accept(listener, &fds);
    const int64_t now = Nanos(CLOCK_MONOTONIC);
    if (fds.empty() || (rate > 0 && now < next)) {
      const int64_t wait =
          fds.empty() ? kLongestSleepNs : std::min(kLongestSleepNs, next - now);
      const timespec pause{0, wait};
      nanosleep(&pause, nullptr);
      continue;
    }
    if (rate > 0) next = std::max(next, now - kLongestSleepNs);
    if (rate > 0) next += static_cast<int64_t>(1e9 / rate);
    const std::string frame = Frame(++number, bytes);
    for (size_t i = 0; i < fds.size();) {
      const ssize_t n = send(fds[i], frame.data(), frame.size(), MSG_NOSIGNAL);
      if (n < 0 && errno != EAGAIN) {
        close(fds[i]);
        fds[i] = fds.back();
        fds.pop_back();
        continue;
      }
      ++i;
    }
  }
}

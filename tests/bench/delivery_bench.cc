// Compares Topic::Publish with the physical limit, a loop that writes the same
// frame to the same number of connections and does nothing else, in one run and
// in turns. The clients are in a process of their own.
//
//   delivery_bench [connections=1000] [frame bytes=200] [seconds=6]

#include <arpa/inet.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/topic.h"

namespace sse_bridge {
namespace {

constexpr int kTurns = 24;
// The publisher of the burst pauses while so much is not taken up.
constexpr size_t kMaxBacklogBytes = 64 << 10;

struct Measured {
  uint64_t deliveries = 0;
  double seconds = 0;
  double cpu = 0;
};

double Seconds(const timeval& t) { return t.tv_sec + t.tv_usec * 1e-6; }

double CpuSeconds() {
  rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

size_t ResidentBytes() {
  ::malloc_trim(0);  // what the burst of openings left behind is not theirs
  size_t total = 0, resident = 0;
  FILE* const f = std::fopen("/proc/self/statm", "r");
  if (f == nullptr) return 0;
  if (std::fscanf(f, "%zu %zu", &total, &resident) != 2) resident = 0;
  std::fclose(f);
  return resident * ::sysconf(_SC_PAGESIZE);
}

// Connects and reads until its parent is gone.
void Client(const sockaddr_in& address, int connections) {
  const int epoll = ::epoll_create1(0);
  for (int i = 0; i < connections; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)) != 0) {
      std::perror("connect");
      std::exit(1);
    }
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  static char buffer[256 << 10];
  epoll_event events[512];
  for (int open = connections; open > 0;) {
    const int n = ::epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < n; ++i) {
      if (::read(events[i].data.fd, buffer, sizeof(buffer)) > 0) continue;
      ::close(events[i].data.fd);
      --open;
    }
  }
}

std::vector<int> Accept(int listener, int count) {
  std::vector<int> fds;
  while (static_cast<int>(fds.size()) < count) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) {
      std::perror("accept");
      std::exit(1);
    }
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fds.push_back(fd);
  }
  return fds;
}

template <typename Body>
void Measure(absl::Duration length, Measured* into, Body body) {
  const absl::Time begin = absl::Now();
  const double cpu = CpuSeconds();
  into->deliveries += body(begin + length);
  into->cpu += CpuSeconds() - cpu;
  into->seconds += absl::ToDoubleSeconds(absl::Now() - begin);
}

uint64_t PlainLoop(const std::vector<int>& fds, const std::string& frame,
                   absl::Time end) {
  uint64_t written = 0;
  while (absl::Now() < end) {
    for (const int fd : fds) {
      const ssize_t n = ::write(fd, frame.data(), frame.size());
      written += n == static_cast<ssize_t>(frame.size()) ? 1 : 0;
    }
  }
  return written;
}

// Publishes the next frame when the last is delivered, so that each is a write
// of its own; on the loop's own thread, for how fast another thread is woken is
// not the question here.
uint64_t OneAtATime(Delivery* delivery, Topic* topic, const FramePtr& frame,
                    absl::Time end) {
  const uint64_t before = delivery->Stats().events;
  std::promise<void> done;
  std::function<void()> step = [&] {
    if (absl::Now() >= end) {
      done.set_value();
      return;
    }
    topic->Publish(frame);
    delivery->RunAfter(absl::ZeroDuration(), step);
  };
  delivery->RunAfter(absl::ZeroDuration(), step);
  done.get_future().wait();
  return delivery->Stats().events - before;
}

uint64_t Burst(Delivery* delivery, Topic* topic, const FramePtr& frame,
               absl::Time end) {
  const uint64_t before = delivery->Stats().events;
  while (absl::Now() < end) {
    if (delivery->BacklogBytes() < kMaxBacklogBytes) {
      topic->Publish(frame);
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
  return delivery->Stats().events - before;
}

void Print(const char* name, const Measured& m, const Measured& plain) {
  const double rate = m.deliveries / m.seconds;
  const double cpu = m.cpu / m.deliveries;
  std::printf(
      "%-14s %10.0f deliveries/s (%.2f of plain)  %6.0f ns CPU each "
      "(%.2f of plain)\n",
      name, rate, rate / (plain.deliveries / plain.seconds), cpu * 1e9,
      cpu / (plain.cpu / plain.deliveries));
}

int Main(int argc, char** argv) {
  const int connections = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int bytes = argc > 2 ? std::atoi(argv[2]) : 200;
  const absl::Duration length =
      absl::Seconds(argc > 3 ? std::atof(argv[3]) : 6) / kTurns;
  ::signal(SIGPIPE, SIG_IGN);
  rlimit limit;
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  socklen_t size = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 4096) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) !=
          0) {
    std::perror("listen");
    return 1;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(listener);
    Client(address, 2 * connections);
    return 0;
  }
  const std::vector<int> plain_fds = Accept(listener, connections);
  const std::vector<int> our_fds = Accept(listener, connections);

  std::string payload = "id: 1\ndata: ";
  payload.resize(std::max<size_t>(bytes, payload.size() + 2) - 2, 'x');
  payload += "\n\n";
  const FramePtr frame = Frame::Create(payload);
  const std::string plain_frame(frame->chunked());

  const size_t resident = ResidentBytes();
  auto delivery = std::make_unique<Delivery>(Delivery::Options{.threads = 1});
  if (!delivery->Start().ok()) return 1;
  const auto topic = Topic::Create(delivery.get(), {}, {});
  int opened = 0;
  for (const int fd : our_fds) {
    // As streams are accepted, not as one burst of memory.
    if (++opened % 64 == 0) absl::SleepFor(absl::Milliseconds(1));
    StreamSpec spec;
    spec.socket = std::make_unique<PlainSocket>(fd);
    spec.keep_alive = absl::Seconds(15);
    spec.head = "HTTP/1.1 200 OK\r\n\r\n";
    topic->Attach(delivery->Open(std::move(spec)),
                  {.policy = SlowPolicy::kDropOldest}, {});
  }
  OneAtATime(delivery.get(), topic.get(), frame,
             absl::Now() + absl::Milliseconds(50));
  std::printf("%d connections, frames of %zu bytes, one loop\n", connections,
              payload.size());
  std::printf("%-14s %10.0f bytes resident each\n", "memory",
              static_cast<double>(ResidentBytes() - resident) / connections);

  Measured plain, ours, burst;
  const DeliveryStats before = delivery->Stats();
  for (int turn = 0; turn < kTurns; ++turn) {
    Measure(length, &plain, [&](absl::Time end) {
      return PlainLoop(plain_fds, plain_frame, end);
    });
    Measure(length, &ours, [&](absl::Time end) {
      return OneAtATime(delivery.get(), topic.get(), frame, end);
    });
  }
  const DeliveryStats after = delivery->Stats();
  for (int turn = 0; turn < kTurns; ++turn) {
    Measure(length, &burst, [&](absl::Time end) {
      return Burst(delivery.get(), topic.get(), frame, end);
    });
  }
  Print("plain loop", plain, plain);
  Print("one at a time", ours, plain);
  Print("burst", burst, plain);
  std::printf("%-14s %10.2f writes per delivery, %lu dropped\n",
              "one at a time",
              static_cast<double>(after.writes - before.writes) /
                  (after.events - before.events),
              static_cast<unsigned long>(after.dropped - before.dropped));
  delivery.reset();
  for (const int fd : plain_fds) ::close(fd);
  ::waitpid(child, nullptr, 0);
  return 0;
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) { return sse_bridge::Main(argc, argv); }

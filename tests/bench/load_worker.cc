#include "tests/bench/load_worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <utility>

namespace sse_bridge::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr int kMaxEvents = 1024;
// Between so many connects there is a look at what arrives.
constexpr int kConnectsPerRound = 256;
// A source address has about 28,000 ports; looking for one that is free takes
// the kernel longer the fewer there are.
constexpr int kConnectionsPerAddress = 4'000;
constexpr int kAddressesPerWorker = 8;
// Latency and segments are taken from one connection in so many.
constexpr int kSample = 8;
constexpr size_t kMaxLatencies = 2'000'000;
constexpr int kSlowReceiveBuffer = 4096;
constexpr std::string_view kSymbol = "\"symbol\":\"S";

int64_t WallNanos() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The number that stands behind `key`; -1 without one.
int64_t NumberAfter(std::string_view line, std::string_view key) {
  const size_t at = line.find(key);
  if (at == std::string_view::npos) return -1;
  int64_t number = -1;
  std::from_chars(line.data() + at + key.size(), line.data() + line.size(),
                  number);
  return number;
}

uint32_t DataSegmentsIn(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  return info.tcpi_data_segs_in;
}

// As recv has it, also over TLS.
ssize_t Receive(LoadWorker::Connection* c, char* buffer, size_t size) {
  if (c->tls == nullptr) return read(c->fd, buffer, size);
  ERR_clear_error();
  const int n = SSL_read(c->tls.get(), buffer, static_cast<int>(size));
  if (n > 0) return n;
  const int error = SSL_get_error(c->tls.get(), n);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ ? EAGAIN : EIO;
  return -1;
}

ssize_t Send(LoadWorker::Connection* c, const std::string& bytes) {
  if (c->tls == nullptr) {
    return send(c->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  ERR_clear_error();
  return SSL_write(c->tls.get(), bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

LoadWorker::LoadWorker(const LoadOptions& options, int index, LoadPhase* phase)
    : options_(options),
      index_(index),
      phase_(phase),
      lines_(!options.sequence.empty() || options.symbols > 0),
      random_(static_cast<uint32_t>(options.address * 64 + index)),
      buffer_(kBufferBytes) {
  const int sockets = options.connections / per_socket();
  const int share = (sockets / options.threads +
                     (index < sockets % options.threads ? 1 : 0)) *
                    per_socket();
  connections_.resize(static_cast<size_t>(share));
  for (int i = 0; i < options.slow / options.threads && i < share; ++i) {
    connections_[static_cast<size_t>(i)].slow = true;
  }
  if (!options.tls) return;
  tls_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_mode(tls_.get(), SSL_MODE_RELEASE_BUFFERS);
  if (options.streams > 0) {
    constexpr unsigned char kHttp2[] = "\x02h2";
    SSL_CTX_set_alpn_protos(tls_.get(), kHttp2, sizeof kHttp2 - 1);
  }
}

void LoadWorker::Start() {
  thread_ = std::thread([this] { Run(); });
}

const LoadWorker::Result& LoadWorker::Join() {
  thread_.join();
  return result_;
}

void LoadWorker::Run() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  const int count = static_cast<int>(connections_.size());
  const double ramp = options_.ramp / options_.threads;
  const Clock::time_point begin = Clock::now();
  std::vector<epoll_event> events(kMaxEvents);
  int opened = 0;
  while (!phase_->stop.load(std::memory_order_relaxed)) {
    const double passed =
        std::chrono::duration<double>(Clock::now() - begin).count();
    const int due =
        static_cast<int>(std::min<double>(count, passed * ramp + 1));
    for (int i = 0; i < kConnectsPerRound && opened < due; ++i) {
      Open(opened);
      opened += per_socket();
    }
    const int n =
        epoll_wait(epoll_, events.data(), kMaxEvents, opened < count ? 1 : 20);
    const bool measuring = phase_->measuring.load(std::memory_order_relaxed);
    if (measuring != measuring_) {
      measuring ? BeginMeasuring() : EndMeasuring();
    }
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      OnEvent(&connections_[event.data.u32], event.events);
    }
  }
  if (measuring_) EndMeasuring();
  for (Connection& c : connections_) {
    if (c.ok && !c.slow) result_.events_each.push_back(c.events);
    result_.missing +=
        static_cast<uint64_t>(std::count(c.has.begin(), c.has.end(), false));
    c.tls.reset();
    if (c.fd >= 0) close(c.fd);
  }
  close(epoll_);
}

void LoadWorker::Open(int index) {
  Connection* const c = &connections_[static_cast<size_t>(index)];
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) return Fail(c);
  if (c->slow) {
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &kSlowReceiveBuffer,
               sizeof kSlowReceiveBuffer);
  }
  const int one = 1;
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr =
      htonl(0x7f000000u + static_cast<uint32_t>(
                              options_.address + index_ * kAddressesPerWorker +
                              index / kConnectionsPerAddress));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(options_.port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP;
  event.data.u32 = static_cast<uint32_t>(index);
  if (bind(c->fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0 ||
      (connect(c->fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 &&
       errno != EINPROGRESS) ||
      epoll_ctl(epoll_, EPOLL_CTL_ADD, c->fd, &event) != 0) {
    Fail(c);
  }
}

std::string LoadWorker::PathOf(Connection* c) {
  std::string path = options_.path;
  while (static_cast<int>(c->wants.size()) < options_.symbols) {
    const int symbol = std::uniform_int_distribution<int>(
        0, options_.all_symbols - 1)(random_);
    if (std::find(c->wants.begin(), c->wants.end(), symbol) != c->wants.end()) {
      continue;
    }
    path += path.find('?') == std::string::npos ? '?' : '&';
    path += "symbols=S" + std::to_string(symbol);
    c->wants.push_back(symbol);
  }
  std::sort(c->wants.begin(), c->wants.end());
  c->has.resize(c->wants.size());
  return path;
}

const std::string* LoadWorker::EachHeader(const Connection* c) const {
  const auto& each = options_.each_header;
  if (each.empty()) return nullptr;
  const auto number = static_cast<size_t>(c - connections_.data()) *
                          static_cast<size_t>(options_.threads) +
                      static_cast<size_t>(index_);
  return &each[number % each.size()];
}

std::string LoadWorker::Request(Connection* c) {
  std::string request = "GET " + PathOf(c) +
                        " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                        "Accept: text/event-stream\r\n";
  for (const std::string& header : options_.headers) {
    request += header + "\r\n";
  }
  if (const std::string* each = EachHeader(c)) request += *each + "\r\n";
  return request + "\r\n";
}

std::string LoadWorker::Http2Requests(Connection* first) {
  first->frames = std::make_unique<Http2Frames>();
  std::string bytes = Http2Frames::Opening();
  for (int i = 0; i < options_.streams; ++i) {
    Connection* const c = first + i;
    std::vector<std::string> headers = options_.headers;
    if (const std::string* each = EachHeader(c)) headers.push_back(*each);
    bytes += Http2Frames::Get(2 * i + 1, PathOf(c), headers);
    c->asked_ns = WallNanos();
  }
  return bytes;
}

void LoadWorker::OnEvent(Connection* c, uint32_t events) {
  if (c->fd < 0) return;
  if (c->connected) return Read(c);
  if (c->tls == nullptr) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Fail(c);
    if ((events & EPOLLOUT) == 0) return;
  }
  if (options_.tls && !Shake(c)) return;
  c->connected = true;
  const std::string request =
      options_.streams > 0 ? Http2Requests(c) : Request(c);
  c->asked_ns = WallNanos();
  if (Send(c, request) != static_cast<ssize_t>(request.size())) return Fail(c);
  Watch(c, EPOLLIN | EPOLLRDHUP);
}

bool LoadWorker::Shake(Connection* c) {
  if (c->tls == nullptr) {
    c->tls.reset(SSL_new(tls_.get()));
    SSL_set_fd(c->tls.get(), c->fd);
  }
  ERR_clear_error();
  const int result = SSL_connect(c->tls.get());
  if (result == 1) return true;
  switch (SSL_get_error(c->tls.get(), result)) {
    case SSL_ERROR_WANT_READ:
      Watch(c, EPOLLIN | EPOLLRDHUP);
      break;
    case SSL_ERROR_WANT_WRITE:
      Watch(c, EPOLLOUT);
      break;
    default:
      Fail(c);
  }
  return false;
}

void LoadWorker::Watch(Connection* c, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u32 = static_cast<uint32_t>(c - connections_.data());
  epoll_ctl(epoll_, EPOLL_CTL_MOD, c->fd, &event);
}

void LoadWorker::Fail(Connection* c) {
  if (c->fd >= 0 && c->frames != nullptr) {
    for (int i = 1; i < options_.streams; ++i) Fail(c + i);
  }
  c->tls.reset();
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  if (c->answered) {
    ++result_.closed;
    return;
  }
  ++result_.failed;
  decided_.fetch_add(1, std::memory_order_relaxed);
}

void LoadWorker::Read(Connection* c) {
  // A record is smaller than the buffer, so nothing of it stays in OpenSSL.
  const ssize_t n = Receive(c, buffer_.data(), buffer_.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return Fail(c);
  const std::string_view bytes(buffer_.data(), static_cast<size_t>(n));
  if (c->frames != nullptr) return ReadFrames(c, bytes);
  if (c->answered) return OnBytes(c, bytes);
  c->head += bytes;
  const size_t end = c->head.find("\r\n\r\n");
  if (end == std::string::npos) return;
  Answered(c, c->head.compare(0, 12, "HTTP/1.1 200") == 0);
  const std::string rest = c->head.substr(end + 4);
  std::string().swap(c->head);
  if (c->slow) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, c->fd, nullptr);
  } else if (!rest.empty()) {
    OnBytes(c, rest);
  }
}

void LoadWorker::Answered(Connection* c, bool ok) {
  c->answered = true;
  c->ok = ok;
  ++result_.answered;
  result_.ok += ok ? 1 : 0;
  answered_.fetch_add(1, std::memory_order_relaxed);
  decided_.fetch_add(1, std::memory_order_relaxed);
}

void LoadWorker::ReadFrames(Connection* first, std::string_view bytes) {
  first->frames->Read(
      bytes,
      [&](int stream, bool ok) {
        Connection* const c = first + (stream - 1) / 2;
        if (stream < 2 * options_.streams && !c->answered) Answered(c, ok);
      },
      [&](int stream, std::string_view payload) {
        if (stream < 2 * options_.streams) {
          OnBytes(first + (stream - 1) / 2, payload);
        }
      });
}

void LoadWorker::OnBytes(Connection* c, std::string_view bytes) {
  // The first event comes in one piece with all but the smallest buffers.
  if (c->asked_ns != 0 && bytes.find("data:") != std::string_view::npos) {
    const int64_t waited = WallNanos() - std::exchange(c->asked_ns, 0);
    result_.first_ms.push_back(static_cast<float>(waited) / 1e6F);
  }
  if (measuring_) result_.bytes += bytes.size();
  if (!measuring_ && !lines_) {
    c->at_line = bytes.back() == '\n';
    return;
  }
  const bool stamps =
      !options_.stamp.empty() && (c - connections_.data()) % kSample == 0;
  if (lines_ || stamps) {
    // Whole lines only: numbers may come in two parts.
    if (!c->tail.empty() || !c->at_line) {
      c->tail += bytes;
      bytes = c->tail;
    }
    size_t at = 0;
    for (size_t end; (end = bytes.find('\n', at)) != std::string_view::npos;
         at = end + 1) {
      OnLine(c, bytes.substr(at, end - at));
    }
    std::string tail(bytes.substr(at));
    c->tail.swap(tail);
    c->at_line = c->tail.empty();
    return;
  }
  size_t at = 0;
  for (;;) {
    if (c->at_line && bytes.compare(at, 5, "data:") == 0) {
      ++c->events;
      ++result_.events;
    }
    const size_t end = bytes.find('\n', at);
    c->at_line = end != std::string_view::npos;
    if (!c->at_line) return;
    at = end + 1;
    if (at == bytes.size()) return;
  }
}

void LoadWorker::OnLine(Connection* c, std::string_view line) {
  if (line.compare(0, 5, "data:") != 0) return;
  if (measuring_) {
    ++c->events;
    ++result_.events;
    if (!options_.stamp.empty() &&
        result_.latencies_us.size() < kMaxLatencies) {
      const int64_t stamp = NumberAfter(line, options_.stamp);
      if (stamp > 0) {
        result_.latencies_us.push_back(static_cast<float>(WallNanos() - stamp) /
                                       1000);
      }
    }
  }
  if (!options_.sequence.empty()) {
    const int64_t number = NumberAfter(line, options_.sequence);
    if (number > 0) {
      const auto n = static_cast<uint32_t>(number);
      if (c->next != 0 && n > c->next) result_.lost += n - c->next;
      if (c->next != 0 && n < c->next) ++result_.repeated;
      c->next = std::max(c->next, n + 1);
    }
  }
  if (options_.symbols > 0) {
    const auto symbol = static_cast<int>(NumberAfter(line, kSymbol));
    const auto it = std::lower_bound(c->wants.begin(), c->wants.end(), symbol);
    if (it == c->wants.end() || *it != symbol) {
      ++result_.strangers;
    } else {
      c->has[static_cast<size_t>(it - c->wants.begin())] = true;
    }
  }
}

void LoadWorker::BeginMeasuring() {
  measuring_ = true;
  for (size_t i = 0; i < connections_.size(); i += kSample) {
    Connection& c = connections_[i];
    if (c.fd >= 0) c.segments = DataSegmentsIn(c.fd);
  }
}

void LoadWorker::EndMeasuring() {
  measuring_ = false;
  for (size_t i = 0; i < connections_.size(); i += kSample) {
    const Connection& c = connections_[i];
    if (c.fd < 0 || !c.ok || c.slow) continue;
    for (int k = 0; k < per_socket(); ++k) {
      result_.sampled_events += connections_[i + static_cast<size_t>(k)].events;
    }
    result_.sampled_segments += DataSegmentsIn(c.fd) - c.segments;
  }
}

}  // namespace sse_bridge::bench

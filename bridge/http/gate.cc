#include "bridge/http/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/http/http_error.h"

namespace sse_bridge {
namespace {

constexpr int kAcceptsPerRound = 256;
constexpr int kEventsPerRound = 256;
constexpr size_t kReadBytes = 16 << 10;

// Accepting rests so long when even the reserve descriptor does not help.
constexpr int64_t kAcceptPauseNs = 50'000'000;

// After the last answer on a connection the client has so long to take it,
// and we read over so many bytes of what it still sends: closing at once would
// reset the connection and destroy the answer.
constexpr absl::Duration kLingerTime = absl::Seconds(2);
constexpr size_t kLingerBytes = 1 << 20;

// epoll data of what is not a connection.
constexpr uint64_t kListenHandle = ~uint64_t{0};
constexpr uint64_t kWakeHandle = ~uint64_t{0} - 1;

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string AddressText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
              text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6,
              &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text,
              sizeof text);
  }
  return text;
}

}  // namespace

// A connection that the gate holds. Of the gate's thread.
struct GateConnection {
  enum class State {
    kReading,    // a request is awaited, or in the middle of arriving
    kBusy,       // one is being answered elsewhere
    kWriting,    // the socket is full, and more of the answer waits
    kLingering,  // the last answer is sent, and the client's end awaited
  };

  uint32_t slot = 0;
  uint32_t generation = 0;
  int fd = -1;
  State state = State::kReading;
  bool keep_alive = true;
  bool peer_closed = false;  // no more requests will come
  bool continued = false;    // "100 Continue" was sent
  uint32_t watched = 0;
  size_t lingered_bytes = 0;

  std::string peer_address;
  std::string in;  // empty, and without memory, between requests
  std::string out;
  size_t out_sent = 0;
  std::unique_ptr<RequestFraming> framing;  // while in is not empty
  std::weak_ptr<Exchange> exchange;         // while kBusy

  int64_t deadline = 0;
  int list = -1;
  GateConnection* previous = nullptr;
  GateConnection* next = nullptr;

  uint64_t handle() const { return uint64_t{generation} << 32 | slot; }
};

struct Gate::Posted {
  enum class What { kAnswer, kDetached, kWatch };
  What what;
  uint64_t handle;
  std::string bytes;
  bool keep_alive = false;
  std::weak_ptr<Exchange> exchange;
};

// Where other threads leave their answers.
struct Gate::Inbox {
  Mutex mu;
  std::vector<Posted> posted ABSL_GUARDED_BY(mu);
  bool closed ABSL_GUARDED_BY(mu) = true;
  int wake_fd ABSL_GUARDED_BY(mu) = -1;
  int epoll_fd ABSL_GUARDED_BY(mu) = -1;

  // True: taken.
  bool Post(Posted what) {
    MutexLock lock(&mu);
    if (closed) return false;
    const bool first = posted.empty();
    posted.push_back(std::move(what));
    if (first) Wake();
    return true;
  }

  void Wake() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(wake_fd, &one, sizeof one);
  }
};

class Gate::Link : public ExchangeLink {
 public:
  Link(std::shared_ptr<Inbox> inbox, uint64_t handle, int fd)
      : inbox_(std::move(inbox)), handle_(handle), fd_(fd) {}

  void Answer(std::string bytes, bool keep_alive) override {
    inbox_->Post({Posted::What::kAnswer, handle_, std::move(bytes), keep_alive,
                  {}});
  }

  int Detach() override {
    MutexLock lock(&inbox_->mu);
    if (inbox_->closed) return -1;
    epoll_ctl(inbox_->epoll_fd, EPOLL_CTL_DEL, fd_, nullptr);
    const bool first = inbox_->posted.empty();
    inbox_->posted.push_back(
        {Posted::What::kDetached, handle_, std::string(), false, {}});
    if (first) inbox_->Wake();
    return fd_;
  }

 private:
  const std::shared_ptr<Inbox> inbox_;
  const uint64_t handle_;
  const int fd_;
};

Gate::Gate(Options options, Sink sink)
    : options_(options),
      sink_(std::move(sink)),
      inbox_(std::make_shared<Inbox>()) {
  const absl::Duration lengths[kLists] = {
      options_.head_timeout, options_.body_timeout, options_.idle_timeout,
      options_.write_timeout, kLingerTime};
  for (int i = 0; i < kLists; ++i) {
    deadlines_[i].length_ns = absl::ToInt64Nanoseconds(lengths[i]);
  }
}

Gate::~Gate() { Stop(); }

absl::Status Gate::Start(int listen_fd) {
  listen_fd_ = listen_fd;
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  const int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  reserve_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (epoll_fd_ < 0 || wake_fd < 0 || reserve_fd_ < 0) {
    return absl::ResourceExhaustedError("no descriptors for the event loop");
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListenHandle;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, listen_fd_, &event);
  event.data.u64 = kWakeHandle;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd, &event);
  {
    MutexLock lock(&inbox_->mu);
    inbox_->closed = false;
    inbox_->wake_fd = wake_fd;
    inbox_->epoll_fd = epoll_fd_;
  }
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void Gate::StopAccepting() {
  stop_accepting_ = true;
  MutexLock lock(&inbox_->mu);
  if (!inbox_->closed) inbox_->Wake();
}

void Gate::Stop() {
  if (!thread_.joinable()) return;
  stop_ = true;
  {
    MutexLock lock(&inbox_->mu);
    inbox_->Wake();
  }
  thread_.join();
}

void Gate::Run() {
  std::vector<epoll_event> events(kEventsPerRound);
  std::vector<Posted> posted;
  while (!stop_) {
    const int wait_ms = ExpireDeadlines();
    const int count =
        epoll_wait(epoll_fd_, events.data(), kEventsPerRound, wait_ms);
    if (stop_accepting_ && listen_fd_ >= 0) {
      close(listen_fd_);
      listen_fd_ = -1;
    }
    bool accept = accept_again_at_ != 0 && NowNs() >= accept_again_at_;
    for (int i = 0; i < count; ++i) {
      const uint64_t handle = events[static_cast<size_t>(i)].data.u64;
      if (handle == kListenHandle) {
        accept = true;
      } else if (handle == kWakeHandle) {
        uint64_t ignored;
        MutexLock lock(&inbox_->mu);
        [[maybe_unused]] const ssize_t n =
            read(inbox_->wake_fd, &ignored, sizeof ignored);
      } else if (GateConnection* connection = Find(handle)) {
        OnEvent(connection, events[static_cast<size_t>(i)].events);
      }
    }
    {
      MutexLock lock(&inbox_->mu);
      posted.swap(inbox_->posted);
    }
    for (Posted& each : posted) OnPosted(std::move(each));
    posted.clear();
    if (accept) Accept();
  }
  // From here on no link reaches a connection; what was detached before is not
  // ours to close.
  {
    MutexLock lock(&inbox_->mu);
    inbox_->closed = true;
    posted.swap(inbox_->posted);
    close(inbox_->wake_fd);
  }
  for (Posted& each : posted) {
    if (each.what == Posted::What::kDetached) OnPosted(std::move(each));
  }
  for (auto& slot : slots_) {
    if (slot != nullptr && slot->fd >= 0) Forget(slot.get(), true);
  }
  if (listen_fd_ >= 0) close(listen_fd_);
  close(reserve_fd_);
  close(epoll_fd_);
}

void Gate::Accept() {
  accept_again_at_ = 0;
  if (listen_fd_ < 0) return;
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd =
        accept4(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size,
                SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      AddConnection(fd, AddressText(address));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE) {
      RefuseForDescriptors();
    } else if (errno == ENOBUFS || errno == ENOMEM) {
      accept_again_at_ = NowNs() + kAcceptPauseNs;
    } else if (errno == ECONNABORTED || errno == EINTR) {
      continue;
    }
    break;
  }
  // While accepting rests, the listening socket must not wake the loop.
  epoll_event event{};
  event.events = accept_again_at_ == 0 ? static_cast<uint32_t>(EPOLLIN) : 0u;
  event.data.u64 = kListenHandle;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, listen_fd_, &event);
}

// Out of descriptors: the reserve one lets the newest connection in, to tell it
// so. Older ones keep theirs.
void Gate::RefuseForDescriptors() {
  static const std::string* const answer = new std::string(SerializeResponse(
      ErrorResponse(503, "UNAVAILABLE", "the bridge is full; retry later"),
      /*keep_alive=*/false, /*without_body=*/false));
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    close(reserve_fd_);
    const int fd =
        accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      send(fd, answer->data(), answer->size(), MSG_NOSIGNAL);
      shutdown(fd, SHUT_WR);
      // What the client has sent would turn the close into a reset.
      char ignored[4096];
      while (recv(fd, ignored, sizeof ignored, 0) > 0) {
      }
      close(fd);
    }
    reserve_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || reserve_fd_ < 0) break;
  }
  accept_again_at_ = NowNs() + kAcceptPauseNs;
}

void Gate::AddConnection(int fd, std::string peer_address) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back(nullptr);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  if (slots_[slot] == nullptr) slots_[slot] = std::make_unique<GateConnection>();
  GateConnection* connection = slots_[slot].get();
  connection->slot = slot;
  connection->fd = fd;
  connection->peer_address = std::move(peer_address);
  ++connections_;
  SetDeadline(connection, kHeadList);
  Watch(connection, EPOLLIN | EPOLLRDHUP);
}

GateConnection* Gate::Find(uint64_t handle) {
  const auto slot = static_cast<uint32_t>(handle);
  if (slot >= slots_.size()) return nullptr;
  GateConnection* connection = slots_[slot].get();
  return connection->fd >= 0 && connection->handle() == handle ? connection
                                                               : nullptr;
}

// Tells epoll what to look for. A connection that is new is added.
void Gate::Watch(GateConnection* connection, uint32_t events) {
  if (connection->watched == events) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = connection->handle();
  epoll_ctl(epoll_fd_,
            connection->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
            connection->fd, &event);
  connection->watched = events;
}

void Gate::OnEvent(GateConnection* connection, uint32_t events) {
  switch (connection->state) {
    case GateConnection::State::kReading:
    case GateConnection::State::kLingering:
      OnReadable(connection);
      break;
    case GateConnection::State::kWriting:
      if (events & (EPOLLERR | EPOLLHUP)) {
        Forget(connection, true);
      } else {
        Flush(connection);
      }
      break;
    case GateConnection::State::kBusy:
      // A browser that leaves closes both directions; one that only ends its
      // own (RDHUP alone) may still wait for the answer, but streams and long
      // calls to nobody are the greater harm.
      if (auto exchange = connection->exchange.lock()) exchange->Abort();
      break;
  }
}

void Gate::OnReadable(GateConnection* connection) {
  char buffer[kReadBytes];
  const ssize_t n = recv(connection->fd, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    Forget(connection, true);
    return;
  }
  if (connection->state == GateConnection::State::kLingering) {
    connection->lingered_bytes += static_cast<size_t>(n);
    if (connection->lingered_bytes > kLingerBytes) Forget(connection, true);
    return;
  }
  if (connection->in.empty() && connection->list == kIdleList) {
    SetDeadline(connection, kHeadList);
  }
  connection->in.append(buffer, static_cast<size_t>(n));
  ContinueReading(connection);
}

void Gate::ContinueReading(GateConnection* connection) {
  if (connection->framing == nullptr) {
    connection->framing = std::make_unique<RequestFraming>(&options_.framing);
  }
  RequestFraming& framing = *connection->framing;
  const RequestFraming::State before = framing.state();
  switch (framing.Advance(connection->in)) {
    case RequestFraming::State::kHead:
      break;
    case RequestFraming::State::kBody:
      if (before == RequestFraming::State::kHead) {
        SetDeadline(connection, kBodyList);
        if (framing.expects_continue()) {
          constexpr char kContinue[] = "HTTP/1.1 100 Continue\r\n\r\n";
          send(connection->fd, kContinue, sizeof kContinue - 1, MSG_NOSIGNAL);
        }
      }
      break;
    case RequestFraming::State::kComplete:
      PassOn(connection);
      break;
    case RequestFraming::State::kRefused:
      Refuse(connection, framing.status(), framing.reason());
      break;
  }
}

void Gate::PassOn(GateConnection* connection) {
  RequestFraming& framing = *connection->framing;
  auto request = std::make_unique<Request>();
  request->parsed.verb = framing.verb();
  request->parsed.target = framing.target();
  request->parsed.minor_version = framing.minor_version();
  request->parsed.keep_alive = framing.keep_alive();
  request->parsed.headers = framing.TakeHeaders();
  request->parsed.body = framing.TakeBody();
  request->parsed.peer_address = connection->peer_address;
  const uint64_t handle = connection->handle();
  request->link = std::make_unique<Link>(inbox_, handle, connection->fd);
  request->watch = [inbox = inbox_, handle](std::shared_ptr<Exchange> exchange) {
    inbox->Post({Posted::What::kWatch, handle, {}, false, std::move(exchange)});
  };

  connection->keep_alive = framing.keep_alive();
  connection->in.erase(0, framing.end());
  if (connection->in.empty()) std::string().swap(connection->in);
  connection->framing.reset();
  connection->state = GateConnection::State::kBusy;
  ClearDeadline(connection);
  // What is pipelined waits in the kernel.
  Watch(connection, EPOLLRDHUP | EPOLLET);
  if (!sink_(std::move(request))) {
    Refuse(connection, 503, "too many requests wait; retry later");
  }
}

void Gate::OnPosted(Posted posted) {
  GateConnection* connection = Find(posted.handle);
  if (connection == nullptr) return;
  switch (posted.what) {
    case Posted::What::kAnswer:
      Answer(connection, std::move(posted.bytes), posted.keep_alive);
      break;
    case Posted::What::kDetached:
      Forget(connection, false);
      break;
    case Posted::What::kWatch: {
      connection->exchange = posted.exchange;
      // The break may have come before there was anybody to tell.
      char ignored;
      const ssize_t n =
          recv(connection->fd, &ignored, 1, MSG_PEEK | MSG_DONTWAIT);
      const bool broken = n == 0 || (n < 0 && errno != EAGAIN);
      if (auto exchange = posted.exchange.lock(); broken && exchange) {
        exchange->Abort();
      }
      break;
    }
  }
}

void Gate::Answer(GateConnection* connection, std::string bytes,
                  bool keep_alive) {
  connection->out = std::move(bytes);
  connection->out_sent = 0;
  connection->keep_alive = keep_alive && !stop_accepting_;
  connection->state = GateConnection::State::kWriting;
  Flush(connection);
}

void Gate::Flush(GateConnection* connection) {
  while (connection->out_sent < connection->out.size()) {
    const ssize_t n =
        send(connection->fd, connection->out.data() + connection->out_sent,
             connection->out.size() - connection->out_sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      if (connection->list != kWriteList) SetDeadline(connection, kWriteList);
      Watch(connection, EPOLLOUT);
      return;
    }
    if (n <= 0) {
      Forget(connection, true);
      return;
    }
    connection->out_sent += static_cast<size_t>(n);
  }
  std::string().swap(connection->out);
  AfterAnswer(connection);
}

void Gate::AfterAnswer(GateConnection* connection) {
  if (!connection->keep_alive) {
    Linger(connection);
    return;
  }
  connection->state = GateConnection::State::kReading;
  Watch(connection, EPOLLIN | EPOLLRDHUP);
  if (connection->in.empty()) {
    SetDeadline(connection, kIdleList);
  } else {
    SetDeadline(connection, kHeadList);
    ContinueReading(connection);
  }
}

void Gate::Linger(GateConnection* connection) {
  shutdown(connection->fd, SHUT_WR);
  std::string().swap(connection->in);
  connection->framing.reset();
  connection->state = GateConnection::State::kLingering;
  connection->lingered_bytes = 0;
  SetDeadline(connection, kLingerList);
  Watch(connection, EPOLLIN);
}

void Gate::Refuse(GateConnection* connection, int status,
                  const std::string& why) {
  const char* name = status == 503                    ? "UNAVAILABLE"
                     : status == 501 || status == 505 ? "UNIMPLEMENTED"
                     : status == 408                  ? "DEADLINE_EXCEEDED"
                                                      : "INVALID_ARGUMENT";
  Answer(connection,
         SerializeResponse(ErrorResponse(status, name, why),
                           /*keep_alive=*/false, /*without_body=*/false),
         /*keep_alive=*/false);
}

void Gate::Forget(GateConnection* connection, bool close_fd) {
  ClearDeadline(connection);
  if (auto exchange = connection->exchange.lock(); exchange && close_fd) {
    exchange->Abort();
  }
  if (close_fd) close(connection->fd);
  const uint32_t slot = connection->slot;
  const uint32_t generation = connection->generation;
  *connection = GateConnection();
  // A handle of before must not find the next one.
  connection->slot = slot;
  connection->generation = generation + 1;
  free_slots_.push_back(slot);
  --connections_;
}

void Gate::SetDeadline(GateConnection* connection, List list) {
  ClearDeadline(connection);
  DeadlineList& to = deadlines_[list];
  connection->list = list;
  connection->deadline = NowNs() + to.length_ns;
  connection->previous = to.last;
  connection->next = nullptr;
  (to.last == nullptr ? to.first : to.last->next) = connection;
  to.last = connection;
}

void Gate::ClearDeadline(GateConnection* connection) {
  if (connection->list < 0) return;
  DeadlineList& from = deadlines_[connection->list];
  (connection->previous == nullptr ? from.first
                                   : connection->previous->next) =
      connection->next;
  (connection->next == nullptr ? from.last : connection->next->previous) =
      connection->previous;
  connection->previous = connection->next = nullptr;
  connection->list = -1;
}

// Closes what is overdue; returns the milliseconds until the next deadline.
int Gate::ExpireDeadlines() {
  const int64_t now = NowNs();
  int64_t next = accept_again_at_ == 0 ? now + int64_t{3600} * 1'000'000'000
                                       : accept_again_at_;
  for (DeadlineList& list : deadlines_) {
    while (list.first != nullptr && list.first->deadline <= now) {
      GateConnection* connection = list.first;
      const bool reading = connection->list == kHeadList ||
                           connection->list == kBodyList;
      if (reading && !connection->in.empty()) {
        Refuse(connection, 408, "the request did not arrive in time");
      } else {
        Forget(connection, true);
      }
    }
    if (list.first != nullptr) next = std::min(next, list.first->deadline);
  }
  return static_cast<int>(std::max<int64_t>(0, (next - now) / 1'000'000 + 1));
}

}  // namespace sse_bridge

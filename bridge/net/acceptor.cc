#include "bridge/net/acceptor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iterator>
#include <utility>

namespace sse_bridge {
namespace {

// After this many, existing connections get their turn.
constexpr int kAcceptsPerRound = 256;

// How long accepting stops when the process is out of file descriptors.
constexpr int64_t kRestNs = 50'000'000;

// How long accepting pauses while space for the next connection is made.
constexpr int64_t kPauseNs = 2'000'000;

// The warning about descriptors is logged at most this often.
constexpr int64_t kWarningIntervalNs = 10'000'000'000;

// How many waiting connections are accepted before the socket is closed.
constexpr int kMaxLastAccepts = 8192;

// TCP handshakes that have begun get this long to complete. A client whose
// handshake was refused sends its SYN again after a second: by then this socket
// must be closed, so that the other process's socket receives it.
constexpr int64_t kHandshakeNs = 500'000'000;

// Drops only SYNs that begin a handshake. A filter on a TCP socket sees the
// packet from the TCP header on.
bool RefuseNewHandshakes(int fd) {
  constexpr uint32_t kFlags = 13, kSyn = 0x02, kSynAck = 0x12;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, ~uint32_t{0}),
  };
  const sock_fprog program{std::size(code), code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                    sizeof program) == 0;
}

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::string AddressText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr,
              text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    const in6_addr& v6 =
        reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    // An IPv4 client of a dual-stack socket is known by its IPv4 address.
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &v6, text, sizeof text);
    }
  }
  return text;
}

}  // namespace

Acceptor::Acceptor(Accepted accepted, MakeSpace make_space, TurnAway turn_away)
    : accepted_(std::move(accepted)),
      make_space_(std::move(make_space)),
      turn_away_(std::move(turn_away)) {}

Acceptor::~Acceptor() {
  Close(/*take_waiting=*/false);
  if (reserve_fd_ >= 0) close(reserve_fd_);
}

absl::Status Acceptor::Start(int listen_fd, Poller* poller, uint64_t data) {
  listen_fd_ = listen_fd;
  poller_ = poller;
  data_ = data;
  reserve_fd_ = OpenReserve();
  if (reserve_fd_ < 0 || poller_->Add(listen_fd_, data_, EPOLLIN) != 0) {
    return absl::ResourceExhaustedError(
        "cannot watch the listening socket: out of file descriptors");
  }
  return absl::OkStatus();
}

void Acceptor::Close(bool take_waiting) {
  if (listen_fd_ < 0) return;
  for (int i = 0; take_waiting && i < kMaxLastAccepts; ++i) {
    if (!AcceptOne()) break;
  }
  // Closing does not remove a socket that another process shares.
  poller_->Remove(listen_fd_);
  close(listen_fd_);
  listen_fd_ = -1;
  again_at_ns_ = close_at_ns_ = 0;
}

void Acceptor::Retire(int64_t now_ns) {
  if (listen_fd_ < 0) return;
  // Without the filter, connections that arrive between the last accept and the
  // close are reset.
  if (!RefuseNewHandshakes(listen_fd_)) {
    spdlog::warn(
        "cannot refuse new connections on the old socket: some may be reset "
        "while another process takes over the port");
  }
  close_at_ns_ = now_ns + kHandshakeNs;
}

bool Acceptor::AcceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int fd = accept4(listen_fd_, reinterpret_cast<sockaddr*>(&address),
                         &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return errno == ECONNABORTED || errno == EINTR;
  pause_ = !accepted_(fd, AddressText(address));
  return true;
}

void Acceptor::Accept(int64_t now_ns) {
  if (listen_fd_ < 0) return;
  if (again_at_ns_ != 0) {
    again_at_ns_ = 0;
    if (reserve_fd_ < 0) reserve_fd_ = OpenReserve();
    poller_->Modify(listen_fd_, data_, EPOLLIN);
  }
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    pause_ = false;
    if (AcceptOne()) {
      if (pause_) return Pause(now_ns);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE) {
      // The kernel reports this even if no connection waits.
      pollfd waiting{listen_fd_, POLLIN, 0};
      if (poll(&waiting, 1, 0) == 0) return;
      if (make_space_()) continue;
      for (int turned = 0; turned < kAcceptsPerRound && TurnNewestAway();) {
        ++turned;
      }
      WarnOfDescriptors(now_ns);
      return Rest(now_ns + kRestNs);
    } else if (errno == ENOBUFS || errno == ENOMEM) {
      WarnOfDescriptors(now_ns);
      return Rest(now_ns + kRestNs);
    }
    return;  // EAGAIN: no connection waits
  }
}

void Acceptor::WarnOfDescriptors(int64_t now_ns) {
  if (now_ns < next_warning_ns_) return;
  next_warning_ns_ = now_ns + kWarningIntervalNs;
  spdlog::warn("out of file descriptors: refusing new connections");
}

void Acceptor::Pause(int64_t now_ns) {
  if (listen_fd_ >= 0) Rest(now_ns + kPauseNs);
}

void Acceptor::Rest(int64_t until_ns) {
  again_at_ns_ = until_ns;
  // The socket must not wake the loop in the meantime.
  poller_->Modify(listen_fd_, data_, /*events=*/0);
}

bool Acceptor::TurnNewestAway() {
  if (reserve_fd_ >= 0) close(reserve_fd_);
  const int fd =
      accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) turn_away_(fd);
  reserve_fd_ = OpenReserve();
  return fd >= 0 && reserve_fd_ >= 0;
}

}  // namespace sse_bridge

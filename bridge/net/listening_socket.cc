#include "bridge/net/listening_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <iterator>
#include <utility>

namespace sse_bridge {
namespace {

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

TcpListeningSocket::~TcpListeningSocket() {
  if (reserve_fd_ >= 0) close(reserve_fd_);
  close(fd_);
}

ListeningSocket::Result TcpListeningSocket::Accept(
    AcceptedConnection* connection) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *connection = {std::make_unique<PlainSocket>(fd), AddressText(address)};
    return Result::kAccepted;
  }
  switch (errno) {
    case ECONNABORTED:
    case EINTR:
      return Result::kRetry;
    case EMFILE:
    case ENFILE: {
      // The kernel reports this even if no connection waits.
      pollfd waiting{fd_, POLLIN, 0};
      return poll(&waiting, 1, 0) == 0 ? Result::kNone : Result::kNoDescriptors;
    }
    case ENOBUFS:
    case ENOMEM:
      return Result::kNoMemory;
    default:
      return Result::kNone;
  }
}

bool TcpListeningSocket::KeepReserve() {
  if (reserve_fd_ < 0) reserve_fd_ = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return reserve_fd_ >= 0;
}

std::unique_ptr<Socket> TcpListeningSocket::AcceptWithReserve() {
  if (reserve_fd_ >= 0) close(std::exchange(reserve_fd_, -1));
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? nullptr : std::make_unique<PlainSocket>(fd);
}

// Drops only SYNs that begin a handshake. A filter on a TCP socket sees the
// packet from the TCP header on.
bool TcpListeningSocket::RefuseNewHandshakes() {
  constexpr uint32_t kFlags = 13, kSyn = 0x02, kSynAck = 0x12;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, ~uint32_t{0}),
  };
  const sock_fprog program{std::size(code), code};
  return setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                    sizeof program) == 0;
}

}  // namespace sse_bridge

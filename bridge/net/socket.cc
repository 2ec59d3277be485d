#include "bridge/net/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sse_bridge {
namespace {

ssize_t Blocked(int error) {
  return error == EAGAIN || error == EWOULDBLOCK ? Socket::kWouldBlock
                                                 : Socket::kFailed;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);  // also removes it from pollers
}

ssize_t PlainSocket::SendTo(int fd, absl::string_view bytes) {
  ssize_t sent;
  do {
    sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0 ? sent : Blocked(errno);
}

ssize_t PlainSocket::Send(const iovec* parts, int count) {
  if (count == 1) {
    return SendTo(fd(),
                  absl::string_view(static_cast<const char*>(parts[0].iov_base),
                                    parts[0].iov_len));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  ssize_t sent;
  do {
    sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0 ? sent : Blocked(errno);
}

ssize_t PlainSocket::Recv(char* buffer, size_t size) {
  ssize_t n;
  do {
    n = ::recv(fd(), buffer, size, MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  return n >= 0 ? n : Blocked(errno);
}

void PlainSocket::ShutdownWrite() { ::shutdown(fd(), SHUT_WR); }

}  // namespace sse_bridge

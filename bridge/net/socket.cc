#include "bridge/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sse_bridge {
namespace {

ssize_t Blocked(int error) {
  return error == EAGAIN || error == EWOULDBLOCK ? Socket::kWouldBlock
                                                 : Socket::kFailed;
}

ssize_t Receive(int fd, char* buffer, size_t size, int flags) {
  ssize_t n;
  do {
    n = ::recv(fd, buffer, size, MSG_DONTWAIT | flags);
  } while (n < 0 && errno == EINTR);
  return n >= 0 ? n : Blocked(errno);
}

}  // namespace

DescriptorSocket::~DescriptorSocket() {
  if (fd() >= 0) ::close(fd());  // also removes it from pollers
}

ssize_t DescriptorSocket::Recv(char* buffer, size_t size) {
  return Receive(fd(), buffer, size, /*flags=*/0);
}

ssize_t DescriptorSocket::Peek(char* buffer, size_t size) {
  return Receive(fd(), buffer, size, MSG_PEEK);
}

void DescriptorSocket::ShutdownWrite() { ::shutdown(fd(), SHUT_WR); }

void DescriptorSocket::SetStreamOptions(const StreamSocketOptions& options) {
  SetStreamSocketOptions(fd(), options);
}

void DescriptorSocket::ResetOnClose() { ResetDescriptorOnClose(fd()); }

void DescriptorSocket::UseLowestDescriptor() {
  const int lower = ::fcntl(fd(), F_DUPFD_CLOEXEC, 0);
  if (lower < 0) return;
  const bool is_lower = lower < fd();
  ::close(is_lower ? fd() : lower);
  if (is_lower) set_fd(lower);
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

}  // namespace sse_bridge

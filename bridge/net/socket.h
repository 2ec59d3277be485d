#ifndef SSE_BRIDGE_BRIDGE_NET_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_NET_SOCKET_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

#include "absl/strings/string_view.h"
#include "bridge/net/socket_options.h"

namespace sse_bridge {

class MultiplexedSocket;

// A connection to a peer: plain, TLS, or simulated by a test. Closes the
// connection in the destructor. Never blocks, and never raises SIGPIPE.
//
// Not thread-safe: used by one thread at a time.
class Socket {
 public:
  // Retry after the socket's next edge.
  static constexpr ssize_t kWouldBlock = -1;
  static constexpr ssize_t kFailed = -2;

  enum class Progress { kDone, kWantRead, kWantWrite, kFailed };

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket() = default;

  // Continues the handshake until it completes or would block. Done at once for
  // a plain socket.
  virtual Progress Handshake() = 0;

  // Accepts bytes from `parts` in order. Returns how many (more than 0),
  // kWouldBlock if it accepts none now, or kFailed. The socket is responsible
  // for delivering accepted bytes.
  virtual ssize_t Send(const iovec* parts, int count) = 0;

  // Passes accepted bytes on. Returns 0 if none are left, otherwise kWouldBlock
  // or kFailed.
  virtual ssize_t Flush() = 0;

  // Returns the number of bytes read (more than 0), 0 at the end of the peer's
  // data, kWouldBlock or kFailed.
  virtual ssize_t Recv(char* buffer, size_t size) = 0;

  // As Recv, but the next Recv or Peek returns the same bytes again.
  virtual ssize_t Peek(char* buffer, size_t size) = 0;

  // Tells the peer that no more data follows. Called after everything is
  // flushed.
  virtual void ShutdownWrite() = 0;

  // Prepares the socket for a stream.
  virtual void SetStreamOptions(const StreamSocketOptions& options) = 0;

  // Makes the destructor reset the connection. Data that the peer has not
  // received is lost.
  virtual void ResetOnClose() = 0;

  // This as a MultiplexedSocket, or null if it is a connection of its own.
  virtual MultiplexedSocket* multiplexed() { return nullptr; }

  // Whether the handshake has agreed on HTTP/2 (ALPN, RFC 9113, 3.2).
  virtual bool speaks_http2() const { return false; }

  // Moves an accepted plain socket to the lowest free descriptor. Called before
  // a Poller watches the socket.
  virtual void UseLowestDescriptor() {}

  // Identifies the socket at the Poller. The descriptor, unless the socket is
  // simulated.
  int fd() const { return fd_; }

  // If true, the socket holds no bytes itself: Flush has nothing to do, and a
  // Send or Recv of fewer bytes than requested means that there is no more
  // space or input until the next edge. TLS sends and receives whole records,
  // so it is false there.
  bool unbuffered() const { return traits_.unbuffered; }

  // If true, a peer that has ended its data may still wait for ours. If false
  // (TLS, whose clients close both directions at once), it is gone.
  bool may_half_close() const { return traits_.may_half_close; }

  // The descriptor on which PlainSocket::SendTo does the same as Send, for a
  // caller that avoids the virtual call. -1 if Send does more.
  int kernel_fd() const { return traits_.sent_by_kernel ? fd_ : -1; }

 protected:
  struct Traits {
    bool unbuffered = false;
    bool may_half_close = false;
    bool sent_by_kernel = false;  // requires `unbuffered`
  };

  Socket(int fd, Traits traits) : fd_(fd), traits_(traits) {}

  void set_fd(int fd) { fd_ = fd; }

 private:
  int fd_;
  const Traits traits_;
};

// A socket of the operating system. Owns the descriptor, which is non-blocking.
class DescriptorSocket : public Socket {
 public:
  ~DescriptorSocket() override;

  Progress Handshake() override { return Progress::kDone; }
  ssize_t Flush() override { return 0; }
  ssize_t Recv(char* buffer, size_t size) override;
  ssize_t Peek(char* buffer, size_t size) override;
  void ShutdownWrite() override;
  void SetStreamOptions(const StreamSocketOptions& options) override;
  void ResetOnClose() override;
  void UseLowestDescriptor() override;

 protected:
  // Takes ownership of `fd`. Without a descriptor (-1), all operations fail.
  DescriptorSocket(int fd, Traits traits) : Socket(fd, traits) {}
};

class PlainSocket final : public DescriptorSocket {
 public:
  // As DescriptorSocket.
  explicit PlainSocket(int fd)
      : DescriptorSocket(fd, {.unbuffered = true,
                              .may_half_close = true,
                              .sent_by_kernel = true}) {}

  // As Send, for a caller that knows the kernel_fd() of a socket. May return 0
  // if `bytes` is empty.
  static ssize_t SendTo(int fd, absl::string_view bytes);

  ssize_t Send(const iovec* parts, int count) override;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_SOCKET_H_

#ifndef SSE_BRIDGE_BRIDGE_NET_SOCKET_H_
#define SSE_BRIDGE_BRIDGE_NET_SOCKET_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// A connection to a peer, plain or TLS. Owns the descriptor, which is
// non-blocking, and closes it in the destructor. Never blocks, and never raises
// SIGPIPE.
//
// Not thread-safe: used by one thread at a time.
class Socket {
 public:
  // Retry after the descriptor's next edge.
  static constexpr ssize_t kWouldBlock = -1;
  static constexpr ssize_t kFailed = -2;

  enum class Progress { kDone, kWantRead, kWantWrite, kFailed };

  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket();

  // Continues the handshake until it completes or would block. Done at once for
  // a plain socket.
  virtual Progress Handshake() = 0;

  // Accepts bytes from `parts` in order. Returns how many (more than 0),
  // kWouldBlock if it accepts none now, or kFailed. The socket is responsible
  // for delivering accepted bytes.
  virtual ssize_t Send(const iovec* parts, int count) = 0;

  // Writes accepted bytes to the descriptor. Returns 0 if none are left,
  // otherwise kWouldBlock or kFailed.
  virtual ssize_t Flush() = 0;

  // Returns the number of bytes read (more than 0), 0 at the end of the peer's
  // data, kWouldBlock or kFailed.
  virtual ssize_t Recv(char* buffer, size_t size) = 0;

  // Tells the peer that no more data follows. Called after everything is
  // flushed.
  virtual void ShutdownWrite() = 0;

  int fd() const { return fd_; }

  // If false, the bytes on the wire are those passed to Send, and a Send or
  // Recv of fewer bytes than requested means that the descriptor has no more
  // space or input. If true (TLS), nothing else may write to the descriptor.
  bool has_own_framing() const { return has_own_framing_; }

 protected:
  Socket(int fd, bool has_own_framing)
      : fd_(fd), has_own_framing_(has_own_framing) {}

 private:
  const int fd_;
  const bool has_own_framing_;
};

class PlainSocket final : public Socket {
 public:
  // Takes ownership of `fd`. Without a descriptor (-1), all operations fail.
  explicit PlainSocket(int fd) : Socket(fd, /*has_own_framing=*/false) {}

  // As Send, for a caller that knows the descriptor of a plain socket. May
  // return 0 if `bytes` is empty.
  static ssize_t SendTo(int fd, absl::string_view bytes);

  Progress Handshake() override { return Progress::kDone; }
  ssize_t Send(const iovec* parts, int count) override;
  ssize_t Flush() override { return 0; }
  ssize_t Recv(char* buffer, size_t size) override;
  void ShutdownWrite() override;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_SOCKET_H_

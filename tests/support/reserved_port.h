#ifndef SSE_BRIDGE_TESTS_SUPPORT_RESERVED_PORT_H_
#define SSE_BRIDGE_TESTS_SUPPORT_RESERVED_PORT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sse_bridge::testing {

// A port of the loopback interface that refuses connections until a gRPC server
// listens on it. Tests run side by side, so a port that was merely closed may
// already belong to another test: a client would then reach a foreign server.
//
// gRPC servers set SO_REUSEPORT, so they can share the port with this socket,
// while the kernel gives it to nobody who asks for any free port.
class ReservedPort {
 public:
  // Reserves `port`, or any free port if it is 0.
  explicit ReservedPort(int port = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~ReservedPort() { close(fd_); }
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  int port() const { return port_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  const int fd_;
  int port_ = 0;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_SUPPORT_RESERVED_PORT_H_

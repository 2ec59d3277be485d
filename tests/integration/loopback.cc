#include "tests/integration/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "gtest/gtest.h"

namespace sse_bridge::testing {
namespace {

constexpr int kBacklog = 4096;

}  // namespace

int OpenLoopback(int type, int* port) {
  const int fd = socket(AF_INET, type, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  int kind = 0;
  socklen_t kind_size = sizeof kind;
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &kind_size);
  if (kind == SOCK_STREAM) {
    EXPECT_EQ(listen(fd, kBacklog), 0);
  }
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  *port = ntohs(address.sin_port);
  return fd;
}

unsigned long RaiseDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace sse_bridge::testing

#include "bridge/ops/inherited_socket.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

constexpr int kFirstDescriptor = 3;

int NumberFrom(const char* variable) {
  const char* text = getenv(variable);
  int number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : 0;
}

}  // namespace

absl::StatusOr<int> TakeInheritedSocket() {
  const bool ours = NumberFrom("LISTEN_PID") == getpid();
  const int count = NumberFrom("LISTEN_FDS");
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    unsetenv(variable);
  }
  if (!ours || count == 0) return -1;
  if (count != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("LISTEN_FDS: expected one socket, got ", count));
  }
  int listening = 0, type = 0;
  socklen_t size = sizeof(int);
  if (getsockopt(kFirstDescriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      type != SOCK_STREAM ||
      getsockopt(kFirstDescriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening,
                 &size) != 0 ||
      listening == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("LISTEN_FDS: descriptor ", kFirstDescriptor,
                     " is not a listening stream socket"));
  }
  return kFirstDescriptor;
}

}  // namespace sse_bridge

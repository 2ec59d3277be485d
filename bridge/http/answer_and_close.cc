#include "bridge/http/answer_and_close.h"

#include <sys/socket.h>
#include <unistd.h>

namespace sse_bridge {

void AnswerAndClose(int fd, absl::string_view answer) {
  [[maybe_unused]] const ssize_t n =
      send(fd, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  // Unread bytes would turn the close into a reset, which destroys the answer.
  char ignored[4096];
  for (int i = 0; i < 4; ++i) {
    if (recv(fd, ignored, sizeof ignored, MSG_DONTWAIT) <= 0) break;
  }
  close(fd);
}

}  // namespace sse_bridge

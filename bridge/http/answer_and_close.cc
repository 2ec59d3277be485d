#include "bridge/http/answer_and_close.h"

#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace sse_bridge {

void AnswerAndClose(int fd, HttpResponse answer,
                    const HeadersForOrigin& headers) {
  // Read what has arrived: closing with unread bytes sends a reset, which can
  // destroy the answer.
  char request[8192];
  ssize_t n = recv(fd, request, sizeof request, MSG_DONTWAIT);
  if (headers) {
    const absl::string_view seen(request, n > 0 ? static_cast<size_t>(n) : 0);
    for (auto& header : headers(OriginIn(seen))) {
      answer.headers.push_back(std::move(header));
    }
  }
  const std::string bytes = SerializeResponse(answer, /*keep_alive=*/false,
                                              /*without_body=*/false);
  [[maybe_unused]] const ssize_t sent =
      send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  for (int i = 0; n > 0 && i < 2; ++i) {
    n = recv(fd, request, sizeof request, MSG_DONTWAIT);
  }
  close(fd);
}

}  // namespace sse_bridge

#include "bridge/gateway/stream_head.h"

#include "absl/strings/str_cat.h"
#include "bridge/http/http_date.h"

namespace sse_bridge {

HttpResponse StreamHeaders(absl::string_view content_type) {
  HttpResponse response;
  response.headers = {{"Content-Type", std::string(content_type)},
                      {"Cache-Control", "no-store, no-transform"},
                      {"X-Accel-Buffering", "no"},
                      {"Incremental", "?1"}};
  return response;
}

std::string StreamHead(
    absl::string_view content_type, bool chunked, absl::string_view opening,
    const std::vector<std::pair<std::string, std::string>>& extra) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (const auto& [name, value] : StreamHeaders(content_type).headers) {
    AppendHeader(name, value, &head);
  }
  for (const auto& [name, value] : extra) AppendHeader(name, value, &head);
  AppendHeader("Date", HttpDateNow(), &head);
  // The connection ends with the stream, so clients must not reuse it.
  AppendHeader("Connection", "close", &head);
  if (chunked) AppendHeader("Transfer-Encoding", "chunked", &head);
  head += "\r\n";
  if (opening.empty()) return head;
  if (chunked) {
    absl::StrAppend(&head, absl::Hex(opening.size()), "\r\n", opening, "\r\n");
  } else {
    absl::StrAppend(&head, opening);
  }
  return head;
}

std::string GzipOpening(absl::string_view opening, GzipSum* sum) {
  std::string bytes(kGzipHeader);
  AppendStored(opening, &bytes);
  sum->Add(opening);
  return bytes;
}

}  // namespace sse_bridge

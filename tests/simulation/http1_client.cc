#include "tests/simulation/http1_client.h"

#include "absl/strings/str_cat.h"

namespace sse_bridge {

Http1Client::Http1Client(std::unique_ptr<SimulatedClient> client, int minor,
                         const ClientRequest& request,
                         std::string last_event_id, Response::OnEvent on_event)
    : ClientStream(std::move(last_event_id), std::move(on_event)),
      client_(std::move(client)) {
  std::string bytes = absl::StrCat("GET ", request.target, " HTTP/1.", minor,
                                   "\r\nhost: bridge\r\n");
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  client_->Send(absl::StrCat(bytes, "\r\n"));
}

void Http1Client::Look() {
  const std::string& received = client_->received();
  if (received.size() != seen_) {
    seen_ = received.size();
    reader_.Read(received);
  }
  if (ended()) reader_.End();
}

}  // namespace sse_bridge

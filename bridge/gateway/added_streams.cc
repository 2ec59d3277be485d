#include "bridge/gateway/added_streams.h"

#include <utility>

#include "bridge/http/http_error.h"

namespace sse_bridge {

ConnectionRef AddedStreams::Accept(uint32_t /*attaches*/) {
  const ConnectionRef connection = streams_->Add(std::move(lease_));
  exchange_->Respond(HttpResponse{
      200,
      {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
      "{}\n"});
  return connection;
}

void AddedStreams::NoContent() {
  Cancel();
  exchange_->Respond(HttpResponse{204, {{"Cache-Control", "no-store"}}, ""});
}

void AddedStreams::Refuse(const absl::Status& status) {
  Cancel();
  exchange_->Respond(ErrorResponse(status, served_->DetailsJson(status)));
}

void AddedStreams::Cancel() {
  lease_.Release();
  streams_ = nullptr;
}

}  // namespace sse_bridge

#include "bridge/gateway/open_streams.h"

#include "bridge/feed/own_events.h"

namespace sse_bridge {
namespace {

// google.rpc.Status UNAUTHENTICATED, as for an expired token.
constexpr char kRevoked[] = R"({"code":16,"message":"access was revoked"})";

}  // namespace

OpenStreams::OpenStreams(const DenyList* denied, Delivery* delivery)
    : denied_(denied),
      delivery_(delivery),
      final_event_(StatusFrame(absl::StatusCode::kUnauthenticated, kRevoked)) {}

uint64_t OpenStreams::Reserve(std::string subject, std::string token_id,
                              bool tells_why) {
  MutexLock lock(&mu_);
  const uint64_t number = next_++;
  streams_.emplace(number, Stream{std::move(subject), std::move(token_id),
                                  tells_why, ConnectionRef()});
  return number;
}

void OpenStreams::Opened(uint64_t number, ConnectionRef connection) {
  MutexLock lock(&mu_);
  const auto it = streams_.find(number);
  if (it == streams_.end()) return;  // already ended
  it->second.connection = connection;
  // The list may have changed since the token was checked.
  if (denied_->Denies(it->second.subject, it->second.token_id)) {
    End(it->second);
  }
}

void OpenStreams::Closed(uint64_t number) {
  MutexLock lock(&mu_);
  streams_.erase(number);
}

void OpenStreams::EndDenied() {
  MutexLock lock(&mu_);
  for (const auto& [number, stream] : streams_) {
    if (stream.connection && denied_->Denies(stream.subject, stream.token_id)) {
      End(stream);
    }
  }
}

// Only posts to the connection's loop. The stream ends later, on that loop.
void OpenStreams::End(const Stream& stream) {
  delivery_->Close(stream.connection, CloseReason::kExpired,
                   stream.tells_why ? final_event_ : nullptr);
}

size_t OpenStreams::size() const {
  MutexLock lock(&mu_);
  return streams_.size();
}

}  // namespace sse_bridge

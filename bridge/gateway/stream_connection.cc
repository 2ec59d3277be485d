#include "bridge/gateway/stream_connection.h"

#include <optional>
#include <utility>
#include <vector>

#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/stream_head.h"
#include "bridge/http/http_error.h"
#include "bridge/net/multiplexed_socket.h"

namespace sse_bridge {
namespace {

// The header that names a connection of `/events` for changes. Listed in
// browser_rules.cc, so that pages of other origins may read it.
constexpr char kConnectionHeader[] = "Sse-Connection";

// Releases the connection's lease when the connection has ended, removes it
// from the open streams, and updates the log entry.
class LeaseHolder : public ConnectionObserver {
 public:
  // `bundle` holds the lease itself if it is not null. `number` is the stream's
  // number in `open_streams`, or 0 if it is not listed.
  LeaseHolder(ConnectionLimits::Lease lease, std::shared_ptr<OpenBundle> bundle,
              OpenStreams* open_streams, uint64_t number,
              std::unique_ptr<AccessLogEntry> log_entry)
      : lease_(std::move(lease)),
        bundle_(std::move(bundle)),
        open_streams_(open_streams),
        number_(number),
        log_entry_(std::move(log_entry)) {}
  void OnClosed(const CloseInfo& info) override {
    lease_.Release();
    if (bundle_ != nullptr) bundle_->Closed();
    if (number_ != 0) open_streams_->Closed(number_);
    if (log_entry_ == nullptr) return;
    log_entry_->OnEnded(CloseReasonName(info.reason), info.events, info.bytes,
                        info.duration);
  }

 private:
  ConnectionLimits::Lease lease_;
  const std::shared_ptr<OpenBundle> bundle_;
  OpenStreams* const open_streams_;
  const uint64_t number_;
  const std::unique_ptr<AccessLogEntry> log_entry_;
};

}  // namespace

HttpResponse StreamHeadResponse(const OutputFormat& format) {
  HttpResponse response = StreamHeaders(format.content_type());
  response.has_length = false;
  if (format.content_type().empty()) {
    // The content type is known only after the call.
    std::erase_if(response.headers, [](const auto& header) {
      return header.first == "Content-Type";
    });
  }
  for (auto& header : format.headers()) {
    response.headers.push_back(std::move(header));
  }
  return response;
}

HttpResponse NoEventsResponse(const OutputFormat& format) {
  std::optional<std::string> body = format.EmptyBody();
  if (!body.has_value()) {
    return HttpResponse{204, {{"Cache-Control", "no-store"}}, ""};
  }
  HttpResponse response = StreamHeadResponse(format);
  response.body = *std::move(body);
  return response;
}

StreamConnection::StreamConnection(std::shared_ptr<HttpExchange> exchange,
                                   Delivery* delivery,
                                   OpenStreams* open_streams,
                                   std::shared_ptr<const ServedSchema> served,
                                   FinalEventFrames final_events,
                                   ConnectionLimits::Lease lease,
                                   StreamTraits traits)
    : exchange_(std::move(exchange)),
      delivery_(delivery),
      open_streams_(open_streams),
      served_(std::move(served)),
      final_events_(std::move(final_events)),
      lease_(std::move(lease)),
      traits_(std::move(traits)) {}

void StreamConnection::OnContentType(std::string type) {
  traits_.format->SetContentType(std::move(type));
}

ConnectionRef StreamConnection::Accept(uint32_t attaches) {
  DetachedSocket socket = exchange_->DetachForStream();
  StreamSpec spec;
  spec.socket = std::move(socket.socket);
  spec.chunked = socket.chunked;
  OutputFormat& format = *traits_.format;
  const OutputFormat::Traits form = format.traits();
  auto headers = WithExposed(metadata_, *exchange_);
  for (auto& header : format.headers()) headers.push_back(std::move(header));
  if (traits_.bundle != nullptr) {
    headers.emplace_back(kConnectionHeader, traits_.bundle_id);
  }
  std::string opening =
      format.Open({traits_.retry, std::move(traits_.opening_comment)});
  // Of several feeds, no event would follow on its own feed's.
  spec.gzip = traits_.gzip && attaches == 1;
  if (traits_.compressible) headers.emplace_back("Vary", "Accept-Encoding");
  if (spec.gzip) {
    headers.emplace_back("Content-Encoding", "gzip");
    opening = GzipOpening(opening, &spec.gzip_sum);
  }
  MultiplexedSocket* const stream =
      spec.socket != nullptr ? spec.socket->multiplexed() : nullptr;
  if (stream != nullptr) {
    HttpResponse head = StreamHeaders(format.content_type());
    head.headers.insert(head.headers.end(), headers.begin(), headers.end());
    stream->SetHead(head.status, std::move(head.headers));
    spec.head = std::move(opening);
  } else {
    spec.head =
        StreamHead(format.content_type(), socket.chunked, opening, headers);
  }
  spec.expires = traits_.expires;
  spec.expected_attaches = attaches;
  spec.expiry_frame = std::move(final_events_.expired);
  spec.slow_frame = std::move(final_events_.slow);
  if (form.comments) {
    spec.keep_alive = traits_.keep_alive;
    spec.retry = traits_.retry;
  }
  // Raw bytes cannot be resumed, so ending such a stream early would lose data.
  if (!form.bytes) spec.max_age = traits_.max_age;
  spec.cut_unless_ended = form.bytes;
  if (!form.verbatim) spec.rewriter = std::move(traits_.format);
  if (traits_.has_audiences) spec.subject = traits_.subject;
  const uint64_t number =
      traits_.subject.empty()
          ? 0
          : open_streams_->Reserve(std::move(traits_.subject),
                                   std::move(traits_.token_id),
                                   /*tells_why=*/true);
  if (traits_.log_entry != nullptr) traits_.log_entry->OnStarted();
  // If the connection ends at once, the lease is released by Opened.
  ConnectionLimits::Lease lease;
  if (traits_.bundle == nullptr) lease = std::move(lease_);
  spec.observer = std::make_unique<LeaseHolder>(
      std::move(lease), traits_.bundle, open_streams_, number,
      std::move(traits_.log_entry));
  const ConnectionRef connection = delivery_->Open(std::move(spec));
  if (traits_.bundle != nullptr) {
    traits_.bundle->Opened(delivery_, connection, std::move(lease_));
  }
  if (number != 0) open_streams_->Opened(number, connection);
  return connection;
}

void StreamConnection::NoContent() {
  lease_.Release();
  if (traits_.log_entry != nullptr) traits_.log_entry->OnNoContent();
  HttpResponse response = NoEventsResponse(*traits_.format);
  AddExposed(metadata_, *exchange_, &response);
  exchange_->Respond(std::move(response));
}

void StreamConnection::Refuse(const absl::Status& status) {
  lease_.Release();
  if (traits_.log_entry != nullptr) traits_.log_entry->OnRefused(status);
  HttpResponse response = ErrorResponse(status, served_->DetailsJson(status));
  AddExposed(metadata_, *exchange_, &response);
  exchange_->Respond(std::move(response));
}

}  // namespace sse_bridge

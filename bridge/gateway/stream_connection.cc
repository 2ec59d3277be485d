#include "bridge/gateway/stream_connection.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/feed/json_rewriter.h"
#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/raw_body.h"
#include "bridge/gateway/stream_head.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

// Gives the place in the limits back when the connection has ended, takes it
// off the open ones, and tells the log_entry.
class LeaseHolder : public ConnectionObserver {
 public:
  // `number` is of `open_streams`; 0: it is not there.
  LeaseHolder(ConnectionLimits::Lease lease, OpenStreams* open_streams,
              uint64_t number, std::unique_ptr<AccessLogEntry> log_entry)
      : lease_(std::move(lease)),
        open_streams_(open_streams),
        number_(number),
        log_entry_(std::move(log_entry)) {}
  void OnClosed(const CloseInfo& info) override {
    lease_.Release();
    if (number_ != 0) open_streams_->Closed(number_);
    if (log_entry_ == nullptr) return;
    log_entry_->OnEnded(CloseReasonName(info.reason), info.events, info.bytes,
                        info.duration);
  }

 private:
  ConnectionLimits::Lease lease_;
  OpenStreams* const open_streams_;
  const uint64_t number_;
  const std::unique_ptr<AccessLogEntry> log_entry_;
};

absl::string_view ContentType(StreamForm form) {
  switch (form) {
    case StreamForm::kEvents:
      return "text/event-stream";
    case StreamForm::kLines:
      return "application/x-ndjson";
    case StreamForm::kArray:
      return "application/json";
    case StreamForm::kRaw:
      break;  // the backend says
  }
  return "";
}

// The first bytes of the body: proxies and `onopen` see life at once.
std::string Opening(const StreamTraits& traits) {
  switch (traits.form) {
    case StreamForm::kEvents: {
      std::string text = RetryLine(absl::ToInt64Milliseconds(traits.retry));
      absl::StrAppend(&text, CommentFrame("open"));
      if (!traits.opening_comment.empty()) {
        absl::StrAppend(&text, CommentFrame(traits.opening_comment));
      }
      return text;
    }
    case StreamForm::kLines:
    case StreamForm::kRaw:
      return "";
    case StreamForm::kArray:
      return "[";
  }
  return "";
}

}  // namespace

HttpResponse StreamHeadResponse(StreamForm form) {
  HttpResponse response = StreamHeaders(ContentType(form));
  response.has_length = false;
  if (form == StreamForm::kRaw) {
    // Only a call would tell.
    std::erase_if(response.headers, [](const auto& header) {
      return header.first == "Content-Type";
    });
    for (auto& header : RawBodyHeaders()) {
      response.headers.push_back(std::move(header));
    }
  }
  return response;
}

HttpResponse NoEventsResponse(StreamForm form) {
  switch (form) {
    case StreamForm::kEvents:
    case StreamForm::kRaw:
      return HttpResponse{204, {{"Cache-Control", "no-store"}}, ""};
    case StreamForm::kLines:
    case StreamForm::kArray:
      break;
  }
  HttpResponse response = StreamHeadResponse(form);
  if (form == StreamForm::kArray) response.body = "[]\n";
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
  traits_.content_type = SafeContentType(type);
}

ConnectionRef StreamConnection::Accept(uint32_t attaches) {
  DetachedSocket socket = exchange_->DetachForStream();
  StreamSpec spec;
  spec.fd = socket.fd;
  spec.transport = std::move(socket.transport);
  spec.chunked = socket.chunked;
  const bool raw = traits_.form == StreamForm::kRaw;
  auto headers = WithExposed(metadata_, *exchange_);
  if (raw) {
    for (auto& header : RawBodyHeaders()) headers.push_back(std::move(header));
  }
  spec.head = StreamHead(
      raw ? absl::string_view(traits_.content_type) : ContentType(traits_.form),
      socket.chunked, Opening(traits_), headers);
  spec.expires = traits_.expires;
  // Bytes are not resumed: an end before theirs would only be a loss.
  if (!raw) spec.max_age = traits_.max_age;
  spec.expected_attaches = attaches;
  // JSON says it in its own way, see JsonRewriter.
  spec.expiry_frame = std::move(final_events_.expired);
  spec.slow_frame = std::move(final_events_.slow);
  if (traits_.form == StreamForm::kEvents) {
    spec.keep_alive = traits_.keep_alive;
    spec.retry = traits_.retry;
    spec.rewriter = std::move(traits_.rewriter);
  } else if (raw) {
    spec.cut_unless_ended = true;
  } else {
    spec.rewriter = std::make_unique<JsonRewriter>(
        traits_.form == StreamForm::kLines ? JsonRewriter::Form::kLines
                                           : JsonRewriter::Form::kArray);
  }
  const uint64_t number =
      traits_.subject.empty()
          ? 0
          : open_streams_->Reserve(std::move(traits_.subject),
                                   std::move(traits_.token_id),
                                   /*tells_why=*/true);
  if (traits_.log_entry != nullptr) traits_.log_entry->OnStarted();
  spec.observer = std::make_unique<LeaseHolder>(
      std::move(lease_), open_streams_, number, std::move(traits_.log_entry));
  const ConnectionRef connection = delivery_->Open(std::move(spec));
  if (number != 0) open_streams_->Opened(number, connection);
  return connection;
}

void StreamConnection::NoContent() {
  lease_.Release();
  if (traits_.log_entry != nullptr) traits_.log_entry->OnNoContent();
  HttpResponse response = NoEventsResponse(traits_.form);
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

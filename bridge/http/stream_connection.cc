#include "bridge/http/stream_connection.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/feed/json_rewriter.h"
#include "bridge/http/http_error.h"
#include "bridge/http/stream_head.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

// Gives the place in the limits back when the connection has ended, and tells
// the witness.
class LeaseHolder : public ConnectionObserver {
 public:
  LeaseHolder(ConnectionLimits::Lease lease,
              std::unique_ptr<StreamWitness> witness)
      : lease_(std::move(lease)), witness_(std::move(witness)) {}
  void OnClosed(const CloseInfo& info) override {
    lease_.Release();
    if (witness_ == nullptr) return;
    witness_->OnEnded(CloseReasonName(info.reason), info.events, info.bytes,
                      info.duration);
  }

 private:
  ConnectionLimits::Lease lease_;
  const std::unique_ptr<StreamWitness> witness_;
};

absl::string_view ContentType(StreamForm form) {
  switch (form) {
    case StreamForm::kEvents:
      return "text/event-stream";
    case StreamForm::kLines:
      return "application/x-ndjson";
    case StreamForm::kArray:
      return "application/json";
  }
  return "text/event-stream";
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
      return "";
    case StreamForm::kArray:
      return "[";
  }
  return "";
}

}  // namespace

HttpResponse StreamHeadResponse(StreamForm form) {
  return StreamHeaders(ContentType(form));
}

StreamConnection::StreamConnection(std::shared_ptr<Exchange> exchange,
                                   Delivery* delivery,
                                   std::shared_ptr<const ServedSchema> served,
                                   FarewellFrames farewells,
                                   ConnectionLimits::Lease lease,
                                   StreamTraits traits)
    : exchange_(std::move(exchange)),
      delivery_(delivery),
      served_(std::move(served)),
      farewells_(std::move(farewells)),
      lease_(std::move(lease)),
      traits_(std::move(traits)) {}

ConnectionRef StreamConnection::Accept(uint32_t attaches) {
  DetachedSocket socket = exchange_->DetachForStream();
  StreamSpec spec;
  spec.fd = socket.fd;
  spec.chunked = socket.chunked;
  spec.head =
      StreamHead(ContentType(traits_.form), socket.chunked, Opening(traits_));
  spec.expires = traits_.expires;
  spec.max_age = traits_.max_age;
  spec.expected_attaches = attaches;
  if (traits_.form == StreamForm::kEvents) {
    spec.keep_alive = traits_.keep_alive;
    spec.retry = traits_.retry;
    spec.expiry_frame = std::move(farewells_.expired);
    spec.slow_frame = std::move(farewells_.slow);
    spec.rewriter = std::move(traits_.rewriter);
  } else {
    spec.rewriter = std::make_unique<JsonRewriter>(
        traits_.form == StreamForm::kLines ? JsonRewriter::Form::kLines
                                           : JsonRewriter::Form::kArray);
  }
  if (traits_.witness != nullptr) traits_.witness->OnStarted();
  spec.observer = std::make_unique<LeaseHolder>(std::move(lease_),
                                                std::move(traits_.witness));
  return delivery_->Open(std::move(spec));
}

void StreamConnection::NoContent() {
  lease_.Release();
  if (traits_.witness != nullptr) traits_.witness->OnNoContent();
  exchange_->Respond(HttpResponse{204, {{"Cache-Control", "no-store"}}, ""});
}

void StreamConnection::Refuse(const absl::Status& status) {
  lease_.Release();
  if (traits_.witness != nullptr) traits_.witness->OnRefused(status);
  exchange_->Respond(ErrorResponse(status, served_->DetailsJson(status)));
}

}  // namespace sse_bridge

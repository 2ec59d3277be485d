#include "tests/simulation/http2_client.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

class Http2Client::Stream final : public ClientStream {
 public:
  Stream(std::shared_ptr<Http2Client> client, int32_t id,
         std::string last_event_id, Response::OnEvent on_event)
      : ClientStream(std::move(last_event_id), std::move(on_event)),
        client_(std::move(client)),
        id_(id) {
    ++client_->streams_;
  }

  ~Stream() override {
    Reset();
    --client_->streams_;
  }

  void Look() override {
    client_->Look();
    if (!reads_) return;
    Http2Peer::Response& arrived = client_->peer_.responses[id_];
    if (arrived.has_head && response_.status() == 0) TakeHead(arrived.headers);
    if (!arrived.body.empty()) {
      const std::string body = std::exchange(arrived.body, {});
      response_.Body(body);
      if (!closed()) {
        nghttp2_session_consume_stream(client_->peer_.session, id_,
                                       body.size());
        client_->SendWhatIsDue();
      }
    }
    if (IsComplete()) response_.Complete();
  }

  void SetReading(bool reads) override { reads_ = reads; }

  void Reset() override {
    if (closed()) return;
    nghttp2_submit_rst_stream(client_->peer_.session, NGHTTP2_FLAG_NONE, id_,
                              NGHTTP2_CANCEL);
    client_->SendWhatIsDue();
  }

  void Cut() override { client_->Cut(); }

  bool ended() const override { return reads_ && closed(); }

  bool may_be_repeated() const override {
    if (!closed() || IsComplete()) return false;
    if (client_->cut_) return true;
    const Http2Peer::Response& arrived = client_->peer_.responses[id_];
    if (arrived.has_head) return false;
    // An idle connection may be closed just when it is used again (8.7, and
    // RFC 9112, 9.3.1).
    return arrived.closed == NGHTTP2_REFUSED_STREAM ||
           (id_ > 1 && client_->over_);
  }

 private:
  bool closed() const {
    return client_->over_ || client_->peer_.responses[id_].closed >= 0;
  }
  bool IsComplete() const {
    const Http2Peer::Response& arrived = client_->peer_.responses[id_];
    return arrived.ended && arrived.closed <= NGHTTP2_NO_ERROR;
  }

  void TakeHead(const Response::Headers& headers) {
    int status = 0;
    Response::Headers fields;
    for (const auto& [name, value] : headers) {
      if (name != ":status") {
        fields.emplace_back(name, value);
      } else if (!absl::SimpleAtoi(value, &status)) {
        response_.Fail(absl::StrCat("status ", value));
      }
    }
    response_.Head(status, fields);
  }

  const std::shared_ptr<Http2Client> client_;
  const int32_t id_;
  bool reads_ = true;
};

Http2Client::Http2Client(Trace* trace, std::unique_ptr<SimulatedClient> client,
                         uint32_t window)
    : trace_(trace),
      client_(std::move(client)),
      peer_(/*auto_window=*/false,
            {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
             {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}) {}

bool Http2Client::usable() const {
  return !over_ && peer_.goaway < 0 &&
         nghttp2_session_check_request_allowed(peer_.session) != 0 &&
         streams_ < nghttp2_session_get_remote_settings(
                        peer_.session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::unique_ptr<ClientStream> Http2Client::Open(const ClientRequest& request,
                                                std::string last_event_id,
                                                Response::OnEvent on_event) {
  Http2Peer::Fields fields = Http2Peer::Get(request.target);
  fields.insert(fields.end(), request.headers.begin(), request.headers.end());
  const int32_t id = peer_.Request(fields);
  SendWhatIsDue();
  return std::make_unique<Stream>(
      shared_from_this(), id, std::move(last_event_id), std::move(on_event));
}

void Http2Client::SendWhatIsDue() { client_->Send(peer_.Take()); }

void Http2Client::Look() {
  if (over_) return;
  const absl::string_view received = client_->received();
  if (received.size() != given_) {
    if (!peer_.Give(received.substr(given_))) {
      trace_->Fail("Framing", "not HTTP/2");
    }
    if (peer_.goaway > NGHTTP2_NO_ERROR) {
      trace_->Fail("Framing", "GOAWAY with code ", peer_.goaway);
    }
    given_ = received.size();
    // A stream that is not read holds up no other.
    nghttp2_session_consume_connection(peer_.session,
                                       peer_.data_bytes - consumed_);
    consumed_ = peer_.data_bytes;
    SendWhatIsDue();
  }
  if (client_->ended() || client_->broken()) End();
}

void Http2Client::Cut() {
  if (over_) return;
  cut_ = true;
  client_->Reset();
  End();
}

void Http2Client::End() {
  over_ = true;
  client_->Close();
}

}  // namespace sse_bridge

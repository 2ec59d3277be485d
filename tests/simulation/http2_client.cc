#include "tests/simulation/http2_client.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

class Http2Client::Stream final : public ClientStream {
 public:
  Stream(std::shared_ptr<Http2Client> client, int32_t id,
         std::string last_event_id, Response::OnEvent on_event)
      : ClientStream(std::move(last_event_id), std::move(on_event)),
        client_(std::move(client)),
        id_(id) {}

  ~Stream() override {
    Reset();
    client_->streams_.erase(id_);
  }

  void Look() override {
    client_->Look();
    if (!reads_) return;
    Arrived& arrived = client_->streams_[id_];
    if (arrived.has_head && response_.status() == 0) TakeHead(arrived.headers);
    if (!arrived.body.empty()) {
      const std::string body = std::exchange(arrived.body, {});
      response_.Body(body);
      if (!arrived.closed && !client_->over_) {
        nghttp2_session_consume_stream(client_->session_, id_, body.size());
        client_->SendWhatIsDue();
      }
    }
    if (arrived.clean) response_.Complete();
  }

  void SetReading(bool reads) override { reads_ = reads; }

  void Reset() override {
    Arrived& arrived = client_->streams_[id_];
    if (arrived.closed || client_->over_) return;
    nghttp2_submit_rst_stream(client_->session_, NGHTTP2_FLAG_NONE, id_,
                              NGHTTP2_CANCEL);
    client_->SendWhatIsDue();
  }

  void Cut() override { client_->Cut(); }

  bool ended() const override {
    return reads_ && client_->streams_[id_].closed;
  }

  bool may_be_repeated() const override {
    const Arrived& arrived = client_->streams_[id_];
    if (!arrived.closed || arrived.clean) return false;
    // An idle connection may be closed just when it is used again (8.7, and
    // RFC 9112, 9.3.1).
    return client_->cut_ ||
           (!arrived.any && (arrived.refused || (id_ > 1 && client_->over_)));
  }

 private:
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
    : trace_(trace), client_(std::move(client)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame,
                    const uint8_t* name, size_t name_size, const uint8_t* value,
                    size_t value_size, uint8_t, void* user) {
        auto& streams = static_cast<Http2Client*>(user)->streams_;
        const auto it = streams.find(frame->hd.stream_id);
        if (it == streams.end()) return 0;
        it->second.headers.emplace_back(
            std::string(reinterpret_cast<const char*>(name), name_size),
            std::string(reinterpret_cast<const char*>(value), value_size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session* session, uint8_t, int32_t id,
                    const uint8_t* bytes, size_t size, void* user) {
        nghttp2_session_consume_connection(session, size);
        auto& streams = static_cast<Http2Client*>(user)->streams_;
        const auto it = streams.find(id);
        if (it == streams.end()) return 0;
        it->second.body.append(reinterpret_cast<const char*>(bytes), size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        auto* const self = static_cast<Http2Client*>(user);
        if (frame->hd.type == NGHTTP2_GOAWAY) {
          self->going_away_ = true;
          if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
            self->trace_->Fail("Framing", "GOAWAY with code ",
                               frame->goaway.error_code);
          }
        }
        const auto it = self->streams_.find(frame->hd.stream_id);
        if (it == self->streams_.end()) return 0;
        if (frame->hd.type == NGHTTP2_HEADERS) {
          it->second.has_head = it->second.any = true;
        }
        if (frame->hd.type <= NGHTTP2_HEADERS &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          it->second.clean = true;
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, int32_t id, uint32_t code, void* user) {
        static_cast<Http2Client*>(user)->OnStreamClose(id, code);
        return 0;
      });
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
}

Http2Client::~Http2Client() { nghttp2_session_del(session_); }

bool Http2Client::usable() const {
  return !over_ && !going_away_ &&
         nghttp2_session_check_request_allowed(session_) != 0 &&
         streams_.size() <
             nghttp2_session_get_remote_settings(
                 session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::unique_ptr<ClientStream> Http2Client::Open(const ClientRequest& request,
                                                std::string last_event_id,
                                                Response::OnEvent on_event) {
  Response::Headers fields = {{":method", "GET"},
                              {":scheme", "http"},
                              {":authority", "bridge"},
                              {":path", request.target}};
  fields.insert(fields.end(), request.headers.begin(), request.headers.end());
  std::vector<nghttp2_nv> nva;
  nva.reserve(fields.size());
  for (auto& [name, value] : fields) {
    nva.push_back({reinterpret_cast<uint8_t*>(name.data()),
                   reinterpret_cast<uint8_t*>(value.data()), name.size(),
                   value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  const int32_t id = nghttp2_submit_request(session_, nullptr, nva.data(),
                                            nva.size(), nullptr, nullptr);
  streams_[id];
  SendWhatIsDue();
  return std::make_unique<Stream>(
      shared_from_this(), id, std::move(last_event_id), std::move(on_event));
}

void Http2Client::SendWhatIsDue() {
  const uint8_t* data = nullptr;
  for (;;) {
    const ssize_t n = nghttp2_session_mem_send(session_, &data);
    if (n <= 0) return;
    client_->Send(
        {reinterpret_cast<const char*>(data), static_cast<size_t>(n)});
  }
}

void Http2Client::Look() {
  if (over_) return;
  const std::string& received = client_->received();
  if (received.size() != seen_) {
    const size_t n = received.size() - seen_;
    const ssize_t read = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(received.data()) + seen_, n);
    seen_ = received.size();
    if (read != static_cast<ssize_t>(n)) {
      trace_->Fail("Framing", "HTTP/2: ", nghttp2_strerror(read));
    }
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
  for (auto& [id, arrived] : streams_) arrived.closed = true;
}

void Http2Client::OnStreamClose(int32_t id, uint32_t code) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  it->second.closed = true;
  it->second.refused = code == NGHTTP2_REFUSED_STREAM;
  if (code != NGHTTP2_NO_ERROR) it->second.clean = false;
}

}  // namespace sse_bridge

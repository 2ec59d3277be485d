#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP2_HTTP2_PEER_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP2_HTTP2_PEER_H_

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// A client of HTTP/2 over byte strings, for tests.
class Http2Peer {
 public:
  struct Response {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool has_head = false;  // all headers have arrived
    bool ended = false;
    int reset = -1;   // the error code of RST_STREAM
    int closed = -1;  // the error code with which nghttp2 has closed the stream
    std::string status() const { return header(":status"); }
    std::string header(const std::string& name) const {
      for (const auto& [each, value] : headers) {
        if (each == name) return value;
      }
      return "";
    }
  };

  // If `auto_window` is false, the client grants no more window by itself.
  explicit Http2Peer(bool auto_window = true,
                     std::vector<nghttp2_settings_entry> settings = {}) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
           size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
           void* user) {
          static_cast<Http2Peer*>(user)
              ->responses[frame->hd.stream_id]
              .headers.emplace_back(
                  std::string(reinterpret_cast<const char*>(name), name_size),
                  std::string(reinterpret_cast<const char*>(value),
                              value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, uint8_t, int32_t id,
                      const uint8_t* bytes, size_t size, void* user) {
          auto* const self = static_cast<Http2Peer*>(user);
          self->responses[id].body.append(reinterpret_cast<const char*>(bytes),
                                          size);
          self->data_bytes += size;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t id, uint32_t code, void* user) {
          static_cast<Http2Peer*>(user)->responses[id].closed =
              static_cast<int>(code);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks,
        [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
          auto* const self = static_cast<Http2Peer*>(user);
          const bool ends = frame->hd.type <= 1 && (frame->hd.flags & 1) != 0;
          if (ends) self->responses[frame->hd.stream_id].ended = true;
          if (frame->hd.type == NGHTTP2_HEADERS) {
            self->responses[frame->hd.stream_id].has_head = true;
          }
          if (frame->hd.type == NGHTTP2_RST_STREAM) {
            self->responses[frame->hd.stream_id].reset =
                static_cast<int>(frame->rst_stream.error_code);
          }
          if (frame->hd.type == NGHTTP2_GOAWAY) {
            self->goaway = static_cast<int>(frame->goaway.error_code);
            self->last_stream = frame->goaway.last_stream_id;
          }
          if (frame->hd.type == NGHTTP2_DATA) ++self->data_frames;
          return 0;
        });
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, auto_window ? 0 : 1);
    nghttp2_session_client_new2(&session, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, 0, settings.data(), settings.size());
  }
  ~Http2Peer() { nghttp2_session_del(session); }
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  using Fields = std::vector<std::pair<std::string, std::string>>;

  static Fields Get(const std::string& path) {
    return {{":method", "GET"},
            {":scheme", "http"},
            {":authority", "localhost"},
            {":path", path}};
  }

  // Returns the stream's number. Unless the body `ends`, its end is not sent.
  int32_t Request(const Fields& fields, std::string body = "",
                  bool has_body = false, bool ends = true) {
    std::vector<nghttp2_nv> nva;
    nva.reserve(fields.size());
    for (const auto& [name, value] : fields) {
      nva.push_back(
          {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
           reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
           name.size(), value.size(), 0});
    }
    nghttp2_data_provider provider{};
    bodies_.push_back(std::move(body));
    provider.source.ptr = &bodies_.back();
    provider.read_callback =
        ends ? &ReadBody</*kEnds=*/true> : &ReadBody</*kEnds=*/false>;
    return nghttp2_submit_request(session, nullptr, nva.data(), nva.size(),
                                  has_body ? &provider : nullptr, nullptr);
  }

  // What it sends next.
  std::string Take() {
    std::string bytes;
    for (;;) {
      const uint8_t* data = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session, &data);
      if (n <= 0) return bytes;
      bytes.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
    }
  }

  // Returns false if the server has broken the protocol.
  bool Give(absl::string_view bytes) {
    return nghttp2_session_mem_recv(
               session, reinterpret_cast<const uint8_t*>(bytes.data()),
               bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  static std::string Frame(uint8_t type, uint8_t flags, uint32_t stream,
                           const std::string& payload) {
    std::string bytes;
    for (int shift : {16, 8, 0}) {
      bytes.push_back(static_cast<char>(payload.size() >> shift));
    }
    bytes.push_back(static_cast<char>(type));
    bytes.push_back(static_cast<char>(flags));
    for (int shift : {24, 16, 8, 0}) {
      bytes.push_back(static_cast<char>(stream >> shift));
    }
    return bytes + payload;
  }

  std::map<int32_t, Response> responses;
  int goaway = -1;
  int32_t last_stream = -1;
  int data_frames = 0;
  size_t data_bytes = 0;
  nghttp2_session* session = nullptr;

 private:
  template <bool kEnds>
  static ssize_t ReadBody(nghttp2_session*, int32_t, uint8_t* out, size_t max,
                          uint32_t* flags, nghttp2_data_source* source, void*) {
    auto* const left = static_cast<std::string*>(source->ptr);
    if (left->empty() && !kEnds) return NGHTTP2_ERR_DEFERRED;
    const size_t n = left->copy(reinterpret_cast<char*>(out), max);
    left->erase(0, n);
    if (left->empty() && kEnds) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  std::list<std::string> bodies_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP2_HTTP2_PEER_H_

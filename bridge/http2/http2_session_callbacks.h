#ifndef SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SESSION_CALLBACKS_H_
#define SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SESSION_CALLBACKS_H_

// What nghttp2 calls in a session; for http2_session.cc only.

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "bridge/http2/http2_session.h"

namespace sse_bridge {

inline absl::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

struct Http2Session::Nghttp2 {
  ~Nghttp2() { nghttp2_session_del(session); }
  nghttp2_session* session = nullptr;
};

// All run in Receive or Pump.
struct Http2Session::Callbacks {
  static Http2Session* Self(void* user);
  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame,
                            void* user);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame,
                      const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t,
                      void* user);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int OnData(nghttp2_session* session, uint8_t, int32_t id,
                    const uint8_t* bytes, size_t size, void* user);
  static int OnClose(nghttp2_session*, int32_t id, uint32_t, void* user);
  static int OnInvalid(nghttp2_session*, const nghttp2_frame* frame, int error,
                       void* user);
  static int OnSent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  // Says how many bytes of a stream the next DATA frame gets.
  static ssize_t OnRead(nghttp2_session*, int32_t id, uint8_t*, size_t max,
                        uint32_t* flags, nghttp2_data_source*, void* user);
  static int OnSendData(nghttp2_session*, nghttp2_frame* frame,
                        const uint8_t* head, size_t size, nghttp2_data_source*,
                        void* user);

  // The same for all sessions.
  static const nghttp2_session_callbacks* All();
  static const nghttp2_option* SessionOptions();
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP2_HTTP2_SESSION_CALLBACKS_H_

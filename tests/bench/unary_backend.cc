// The backend of `unary`: answers every call with the same message, at a
// fraction of the cost of a gRPC server, so that it needs little of the core
// that it shares with the load.
//
//   unary_backend FILE      FILE holds the serialized answer

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace {

std::string answer;  // with its prefix; constant once there are threads

nghttp2_nv Field(const char* name, const char* value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value)), strlen(name),
          strlen(value), NGHTTP2_NV_FLAG_NONE};
}

ssize_t ReadAnswer(nghttp2_session* http, int32_t stream, uint8_t* buffer,
                   size_t size, uint32_t* flags, nghttp2_data_source* source,
                   void*) {
  const size_t n = std::min(size, answer.size() - source->fd);
  memcpy(buffer, answer.data() + source->fd, n);
  source->fd += static_cast<int>(n);
  if (static_cast<size_t>(source->fd) == answer.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const nghttp2_nv trailer = Field("grpc-status", "0");
    nghttp2_submit_trailer(http, stream, &trailer, 1);
  }
  return static_cast<ssize_t>(n);
}

int OnFrame(nghttp2_session* http, const nghttp2_frame* frame, void*) {
  if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) ||
      (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
    return 0;
  }
  const nghttp2_nv fields[] = {Field(":status", "200"),
                               Field("content-type", "application/grpc")};
  nghttp2_data_provider body;
  body.source.fd = 0;
  body.read_callback = ReadAnswer;
  return nghttp2_submit_response(http, frame->hd.stream_id, fields, 2, &body);
}

bool Flush(int fd, nghttp2_session* http) {
  std::string out;
  for (;;) {
    const uint8_t* bytes = nullptr;
    const ssize_t n = nghttp2_session_mem_send(http, &bytes);
    if (n < 0) return false;
    if (n == 0) break;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
  }
  for (size_t sent = 0; sent < out.size();) {
    const ssize_t n =
        send(fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

void Serve(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
  nghttp2_session* http = nullptr;
  nghttp2_session_server_new(&http, callbacks, nullptr);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings = {
      NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000};
  nghttp2_submit_settings(http, NGHTTP2_FLAG_NONE, &settings, 1);
  static thread_local uint8_t buffer[64 << 10];
  for (bool good = Flush(fd, http); good;) {
    const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    good =
        n > 0 &&
        nghttp2_session_mem_recv(http, buffer, static_cast<size_t>(n)) == n &&
        Flush(fd, http);
  }
  nghttp2_session_del(http);
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ostringstream message;
  message << std::ifstream(argv[1], std::ios::binary).rdbuf();
  const std::string bytes = message.str();
  answer = std::string(1, '\0');
  for (const int shift : {24, 16, 8, 0}) {
    answer.push_back(static_cast<char>(bytes.size() >> shift));
  }
  answer += bytes;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 64) != 0) {
    return 1;
  }
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd >= 0) std::thread(Serve, fd).detach();
  }
}

// What a client sends on an HTTP/2 connection. The first byte says in what
// pieces it arrives.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "bridge/http2/http2_session.h"

namespace sse_bridge {
namespace {

// Accepts less and less, and then everything.
class FuzzSocket : public DescriptorSocket {
 public:
  FuzzSocket() : DescriptorSocket(-1, {.unbuffered = true}) {}
  ssize_t Send(const iovec* parts, int count) override {
    size_t total = 0;
    for (int i = 0; i < count; ++i) total += parts[i].iov_len;
    if (++calls_ % 3 == 0) return kWouldBlock;
    return static_cast<ssize_t>(calls_ % 2 == 0 ? total : (total + 1) / 2);
  }

 private:
  int calls_ = 0;
};

// Answers every other request, and streams to the others.
class FuzzServer : public Http2Session::Observer {
 public:
  explicit FuzzServer(const Http2Session::Options* options)
      : session_(options, this, 0) {}

  void OnRequest(Http2Stream* stream) override {
    if (stream->state != Http2Stream::State::kBusy) abort();
    if (stream->request->refused() == 0) {
      const ParsedRequest request = stream->request->Take();
      if (request.verb.empty() || request.target.empty()) abort();
    }
    requests_.push_back(stream->id);
  }
  void OnClosed(Http2Stream* stream) override {
    std::erase(requests_, stream->id);
  }

  void Run(const std::vector<std::string>& pieces) {
    std::string payload(5000, 'p');
    int64_t now = 0;
    bool alive = true;
    for (const std::string& piece : pieces) {
      alive = alive && session_.Receive(piece, now += 1'000'000);
      for (const int32_t id : std::vector<int32_t>(requests_)) {
        Http2Stream* const stream = session_.Find(id);
        if (stream == nullptr) abort();
        if (stream->state == Http2Stream::State::kBusy) {
          if (id % 4 == 1) {
            session_.Respond(stream, {200, {{"X", "y"}}, "body"}, id % 8 == 1);
          } else {
            session_.Begin(stream, {200, {}, ""});
          }
        } else if (stream->state == Http2Stream::State::kStreaming &&
                   !stream->ended) {
          const iovec part{payload.data(), payload.size()};
          if (session_.Write(stream, &part, 1) == payload.size()) {
            session_.End(stream);
          }
        }
      }
      session_.Pump();
      uint64_t writes = 0, bytes = 0;
      if (session_.output().Flush(&socket_, &writes, &bytes) == 0) {
        session_.OutputHasSpace();
      }
      session_.TakeWritable();
      if (session_.held_bytes() > (size_t{2} << 20)) abort();
      if (session_.output().unsent_bytes() >
          2 * Http2Output::kMaxBatchBytes + 32768) {
        abort();
      }
    }
    session_.DropStreams();
  }

 private:
  FuzzSocket socket_;
  std::vector<int32_t> requests_;
  Http2Session session_;
};

}  // namespace
}  // namespace sse_bridge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece = data[0] == 0 ? size : data[0];
  std::string bytes(sse_bridge::kHttp2Preface);
  bytes.append(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::string> pieces;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    pieces.push_back(bytes.substr(at, piece));
  }
  sse_bridge::Http2Session::Options options;
  options.max_streams = 20;
  options.framing.max_body_bytes = 10'000;
  sse_bridge::FuzzServer server(&options);
  server.Run(pieces);
  return 0;
}

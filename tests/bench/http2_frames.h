#ifndef SSE_BRIDGE_TESTS_BENCH_HTTP2_FRAMES_H_
#define SSE_BRIDGE_TESTS_BENCH_HTTP2_FRAMES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sse_bridge::bench {

// As much of an HTTP/2 client as measuring streams needs: it grants all the
// window there is, compresses no headers and understands of an answer only
// whether it is a 200. Costs little, unlike a whole client.
class Http2Frames {
 public:
  // The preface, SETTINGS with the largest window, and the same for the
  // connection.
  static std::string Opening() {
    std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    bytes += Frame(4, 0, 0, std::string("\0\4\x7f\xff\xff\xff", 6));
    bytes += Frame(8, 0, 0, std::string("\x7f\xff\0\0", 4));
    return bytes;
  }

  // `headers` are "Name: value".
  static std::string Get(int stream, const std::string& path,
                         const std::vector<std::string>& headers) {
    std::string block = "\x82\x86";  // :method GET, :scheme http
    block += '\x01';                 // :authority
    block += Text("127.0.0.1");
    block += '\x04';  // :path
    block += Text(path);
    block += '\0';
    block += Text("accept");
    block += Text("text/event-stream");
    for (const std::string& header : headers) {
      std::string name = header.substr(0, header.find(':'));
      for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 'a' - 'A');
      }
      block += '\0';
      block += Text(name);
      block += Text(header.substr(std::min(name.size() + 2, header.size())));
    }
    return Frame(1, 5, stream, block);
  }

  // Calls `answered(stream, ok)` for each response head, and `data(stream,
  // bytes)` for each part of a body.
  template <typename OnAnswer, typename OnData>
  void Read(std::string_view bytes, OnAnswer answered, OnData data) {
    while (!bytes.empty()) {
      if (left_ == 0 && head_.size() < kHeadBytes) {
        const size_t n = std::min(kHeadBytes - head_.size(), bytes.size());
        head_ += bytes.substr(0, n);
        bytes.remove_prefix(n);
        if (head_.size() < kHeadBytes) return;
        left_ = Number(0, 3);
        block_.clear();
        if (left_ > 0) continue;
      }
      const int stream = static_cast<int>(Number(5, 4) & 0x7fffffff);
      const std::string_view part = bytes.substr(0, left_);
      left_ -= part.size();
      bytes.remove_prefix(part.size());
      if (head_[3] == 0 && !part.empty()) data(stream, part);
      if (head_[3] == 1) block_ += part;
      if (left_ > 0) continue;
      if (head_[3] == 1) answered(stream, IsOk());
      head_.clear();
    }
  }

 private:
  static constexpr size_t kHeadBytes = 9;

  static std::string Frame(int type, int flags, int stream,
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

  // A string of HPACK (RFC 7541, 5.2).
  static std::string Text(const std::string& text) {
    std::string bytes;
    size_t size = text.size();
    if (size < 127) {
      bytes.push_back(static_cast<char>(size));
    } else {
      bytes.push_back(127);
      for (size -= 127; size >= 128; size /= 128) {
        bytes.push_back(static_cast<char>(size % 128 | 128));
      }
      bytes.push_back(static_cast<char>(size));
    }
    return bytes + text;
  }

  size_t Number(size_t from, size_t size) const {
    size_t value = 0;
    for (size_t i = from; i < from + size; ++i) {
      value = value << 8 | static_cast<uint8_t>(head_[i]);
    }
    return value;
  }

  // 0x88 is ":status: 200"; a change of the table's size may come before it.
  bool IsOk() const {
    size_t at = 0;
    if (!block_.empty() && (block_[0] & 0xe0) == 0x20) {
      at = 1;
      if ((block_[0] & 0x1f) == 0x1f) {
        while (at < block_.size() && (block_[at] & 0x80) != 0) ++at;
        ++at;
      }
    }
    return at < block_.size() && block_[at] == '\x88';
  }

  std::string head_;   // of the frame, as far as it has come
  size_t left_ = 0;    // of its payload
  std::string block_;  // of HEADERS
};

}  // namespace sse_bridge::bench

#endif  // SSE_BRIDGE_TESTS_BENCH_HTTP2_FRAMES_H_

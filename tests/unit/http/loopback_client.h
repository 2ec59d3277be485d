#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP_LOOPBACK_CLIENT_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP_LOOPBACK_CLIENT_H_

#include <string>

namespace sse_bridge::testing {

// An answer as it came off the wire.
struct WireAnswer {
  int status = 0;    // 0: the connection ended before a head was there
  std::string head;  // status line and headers, with their line ends
  std::string body;  // of the declared Content-Length

  // The value of the header; "" when it is not there.
  std::string Header(const std::string& name) const;
};

// A blocking client on the loopback. Waits are bounded (20 s), and what does
// not come in time counts as the end of the connection.
class LoopbackClient {
 public:
  explicit LoopbackClient(int port, bool v6 = false);
  ~LoopbackClient();
  LoopbackClient(LoopbackClient&& other) noexcept;
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  void Send(const std::string& bytes);
  void EndSending();  // half-close
  void Close();
  void Reset();  // closes with RST

  // The next answer, interim ones (1xx) included.
  WireAnswer Read(bool to_head = false);

  // All that comes until the connection ends.
  std::string ReadToEnd();

  // So many bytes, or fewer at the end.
  std::string ReadBytes(size_t count);

  // Waits for the end of the connection; false if anything comes before.
  bool AtEnd();

 private:
  bool Fill();

  int fd_ = -1;
  bool connected_ = false;
  std::string in_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP_LOOPBACK_CLIENT_H_

#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP_LOOPBACK_CLIENT_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP_LOOPBACK_CLIENT_H_

#include <string>

namespace sse_bridge::testing {

// An HTTP response as received.
struct WireAnswer {
  int status = 0;    // 0 if the connection ended before a complete head
  std::string head;  // status line and headers, including line ends
  std::string body;  // as long as Content-Length declares

  // Returns the value of the header, or "" if it is absent.
  std::string Header(const std::string& name) const;
};

// A blocking client on the loopback interface. Waits at most 20 s; a timeout
// counts as the end of the connection.
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

  // Reads the next response, including interim ones (1xx).
  WireAnswer Read(bool to_head = false);

  // Reads until the connection ends.
  std::string ReadToEnd();

  // Reads `count` bytes, or fewer if the connection ends.
  std::string ReadBytes(size_t count);

  // Waits for the end of the connection. Returns false if data arrives first.
  bool AtEnd();

 private:
  bool Fill();

  int fd_ = -1;
  bool connected_ = false;
  std::string in_;
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP_LOOPBACK_CLIENT_H_

#ifndef SSE_BRIDGE_TESTS_INTEGRATION_HTTP_CLIENT_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_HTTP_CLIENT_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sse_bridge::testing {

struct HttpRequest {
  std::string verb = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // sent with Content-Length when not empty
  std::string version = "HTTP/1.1";
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // chunks joined
};

// One event or comment as it came off the wire.
struct SseEvent {
  std::string event;
  std::string id;
  std::string data;
  std::string comment;
  std::string retry;
  bool has_id = false;  // also an empty one
};

// The fields of one block: lines, each with its end.
SseEvent ParseBlock(const std::string& block);

// How a client speaks TLS. Files are PEM.
struct ClientTls {
  std::string ca_file;    // who must have signed the server's certificate
  std::string cert_file;  // the client's own; may be empty
  std::string key_file;
  int max_version = 0;  // TLS1_2_VERSION, ...; 0: the newest
};

// One HTTP connection, read byte by byte off the wire. Every wait is bounded
// (20 s) and fails the test when it runs out.
class HttpConnection {
 public:
  // `address` is "http://HOST:PORT" or "HOST:PORT", loopback only.
  explicit HttpConnection(const std::string& address);

  // The same over TLS. When the handshake fails, tls() is false, and the test
  // does not fail.
  HttpConnection(const std::string& address, const ClientTls& tls);
  ~HttpConnection();
  HttpConnection(HttpConnection&& other) noexcept;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void Send(const HttpRequest& request);
  void SendRaw(const std::string& bytes);

  // Status line and headers.
  HttpAnswer ReadHead();

  // A whole answer.
  HttpAnswer ReadAnswer(bool head_request = false);

  // The next event or comment of a stream; nullopt at the stream's proper end
  // (last chunk, or close of a close-delimited body).
  std::optional<SseEvent> NextBlock();

  // The next event, comments and `upstream` events skipped. When none comes the
  // test fails, and the event's data is "null".
  SseEvent Event();

  // All that comes until the peer closes, as it is.
  std::string ReadRaw();

  // True when the peer has closed and nothing is left to read.
  bool AtEnd();

  int fd() const { return fd_; }

  // Whether a handshake was done, and the serial number of the server's
  // certificate.
  bool tls() const { return tls_ != nullptr; }
  std::string ServerSerial() const;

  void Close();

 private:
  struct Tls;

  bool Fill();      // false at the end of the connection
  bool FillBody();  // moves body bytes into body_; false at its end
  std::string ReadLine();

  int fd_ = -1;
  std::unique_ptr<Tls> tls_;  // null: plain
  std::string in_;            // bytes not looked at yet
  std::string body_;          // decoded body bytes not looked at yet
  bool chunked_ = false;
  bool body_ended_ = false;
  std::optional<size_t> body_left_;
};

// One request on a connection of its own.
HttpAnswer Fetch(const std::string& address, const HttpRequest& request);

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_HTTP_CLIENT_H_

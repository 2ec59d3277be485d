#ifndef SSE_BRIDGE_BRIDGE_HTTP_HTTP_EXCHANGE_H_
#define SSE_BRIDGE_BRIDGE_HTTP_HTTP_EXCHANGE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"
#include "bridge/http/http_response.h"
#include "bridge/http/parsed_request.h"
#include "bridge/net/transport.h"

namespace sse_bridge {

// A socket that left HTTP for a stream.
struct DetachedSocket {
  int fd = -1;  // non-blocking, and the receiver's to close
  std::unique_ptr<Transport> transport;  // null for a plain socket
  // The stream is chunked (HTTP/1.1), or ends with the connection (HTTP/1.0).
  bool chunked = true;
};

// How an HttpExchange reaches the connection it came by. Implemented by the
// listener.
class ConnectionHandle {
 public:
  virtual ~ConnectionHandle() = default;

  // False: the connection ends with this answer.
  virtual bool MayKeepAlive() = 0;

  // Tells how much memory the request takes until its answer.
  virtual void Hold(size_t bytes) = 0;

  // Exactly one of these, once, from any thread. Detach gives the descriptor
  // and the transport, which the listener neither watches nor closes from then
  // on; -1 when the connection is gone.
  virtual void Answer(std::string bytes, bool keep_alive) = 0;
  virtual int Detach(std::unique_ptr<Transport>* transport) = 0;
};

// One request, waiting for its one answer. From any thread; the answer may come
// long after the handler has returned, and also after the server is gone, when
// it goes nowhere. Destroyed unanswered, it answers 500.
class HttpExchange {
 public:
  HttpExchange(ParsedRequest request, std::unique_ptr<ConnectionHandle> link);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  const std::string& verb() const { return request_.verb; }
  const std::string& target() const { return request_.target; }
  int minor_version() const { return request_.minor_version; }
  bool keep_alive() const { return request_.keep_alive; }

  // Of the target, also when it is in absolute-form (http://host/path); still
  // percent-encoded, and without the base path. The query is without its '?'.
  absl::string_view raw_path() const;
  absl::string_view raw_query() const;

  // From StartServing to ReleaseBody, of who serves the request.
  const std::string& body() const { return request_.body; }

  // Before the request is served. False: it was refused meanwhile.
  bool StartServing();

  // The body is not needed any more.
  void ReleaseBody() { std::string().swap(request_.body); }

  // What came of the body takes so much memory until the answer.
  void Hold(size_t bytes);
  const std::string& peer_address() const { return request_.peer_address; }

  // Who the request is from: the peer, or the client that a trusted proxy
  // names. Set before the request is served.
  const std::string& client_address() const {
    return client_address_.empty() ? request_.peer_address : client_address_;
  }
  void set_client_address(std::string address) {
    client_address_ = std::move(address);
  }

  // Takes the path that the bridge is configured to be below off the request's.
  // False: the request is not below it. Before the request is served.
  bool EnterBasePath(const std::string& base_path);

  // Whether the request is for that path without a slash at its end.
  bool IsBasePathItself() const;

  // What stands before the bridge's paths in the addresses that clients know:
  // the prefix that a trusted proxy has taken off, then the base path. "" or
  // like "/realtime".
  const std::string& public_path() const { return public_path_; }
  void set_forwarded_prefix(const std::string& prefix) {
    public_path_ = prefix + public_path_;
  }

  // "https" or "http", by which the client came: known where the bridge itself
  // ends TLS, or a trusted proxy tells. Empty: plain here, and a proxy may have
  // ended TLS before. Set before the request is served.
  const std::string& client_scheme() const { return client_scheme_; }
  void set_client_scheme(std::string scheme) {
    client_scheme_ = std::move(scheme);
  }

  // See ParsedRequest.
  const HttpHeaders& headers() const { return request_.headers; }

  // The values of the headers of this name, in any case of letters.
  std::vector<absl::string_view> HeaderValues(absl::string_view name) const;

  // The first of them.
  std::optional<absl::string_view> Header(absl::string_view name) const;

  // Headers of whatever the answer will be, a stream's too. Set before the
  // request is served. One that the answer has itself counts instead, except
  // Vary, which both add to.
  void AddResponseHeader(std::string name, std::string value) {
    response_headers_.emplace_back(std::move(name), std::move(value));
  }
  const std::vector<std::pair<std::string, std::string>>& response_headers()
      const {
    return response_headers_;
  }

  // The answer. A second one is ignored. A HEAD gets its headers only.
  void Respond(HttpResponse response);

  // An answer in the middle of everything, for want of memory: the connection
  // ends with it, the body goes if nobody reads it yet, and whoever waits for
  // something hears that the request is aborted. From the listener.
  void Refuse(const HttpResponse& response);

  // Instead of an answer: the socket is the caller's. fd is -1 when the
  // exchange was answered already.
  DetachedSocket DetachForStream();

  // `aborted` is called at most once, on any thread, when the client's
  // connection breaks before the answer: at once if it has already. A client
  // that only ends its own direction (half-close) still waits for its answer
  // and is not gone; see HttpListener. The callback is dropped with the answer,
  // so it may hold what holds the exchange.
  void OnAbort(std::function<void()> aborted);

  // From the listener: the connection broke.
  void Abort();

 private:
  std::unique_ptr<ConnectionHandle> TakeLink();

  ParsedRequest request_;       // the body alone changes
  std::string client_address_;  // empty: the peer's
  size_t base_path_size_ = 0;
  std::string public_path_;
  std::string client_scheme_;
  std::vector<std::pair<std::string, std::string>> response_headers_;

  Mutex mu_;
  std::unique_ptr<ConnectionHandle> link_
      ABSL_GUARDED_BY(mu_);  // null: answered
  std::function<void()> on_abort_ ABSL_GUARDED_BY(mu_);
  bool aborted_ ABSL_GUARDED_BY(mu_) = false;
  bool served_ ABSL_GUARDED_BY(mu_) = false;
  bool refused_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_EXCHANGE_H_

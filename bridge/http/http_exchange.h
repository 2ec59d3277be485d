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
#include "bridge/net/socket.h"

namespace sse_bridge {

// A socket that was detached from HTTP to become a stream.
struct DetachedSocket {
  // Null if the exchange has already been answered or the connection is gone.
  std::unique_ptr<Socket> socket;
  // Whether the stream is chunked (HTTP/1.1) or not: it ends with the
  // connection (HTTP/1.0), or the socket is a MultiplexedSocket (HTTP/2), whose
  // SetHead must be called.
  bool chunked = true;
};

// An HttpExchange's handle of its connection. Implemented by the listener.
class ConnectionHandle {
 public:
  virtual ~ConnectionHandle() = default;

  // Returns false if the connection must close after this response.
  virtual bool MayKeepAlive() = 0;

  // Reports how much memory the request uses until its response.
  virtual void Hold(size_t bytes) = 0;

  // Sends the response, as HTTP/1.1 unless overridden. The response to HEAD is
  // without a body.
  virtual void Respond(HttpResponse response, bool keep_alive,
                       bool without_body) {
    Answer(SerializeResponse(std::move(response), keep_alive, without_body),
           keep_alive);
  }

  // Exactly one of Respond and these is called, once. Thread-safe. Detach hands
  // over the socket, which the listener then neither watches nor closes. It
  // returns null if the connection is gone.
  virtual void Answer(std::string bytes, bool keep_alive) = 0;
  virtual std::unique_ptr<Socket> Detach() = 0;
};

// A request that awaits its response. Thread-safe. The response may be given
// long after the handler has returned, and even after the server is gone, in
// which case it is dropped. Responds with 500 if destroyed without a response.
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

  // Path and query of the target, also of one in absolute-form
  // (http://host/path). Percent-encoded. The path excludes the base path, the
  // query its '?'.
  absl::string_view raw_path() const;
  absl::string_view raw_query() const;

  // Valid from StartServing to ReleaseBody, for the code that serves the
  // request.
  const std::string& body() const { return request_.body; }

  // Call before serving the request. Returns false if the request has been
  // refused meanwhile.
  bool StartServing();

  // Frees the body once it is no longer needed.
  void ReleaseBody() { std::string().swap(request_.body); }

  // Accounts for memory that is derived from the body and kept until the
  // response.
  void Hold(size_t bytes);
  const std::string& peer_address() const { return request_.peer_address; }

  // The address of the peer, or of the client that a trusted proxy reports. Set
  // before the request is served.
  const std::string& client_address() const {
    return client_address_.empty() ? request_.peer_address : client_address_;
  }
  void set_client_address(std::string address) {
    client_address_ = std::move(address);
  }

  // Removes the configured base path from the request's path. Returns false if
  // the request is not below it. Call before the request is served.
  bool EnterBasePath(const std::string& base_path);

  // Returns whether the request is for the base path itself, without a trailing
  // slash.
  bool IsBasePathItself() const;

  // The prefix of the bridge's paths in the URLs that clients use: the prefix
  // that a trusted proxy has removed, followed by the base path. Empty or like
  // "/realtime".
  const std::string& public_path() const { return public_path_; }
  void set_forwarded_prefix(const std::string& prefix) {
    public_path_ = prefix + public_path_;
  }

  // The scheme that the client used, "https" or "http", if the bridge
  // terminates TLS itself or a trusted proxy reports it. Empty if the bridge
  // received plain HTTP and a proxy may have terminated TLS. Set before the
  // request is served.
  const std::string& client_scheme() const { return client_scheme_; }
  void set_client_scheme(std::string scheme) {
    client_scheme_ = std::move(scheme);
  }

  // See ParsedRequest.
  const HttpHeaders& headers() const { return request_.headers; }

  // Returns the values of all headers with this name (case-insensitive).
  std::vector<absl::string_view> HeaderValues(absl::string_view name) const;

  // Returns the first of them.
  std::optional<absl::string_view> Header(absl::string_view name) const;

  // Adds a header to the response, including that of a stream. Call before the
  // request is served. A header that the response itself has takes precedence,
  // except Vary, which is merged.
  void AddResponseHeader(std::string name, std::string value) {
    response_headers_.emplace_back(std::move(name), std::move(value));
  }
  const std::vector<std::pair<std::string, std::string>>& response_headers()
      const {
    return response_headers_;
  }

  // Sends the response. Later calls are ignored. The response to HEAD has
  // headers only.
  void Respond(HttpResponse response);

  // Refuses the request to free memory, at any point of its life. The
  // connection closes after this response, the body is freed unless it is being
  // read, and the abort callback runs. Called by the listener.
  void Refuse(const HttpResponse& response);

  // Takes over the socket instead of responding.
  DetachedSocket DetachForStream();

  // Registers a callback for the case that the client's connection breaks
  // before the response. `aborted` is called at most once, on any thread, and
  // immediately if the connection is already broken. A client that only shuts
  // down its sending side (half-close) still waits for its response and does
  // not count as gone; see HttpListener. The response drops the callback, which
  // may therefore own the owner of the exchange.
  void OnAbort(std::function<void()> aborted);

  // Called by the listener when the connection breaks.
  void Abort();

 private:
  std::unique_ptr<ConnectionHandle> TakeLink();

  ParsedRequest request_;       // only the body changes
  std::string client_address_;  // empty for the peer's address
  size_t base_path_size_ = 0;
  std::string public_path_;
  std::string client_scheme_;
  std::vector<std::pair<std::string, std::string>> response_headers_;

  Mutex mu_;
  std::unique_ptr<ConnectionHandle> link_
      ABSL_GUARDED_BY(mu_);  // null once answered
  std::function<void()> on_abort_ ABSL_GUARDED_BY(mu_);
  bool aborted_ ABSL_GUARDED_BY(mu_) = false;
  bool served_ ABSL_GUARDED_BY(mu_) = false;
  bool refused_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_HTTP_EXCHANGE_H_

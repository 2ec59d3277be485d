#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_API_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_API_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "bridge/access/connection_limits.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/gateway/authenticator.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/forwarded_metadata.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/gateway/stream_connection.h"
#include "bridge/gateway/stream_opener.h"
#include "bridge/http/http_exchange.h"
#include "bridge/ops/access_log.h"
#include "bridge/upstream/router.h"
#include "bridge/web/pages.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Every method of the schema over HTTP, `/events` and `/auth/ticket`: routes a
// request, lets its caller in or not, binds and checks the message, and calls
// the backend or subscribes to feeds. It answers each HttpExchange exactly
// once, often later and on another thread.
//
// Thread-safe.
class Api {
 public:
  // Who may read /schema.json and the OpenAPI documents.
  enum class Documents { kPublic, kAuthenticated, kOff };

  struct Options {
    Documents documents = Documents::kPublic;
    absl::Duration request_timeout = absl::Seconds(30);
    absl::Duration keep_alive = absl::Seconds(15);
    bool keep_alive_overrides = false;  // wins over the schema's
    absl::Duration retry = absl::Seconds(2);
    absl::Duration open_grace = absl::Milliseconds(500);
  };

  // All must outlive the Api.
  struct Parts {
    Delivery* delivery = nullptr;
    const UpstreamRouter* upstreams = nullptr;
    ConnectionLimits* limits = nullptr;       // of streams
    ConnectionLimits* call_limits = nullptr;  // of unary calls
    const Authenticator* authenticator = nullptr;
    const StreamOpener* opener = nullptr;
    AccessLog* journal = nullptr;       // null: nobody is told
    LabelledCounter* errors = nullptr;  // by google.rpc.Code; may be null
    const Pages* pages = nullptr;       // null: none are served
    OpenStreams* open_streams = nullptr;
    const ForwardedMetadata* forwarded = nullptr;  // null: nothing is
    const ExposedMetadata* exposed = nullptr;      // null: nothing is
    const BrowserRules* browsers = nullptr;        // may be null
  };

  Api(Parts parts, Options options, std::shared_ptr<const ServedSchema> served);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void Handle(std::shared_ptr<HttpExchange> exchange);

  // Requests from now on are served by this schema; streams that are open keep
  // theirs.
  void Replace(std::shared_ptr<const ServedSchema> served);
  std::shared_ptr<const ServedSchema> served() const;

  // From now on no stream is opened: 503.
  void StartDraining() { draining_ = true; }

 private:
  struct Request;  // an exchange on its way through the steps below

  // Serves pages and their files; false when no page has the path.
  // Methods of the schema go before them.
  bool ServePage(Request* request) const;

  // /schema.json and the OpenAPI documents.
  bool IsDocument(absl::string_view raw_path) const;
  void ServeDocument(std::shared_ptr<Request> request);

  // Lets the request's caller in. False: it is refused, or is going to be
  // served again (by `again`) when the keys of tokens are fresh.
  using Step = void (Api::*)(std::shared_ptr<Request>);
  bool Admit(const std::shared_ptr<Request>& request,
             const sse::v1::Access& rule, QueryCredentials query, Step again);

  // The same for what asks each part of the request later. Credentials that are
  // not good are noted in it, for the parts that need some.
  bool Identify(const std::shared_ptr<Request>& request, QueryCredentials query,
                Step again);

  // True: keys newer than those that did not know the token's are looked for,
  // and `again` serves the request then.
  bool WaitsForKeys(const std::shared_ptr<Request>& request, bool unknown_key,
                    Step again);

  void ServeMethod(std::shared_ptr<Request> request);
  void ServeTicket(std::shared_ptr<Request> request);
  void ServeUnary(std::shared_ptr<Request> request);
  void ServeStream(std::shared_ptr<Request> request);
  void ServeBundle(std::shared_ptr<Request> request);
  // Gives the request's place back first: who reads this may come again at
  // once.
  void Refuse(Request& request, const absl::Status& status) const;

  // What the request's calls are told of it beside its message and subject.
  absl::StatusOr<Metadata> ForwardedOf(const Request& request) const;

  // A message bound from the request, with its subject, checked.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BindMessage(
      const ServedRoute& route, const std::vector<PathVariable>& variables,
      absl::string_view raw_query, const std::string* body,
      const std::optional<Identity>& identity) const;

  // What `/events` carries for a request, by its parameters or by default.
  struct BundlePart;
  absl::StatusOr<std::vector<BundlePart>> BundleParts(
      const Request& request, std::string* left_out) const;
  absl::StatusOr<BundlePart> BundlePartFor(const Request& request,
                                           std::string name,
                                           absl::string_view target) const;

  // Finds where each part stands in a BundleCursor, and returns the format that
  // gives the connection's events the ids of all of them.
  static std::unique_ptr<OutputFormat> ResumeBundle(
      const std::optional<std::string>& last_event_id,
      const std::optional<Identity>& identity, std::vector<BundlePart>* parts);

  // Answers for streams that have all ended, as the browser was told before;
  // false: one has not.
  bool AnswerEnded(Request* request, const OutputFormat& format,
                   const std::vector<BundlePart>& parts) const;

  // Once the request has its place in the limits, on whatever thread, the
  // second goes on where the first has left off.
  void OpenConnection(std::shared_ptr<Request> request, StreamTraits traits,
                      std::vector<BundlePart> parts, bool bundle);
  void OpenAdmitted(std::shared_ptr<Request> request, StreamTraits traits,
                    std::vector<BundlePart> parts, bool bundle,
                    ConnectionLimits::Lease lease);
  std::unique_ptr<AccessLogEntry> LogEntryFor(const Request& request,
                                              bool bundle) const;
  StreamTraits TraitsFor(const Method& method) const;

  const Parts parts_;
  const Options options_;
  std::atomic<bool> draining_{false};

  mutable Mutex mu_;
  std::shared_ptr<const ServedSchema> served_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_API_H_

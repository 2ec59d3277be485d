#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_API_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_API_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/access/connection_limits.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/feed_registry.h"
#include "bridge/feed/formats/multiplexed.h"
#include "bridge/gateway/authenticator.h"
#include "bridge/gateway/browser_rules.h"
#include "bridge/gateway/exposed_metadata.h"
#include "bridge/gateway/forwarded_metadata.h"
#include "bridge/gateway/open_bundle.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/gateway/stream_connection.h"
#include "bridge/gateway/stream_opener.h"
#include "bridge/http/http_exchange.h"
#include "bridge/ops/access_log.h"
#include "bridge/upstream/router.h"
#include "bridge/web/pages.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Serves the methods of the schema over HTTP, and `/events` and `/auth/ticket`:
// routes a request, authorizes it, binds and validates the message, and calls
// the backend or subscribes to feeds. Answers each HttpExchange exactly once,
// possibly later and on another thread.
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
    bool keep_alive_overrides = false;  // ignore the schema's value
    absl::Duration retry = absl::Seconds(2);
    absl::Duration open_grace = absl::Milliseconds(500);
    bool compress = true;
    bool compress_exclusive = false;  // also what depends on who the client is
  };

  // All must outlive the Api.
  struct Parts {
    Delivery* delivery = nullptr;
    const UpstreamRouter* upstreams = nullptr;
    ConnectionLimits* limits = nullptr;       // of streams
    ConnectionLimits* call_limits = nullptr;  // of unary calls
    const Authenticator* authenticator = nullptr;
    const StreamOpener* opener = nullptr;
    const Admitter* admitter = nullptr;
    AccessLog* journal = nullptr;       // null if disabled
    LabelledCounter* errors = nullptr;  // by google.rpc.Code; may be null
    const Pages* pages = nullptr;       // null if disabled
    OpenStreams* open_streams = nullptr;
    const ForwardedMetadata* forwarded = nullptr;  // null if nothing is
    const ExposedMetadata* exposed = nullptr;      // null if nothing is
    const BrowserRules* browsers = nullptr;        // may be null
  };

  Api(Parts parts, Options options, std::shared_ptr<const ServedSchema> served);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void Handle(std::shared_ptr<HttpExchange> exchange);

  // Serves later requests by this schema. Open streams keep theirs.
  void Replace(std::shared_ptr<const ServedSchema> served);
  std::shared_ptr<const ServedSchema> served() const;

  // Answers 503 to later requests for streams.
  void StartDraining() { draining_ = true; }

 private:
  struct Request;  // the state of a request between the steps below

  // Serves pages and their assets. Returns false if no page has the path.
  // Methods of the schema take precedence.
  bool ServePage(Request* request) const;

  // /schema.json and the OpenAPI documents.
  bool IsDocument(absl::string_view raw_path) const;
  void ServeDocument(std::shared_ptr<Request> request);

  // Authorizes the request. Returns false if it has been refused, or if `again`
  // will be called for it after the token keys have been refreshed.
  using Step = void (Api::*)(std::shared_ptr<Request>);
  bool Admit(const std::shared_ptr<Request>& request,
             const sse::v1::Access& rule, QueryCredentials query, Step again);

  // Authenticates a request whose parts are authorized later. Invalid
  // credentials are stored in the request, for the parts that need an identity.
  bool Identify(const std::shared_ptr<Request>& request, QueryCredentials query,
                Step again);

  // Authenticates the request, and authorizes it if there is a rule. Stores the
  // identity in the request if it returns OK. If the token's key is unknown,
  // refreshes the published keys, calls `again` afterwards and returns nullopt.
  std::optional<absl::Status> Authenticate(
      const std::shared_ptr<Request>& request, const sse::v1::Access* rule,
      QueryCredentials query, Step again);

  void ServeMethod(std::shared_ptr<Request> request);
  void ServeTicket(std::shared_ptr<Request> request);
  void ServeUnary(std::shared_ptr<Request> request);
  void ServeStream(std::shared_ptr<Request> request);
  void ServeBundle(std::shared_ptr<Request> request);
  void ServeBundleChange(std::shared_ptr<Request> request);
  // Releases the request's lease first: a client may retry as soon as it has
  // read the response.
  void Refuse(Request& request, const absl::Status& status) const;

  // The metadata that is forwarded to the request's calls.
  absl::StatusOr<Metadata> ForwardedOf(const Request& request) const;

  // Binds the request's message, sets its subject and validates it.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BindMessage(
      const ServedRoute& route, const std::vector<PathVariable>& variables,
      absl::string_view raw_query,
      const std::optional<RequestBinder::Body>& body,
      const std::optional<Identity>& identity) const;

  // The streams that `/events` carries for a request: those that it selects, or
  // the default ones. `changeable` is set if the client wants to change them
  // later.
  struct BundlePart;
  absl::StatusOr<std::vector<BundlePart>> BundleParts(const Request& request,
                                                      std::string* left_out,
                                                      bool* changeable) const;

  // The stream of the parameter `stream`: PATH or NAME:PATH.
  absl::StatusOr<BundlePart> NamedPart(const Request& request,
                                       absl::string_view value) const;

  // A form that changes an open connection: `connection`, `stream`, `remove`.
  struct BundleChange;
  absl::StatusOr<BundleChange> ChangeOf(const Request& request) const;
  absl::StatusOr<BundlePart> BundlePartFor(const Request& request,
                                           std::string name,
                                           absl::string_view target) const;

  // Two streams of a connection must not have the same name.
  static absl::Status CheckNames(const std::vector<BundlePart>& parts);

  // Finds the resume point of each part in a BundleCursor. Returns the parts of
  // the format that gives the connection's events ids that cover all of them.
  static std::vector<MultiplexedFormat::Part> ResumeBundle(
      const std::optional<std::string>& last_event_id,
      const std::optional<Identity>& identity, std::vector<BundlePart>* parts);

  // Answers a request to resume streams that have all ended. Returns false if
  // one of them has not.
  bool AnswerEnded(Request* request, const OutputFormat& format,
                   const std::vector<BundlePart>& parts) const;

  // Moves the subject of a part whose method has an admission out of the
  // request that clients share.
  static void SeparateSubject(BundlePart* part);

  // OpenConnection acquires a lease from the limits. EnterParts continues with
  // it, and has the parts admitted that need it; then OpenAdmitted opens the
  // streams. Each may run on another thread.
  void OpenConnection(std::shared_ptr<Request> request, StreamTraits traits,
                      std::vector<BundlePart> parts, bool bundle);
  struct Entering;
  void EnterParts(std::shared_ptr<Request> request, StreamTraits traits,
                  std::vector<BundlePart> parts, bool bundle,
                  ConnectionLimits::Lease lease);
  void OnEntered(std::shared_ptr<Entering> entering);
  // Returns true if the client of a part that has not been admitted may be
  // admitted while the connection is open: if the response cannot be an error,
  // or an EventSource would give up after one.
  bool MayBeAdmittedLater(const BundlePart& part, bool bundle,
                          absl::Time deadline) const;
  // Adds a part that has not been admitted.
  void AddUnadmitted(const Request& request, BundlePart part, bool bundle,
                     int tag, const Subscription::Options& options,
                     absl::Time deadline, Subscription* subscription) const;
  void OpenAdmitted(std::shared_ptr<Request> request, StreamTraits traits,
                    std::vector<BundlePart> parts, bool bundle,
                    ConnectionLimits::Lease lease);
  std::unique_ptr<StreamResponder> ResponderFor(
      const Request& request, StreamTraits traits,
      FinalEventFrames final_events, ConnectionLimits::Lease lease) const;
  std::unique_ptr<AccessLogEntry> LogEntryFor(const Request& request,
                                              bool bundle) const;
  StreamTraits TraitsFor(const Method& method) const;
  // Whether the stream may be compressed. The request's metadata is known.
  bool MayCompress(const Request& request, const Method& method,
                   const OutputFormat& format) const;

  // Final events that every stream may need: they have no details, so they are
  // the same for all, also with another schema.
  const FramePtr token_expired_;
  const FramePtr deadline_passed_;
  const FramePtr reads_too_slowly_;

  const Parts parts_;
  const Options options_;
  std::atomic<bool> draining_{false};
  const std::shared_ptr<OpenBundles> bundles_ = std::make_shared<OpenBundles>();

  mutable Mutex mu_;
  std::shared_ptr<const ServedSchema> served_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_API_H_

#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_ADMITTER_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_ADMITTER_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/frame.h"
#include "bridge/feed/admission_session.h"
#include "bridge/feed/admissions.h"
#include "bridge/feed/reconnect.h"
#include "bridge/gateway/resume_points.h"
#include "bridge/gateway/served_schema.h"
#include "bridge/upstream/router.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// The requests that admit one client to one stream, and end its session.
struct AdmissionRequests {
  std::string session;
  std::string enter;  // serialised
  std::string leave;  // serialised; empty if `leave` is not called
};

// A client that has been admitted to a stream.
struct Admitted {
  std::shared_ptr<AdmissionSession> session;
  std::shared_ptr<void> stay;  // the result of the session's Hold

  // The client's first event. May be null.
  FramePtr greeting;

  // The id after which the stream begins for a first visit; empty: it begins
  // when the client joins.
  std::string begin_after;
};

// Fills the requests of the route's admission from the stream's validated
// request and the identity. `resume_from` is the id from which the client
// resumes; empty on a first visit. Returns an error if the identity does not
// meet the access rule of `enter`.
absl::StatusOr<AdmissionRequests> MakeAdmissionRequests(
    const ServedRoute& route, const google::protobuf::Message& request,
    const std::optional<Identity>& identity, absl::string_view resume_from);

// Makes the stream's request the same for all clients.
void ClearSubject(const Method& method, google::protobuf::Message* request);

// Renders the greeting in the response of `enter`. On a first visit, sets
// *begin_after to its id if the stream can begin there. Returns null if the
// route has no greeting, or the response does not contain one.
absl::StatusOr<FramePtr> GreetingOf(const ServedRoute& route,
                                    const std::string& response,
                                    absl::string_view resume_from,
                                    std::string* begin_after);

// Calls `enter` for clients, before their response begins.
//
// Thread-safe.
class Admitter {
 public:
  struct Options {
    absl::Duration request_timeout = absl::Seconds(30);

    // How long a renewal may fail because the backend is away, unless the
    // method has a value of its own.
    absl::Duration give_up_after = absl::Minutes(5);
  };

  // All must outlive the admitter and its sessions.
  Admitter(const UpstreamRouter* upstreams, Admissions* admissions,
           Options options)
      : upstreams_(upstreams), admissions_(admissions), options_(options) {}
  // Waits until each `done` has returned.
  ~Admitter();
  Admitter(const Admitter&) = delete;
  Admitter& operator=(const Admitter&) = delete;

  using Done = std::function<void(absl::StatusOr<Admitted>)>;

  // `request` as for MakeAdmissionRequests. `resume_from` is the id from which
  // the client resumes; empty on a first visit. Leaves count for `payer`.
  // `done` is called once: before Enter returns, or on another thread.
  void Enter(std::shared_ptr<const ServedSchema> served,
             const ServedRoute& route, const google::protobuf::Message& request,
             const std::optional<Identity>& identity,
             const std::string& resume_from, const std::string& payer,
             std::shared_ptr<const Metadata> metadata, absl::Time deadline,
             Done done) const;

  // Which failures of `enter` are temporary, and for how long.
  ReconnectPolicy PolicyOf(const Method& method) const;

 private:
  void OnDone() const;

  const UpstreamRouter* const upstreams_;
  Admissions* const admissions_;
  const Options options_;

  mutable Mutex mu_;
  mutable std::condition_variable_any idle_;
  mutable int entering_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_ADMITTER_H_

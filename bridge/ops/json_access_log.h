#ifndef SSE_BRIDGE_BRIDGE_OPS_JSON_ACCESS_LOG_H_
#define SSE_BRIDGE_BRIDGE_OPS_JSON_ACCESS_LOG_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "bridge/base/labelled_counter.h"
#include "bridge/base/mutex.h"
#include "bridge/ops/access_log.h"

namespace sse_bridge {

// What became of the requests for streams: counted by method, and each told as
// a line of JSON with the names of the cookbook's framework:
//
//   http.stream.executing            the request was routed and let in
//   http.stream.started              the stream is open
//   http.stream.ended                the bridge or the backend ended it
//   http.stream.client.disconnected  the client did, or read too slowly
//   http.stream.error                it was refused, or a feed or socket failed
//
// Thread-safe; entries may outlive it.
class JsonAccessLog : public AccessLog {
 public:
  enum class Subjects { kPlain, kHashed, kOmitted };
  struct Options {
    // Gets each line, without an end of line; null: nothing is told.
    std::function<void(const std::string& line)> sink;
    Subjects subjects = Subjects::kPlain;
    // The part of the streams whose events are told (0 to 1); errors always.
    double sampling = 1;
  };
  struct Counts {
    LabelledCounter opened;   // by method
    LabelledCounter ended;    // by method and reason
    LabelledCounter refused;  // by method and google.rpc.Code
  };

  explicit JsonAccessLog(Options options);

  std::unique_ptr<AccessLogEntry> OnExecuting(StreamRequest request) override;

  // Hold for the requests from now on.
  void SetOptions(Options options);

  const Counts& counts() const { return *counts_; }

 private:
  class Entry;
  // Entries may outlive this.
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  Mutex mu_;
  std::shared_ptr<const Options> options_ ABSL_GUARDED_BY(mu_);
};

// The subject as logs show it where they must not name people: the same for the
// same subject, and not to be turned back without trying all. 16 hex digits of
// its SHA-256.
std::string HashSubject(const std::string& subject);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_JSON_ACCESS_LOG_H_

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

// Counts the requests for streams by method, and logs their lifecycle as lines
// of JSON with the event names of the cookbook's framework:
//
//   http.stream.executing            the request was routed and authorized
//   http.stream.started              the stream is open
//   http.stream.ended                the bridge or the backend ended it
//   http.stream.client.disconnected  the client left or read too slowly
//   http.stream.error                it was refused, or a feed or socket failed
//
// Thread-safe. Entries may outlive it.
class JsonAccessLog : public AccessLog {
 public:
  enum class Subjects { kPlain, kHashed, kOmitted };
  struct Options {
    // Receives each line without a line end. Null disables logging.
    std::function<void(const std::string& line)> sink;
    Subjects subjects = Subjects::kPlain;
    // Fraction of the streams that are logged (0 to 1). Errors always are.
    double sampling = 1;
  };
  struct Counts {
    LabelledCounter opened;   // by method
    LabelledCounter ended;    // by method and reason
    LabelledCounter refused;  // by method and google.rpc.Code
  };

  explicit JsonAccessLog(Options options);

  std::unique_ptr<AccessLogEntry> OnExecuting(StreamRequest request) override;

  // Applies to later requests.
  void SetOptions(Options options);

  const Counts& counts() const { return *counts_; }

 private:
  class Entry;
  // Shared with the entries, which may outlive this object.
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  Mutex mu_;
  std::shared_ptr<const Options> options_ ABSL_GUARDED_BY(mu_);
};

// A pseudonym of the subject for logs that must not name people: the first 16
// hex digits of its SHA-256. It can be reversed only by trying all subjects.
std::string HashSubject(const std::string& subject);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_JSON_ACCESS_LOG_H_

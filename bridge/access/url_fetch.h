#ifndef SSE_BRIDGE_BRIDGE_ACCESS_URL_FETCH_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_URL_FETCH_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Returns OK for a URL whose response cannot be forged in transit: https, or
// http to this machine. User and password are not allowed.
absl::Status CheckFetchUrl(const std::string& url);

// Fetches small documents from a possibly hostile server (HTTP/1.1, with
// libcurl). A fetch has one deadline and one size limit. Does not follow
// redirects or use proxies from the environment.
class UrlFetch {
 public:
  // Limit of a response without its body: status line, headers, chunk framing.
  static constexpr size_t kMaxHeadBytes = 64 * 1024;

  struct Options {
    std::string url;  // must pass CheckFetchUrl
    std::string accept = "*/*";
    std::string ca_file;  // PEM; empty for the system's
    size_t max_bytes = 256 * 1024;

    // From name resolution to the last byte.
    absl::Duration timeout = absl::Seconds(10);
  };

  explicit UrlFetch(Options options);
  ~UrlFetch() = default;
  UrlFetch(const UrlFetch&) = delete;
  UrlFetch& operator=(const UrlFetch&) = delete;

  // Returns the body of a response with status 200. Blocks; one thread at a
  // time. Errors contain details such as addresses; only log them.
  absl::StatusOr<std::string> Get();

  // Ends the current fetch and all later ones with kCancelled. Thread-safe.
  void Cancel();

 private:
  struct Transfer;

  bool Begin(void* multi);
  void End();
  bool cancelled() const;
  absl::Status Perform(Transfer* transfer);

  const Options options_;

  mutable Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  void* multi_ ABSL_GUARDED_BY(mu_) = nullptr;  // CURLM, during Get
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_URL_FETCH_H_

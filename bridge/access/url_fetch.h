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

// OK for a URL whose answer nobody on the way can have made: https, or http to
// the machine itself. Without user and password.
absl::Status CheckFetchUrl(const std::string& url);

// Fetches small documents from a server that may be hostile (HTTP/1.1, by
// libcurl): all of a fetch has one deadline and one bound. Redirects are not
// followed, proxies of the environment not used.
class UrlFetch {
 public:
  // What an answer may have beside its body: status line, headers, chunks.
  static constexpr size_t kMaxHeadBytes = 64 * 1024;

  struct Options {
    std::string url;  // that CheckFetchUrl takes
    std::string accept = "*/*";
    std::string ca_file;  // PEM; empty: the system's
    size_t max_bytes = 256 * 1024;

    // From the name's resolution to the last byte.
    absl::Duration timeout = absl::Seconds(10);
  };

  explicit UrlFetch(Options options);
  ~UrlFetch() = default;
  UrlFetch(const UrlFetch&) = delete;
  UrlFetch& operator=(const UrlFetch&) = delete;

  // The body of an answer with status 200. Blocks; one thread at a time.
  // Errors tell what went wrong, addresses included: for the log.
  absl::StatusOr<std::string> Get();

  // Ends the fetch that is under way with kCancelled, and those to come. From
  // any thread.
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

#ifndef SSE_BRIDGE_BRIDGE_ACCESS_JWKS_FETCHER_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_JWKS_FETCHER_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/access/key_set.h"
#include "bridge/access/url_fetch.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Keeps the published keys of an identity provider (a JWKS, RFC 7517) up to
// date, on its own thread. Fetches periodically, and when a token names an
// unknown key, but at most once per `min_interval`, since anybody can name any
// key. If a fetch fails, the keys are kept and the fetch is retried.
//
// Thread-safe.
class JwksFetcher {
 public:
  // Larger responses are rejected.
  static constexpr size_t kMaxBytes = KeySet::kMaxTextBytes;

  // Maximum number of requests waiting for one fetch.
  static constexpr size_t kMaxWaiting = 1000;

  struct Options {
    // https, or http to this machine.
    std::string url;
    std::string ca_file;  // PEM; empty for the system's
    absl::Duration refresh = absl::Minutes(5);
    absl::Duration min_interval = absl::Seconds(10);
    absl::Duration timeout = absl::Seconds(10);  // for a whole fetch
  };

  // Called on the fetcher's thread.
  using OnKeys = std::function<void(KeySet)>;

  // Returns kInvalidArgument for an invalid or insecure URL.
  static absl::StatusOr<std::unique_ptr<JwksFetcher>> Create(Options options,
                                                             OnKeys on_keys);
  ~JwksFetcher();
  JwksFetcher(const JwksFetcher&) = delete;
  JwksFetcher& operator=(const JwksFetcher&) = delete;

  void Start();

  // Cancels the current fetch and calls the waiting callbacks.
  void Stop();

  // Fetches soon, then calls `done` on the fetcher's thread, even if the fetch
  // failed. Returns false, without calling `done`, if the last fetch is too
  // recent or too many callbacks are waiting.
  bool RefreshThen(std::function<void()> done);

  // Returns whether any fetch has succeeded.
  bool has_keys() const;

 private:
  JwksFetcher(Options options, OnKeys on_keys);

  void Run();
  absl::StatusOr<KeySet> Fetch();

  const Options options_;
  const OnKeys on_keys_;
  UrlFetch fetch_;
  std::thread thread_;

  mutable Mutex mu_;
  std::condition_variable_any wake_;
  std::vector<std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  absl::Time last_start_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  bool fetching_ ABSL_GUARDED_BY(mu_) = false;
  bool has_keys_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_JWKS_FETCHER_H_

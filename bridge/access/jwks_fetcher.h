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

// Keeps the keys that an identity provider publishes (a JWKS, RFC 7517) up to
// date, on a thread of its own: now and then, and when a token names a key that
// is not known yet, though not oftener than `min_interval`, since anybody can
// name any key. A failed fetch leaves the keys as they are and is tried again.
//
// Thread-safe.
class JwksFetcher {
 public:
  // A larger answer is no key set.
  static constexpr size_t kMaxBytes = KeySet::kMaxTextBytes;

  // Requests that may wait for one fetch.
  static constexpr size_t kMaxWaiting = 1000;

  struct Options {
    // https, or http to the machine itself.
    std::string url;
    std::string ca_file;  // PEM; empty: the system's
    absl::Duration refresh = absl::Minutes(5);
    absl::Duration min_interval = absl::Seconds(10);
    absl::Duration timeout = absl::Seconds(10);  // of a whole fetch
  };

  // Called on the fetcher's thread.
  using OnKeys = std::function<void(KeySet)>;

  // InvalidArgument for a URL that is none, or not safe.
  static absl::StatusOr<std::unique_ptr<JwksFetcher>> Create(Options options,
                                                             OnKeys on_keys);
  ~JwksFetcher();
  JwksFetcher(const JwksFetcher&) = delete;
  JwksFetcher& operator=(const JwksFetcher&) = delete;

  void Start();

  // Ends the fetch that is under way; who waits is called.
  void Stop();

  // Fetches soon, and then calls `done` on the fetcher's thread, whether the
  // fetch worked or not. False, without a call: the last fetch is too recent,
  // or too many wait already.
  bool RefreshThen(std::function<void()> done);

  // Whether keys have been had at all.
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

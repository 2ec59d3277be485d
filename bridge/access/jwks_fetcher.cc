#include "bridge/access/jwks_fetcher.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

// Delay before the first retry after a failure; doubles up to the refresh
// interval.
constexpr absl::Duration kFirstRetry = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<JwksFetcher>> JwksFetcher::Create(
    Options options, OnKeys on_keys) {
  if (absl::Status good = CheckFetchUrl(options.url); !good.ok()) return good;
  return std::unique_ptr<JwksFetcher>(
      new JwksFetcher(std::move(options), std::move(on_keys)));
}

JwksFetcher::JwksFetcher(Options options, OnKeys on_keys)
    : options_(std::move(options)),
      on_keys_(std::move(on_keys)),
      fetch_([this] {
        UrlFetch::Options fetching;
        fetching.url = options_.url;
        fetching.accept = "application/jwk-set+json, application/json";
        fetching.ca_file = options_.ca_file;
        fetching.max_bytes = kMaxBytes;
        fetching.timeout = options_.timeout;
        return fetching;
      }()) {}

JwksFetcher::~JwksFetcher() { Stop(); }

void JwksFetcher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void JwksFetcher::Stop() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    wake_.notify_all();
  }
  fetch_.Cancel();
  if (thread_.joinable()) thread_.join();
}

bool JwksFetcher::RefreshThen(std::function<void()> done) {
  MutexLock lock(&mu_);
  const bool too_soon = !fetching_ && waiting_.empty() &&
                        absl::Now() - last_start_ < options_.min_interval;
  if (stopped_ || too_soon || waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back(std::move(done));
  wake_.notify_all();
  return true;
}

bool JwksFetcher::has_keys() const {
  MutexLock lock(&mu_);
  return has_keys_;
}

void JwksFetcher::Run() {
  absl::Time next = absl::Now();
  absl::Duration retry = kFirstRetry;
  for (;;) {
    {
      MutexLock lock(&mu_);
      while (!stopped_ && waiting_.empty() && absl::Now() < next) {
        wake_.wait_until(mu_, absl::ToChronoTime(next));
      }
      fetching_ = !stopped_;
      last_start_ = absl::Now();
    }
    // Requests from here on may wait for this fetch: the keys it returns are
    // newer than their tokens.
    absl::StatusOr<KeySet> keys = Fetch();
    const bool ok = keys.ok();
    if (ok) {
      on_keys_(*std::move(keys));
      retry = kFirstRetry;
    } else if (!absl::IsCancelled(keys.status())) {
      spdlog::warn("keys of tokens: {}", std::string(keys.status().message()));
    }
    next = absl::Now() +
           (ok ? options_.refresh : std::min(retry, options_.refresh));
    if (!ok) retry *= 2;
    std::vector<std::function<void()>> waiting;
    bool stopped;
    {
      MutexLock lock(&mu_);
      has_keys_ = has_keys_ || ok;
      fetching_ = false;
      waiting.swap(waiting_);
      stopped = stopped_;
    }
    for (const auto& done : waiting) done();
    if (stopped) return;
  }
}

absl::StatusOr<KeySet> JwksFetcher::Fetch() {
  const absl::StatusOr<std::string> body = fetch_.Get();
  if (!body.ok()) {
    return absl::Status(
        body.status().code(),
        absl::StrCat(options_.url, ": ", body.status().message()));
  }
  return KeySet::ParsePublished(*body, options_.url);
}

}  // namespace sse_bridge

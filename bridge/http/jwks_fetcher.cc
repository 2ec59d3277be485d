#include "bridge/http/jwks_fetcher.h"

#include <httplib.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

// After a failure the next try comes after so long, and then twice as long, up
// to the refresh interval.
constexpr absl::Duration kFirstRetry = absl::Seconds(1);

bool IsThisMachine(absl::string_view authority) {
  if (absl::StartsWith(authority, "[::1]")) return true;
  const absl::string_view host = authority.substr(0, authority.find(':'));
  return host == "localhost" || host == "127.0.0.1";
}

}  // namespace

absl::StatusOr<std::unique_ptr<JwksFetcher>> JwksFetcher::Create(
    Options options, OnKeys on_keys) {
  const auto bad = [&options](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", options.url, "': ", why));
  };
  absl::string_view rest = options.url;
  const bool tls = absl::ConsumePrefix(&rest, "https://");
  if (!tls && !absl::ConsumePrefix(&rest, "http://")) {
    return bad("expected https://HOST/PATH");
  }
  const size_t slash = rest.find('/');
  const absl::string_view authority = rest.substr(0, slash);
  if (authority.empty() || absl::StrContains(authority, '@')) {
    return bad("expected https://HOST/PATH");
  }
  for (unsigned char c : options.url) {
    if (c <= 0x20 || c >= 0x7f) return bad("has a character that no URL has");
  }
  if (!tls && !IsThisMachine(authority)) {
    return bad("keys that travel without TLS can be anybody's: use https");
  }
  std::string origin = absl::StrCat(tls ? "https://" : "http://", authority);
  std::string path = slash == absl::string_view::npos
                         ? std::string("/")
                         : std::string(rest.substr(slash));
  return std::unique_ptr<JwksFetcher>(
      new JwksFetcher(std::move(options), std::move(origin), std::move(path),
                      std::move(on_keys)));
}

JwksFetcher::JwksFetcher(Options options, std::string origin, std::string path,
                         OnKeys on_keys)
    : options_(std::move(options)),
      origin_(std::move(origin)),
      path_(std::move(path)),
      on_keys_(std::move(on_keys)) {}

JwksFetcher::~JwksFetcher() { Stop(); }

void JwksFetcher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void JwksFetcher::Stop() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
    wake_.notify_all();
    if (interrupt_) interrupt_();
  }
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
    // Who comes from here on may still wait for this fetch: the keys that it
    // brings are newer than its token.
    absl::StatusOr<KeySet> keys = Fetch();
    const bool ok = keys.ok();
    if (ok) {
      on_keys_(*std::move(keys));
      retry = kFirstRetry;
    } else {
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
  httplib::Client client(origin_);
  const auto timeout = absl::ToChronoMicroseconds(options_.timeout);
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  client.set_follow_location(false);
  client.enable_server_certificate_verification(true);
  if (!options_.ca_file.empty()) {
    client.set_ca_cert_path(options_.ca_file.c_str());
  }
  {
    MutexLock lock(&mu_);
    if (stopped_) return absl::CancelledError("stopped");
    interrupt_ = [&client] { client.stop(); };
  }
  std::string body;
  int status = 0;
  // Each read has the timeout for itself; together they have this.
  const absl::Time deadline = absl::Now() + 2 * options_.timeout;
  const httplib::Result result = client.Get(
      path_, {{"Accept", "application/jwk-set+json, application/json"}},
      [&](const httplib::Response& response) {
        status = response.status;
        return status == 200;
      },
      [&](const char* data, size_t size) {
        body.append(data, size);
        return body.size() <= kMaxBytes && absl::Now() < deadline;
      });
  {
    MutexLock lock(&mu_);
    interrupt_ = nullptr;
  }
  if (status != 0 && status != 200) {
    return absl::UnavailableError(
        absl::StrCat(options_.url, ": HTTP status ", status));
  }
  if (!result) {
    return absl::UnavailableError(absl::StrCat(
        options_.url, ": ",
        body.size() > kMaxBytes ? std::string("the answer is too large")
                                : httplib::to_string(result.error())));
  }
  return KeySet::ParsePublished(body, options_.url);
}

}  // namespace sse_bridge

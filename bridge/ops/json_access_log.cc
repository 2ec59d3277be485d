#include "bridge/ops/json_access_log.h"

#include <openssl/sha.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"

namespace sse_bridge {
namespace {

constexpr size_t kHashBytes = 8;

absl::string_view EndName(absl::string_view reason) {
  if (reason == "client_gone" || reason == "slow") {
    return "http.stream.client.disconnected";
  }
  if (reason == "error") return "http.stream.error";
  return "http.stream.ended";
}

}  // namespace

class JsonAccessLog::Entry : public AccessLogEntry {
 public:
  Entry(std::shared_ptr<Counts> counts, std::shared_ptr<const Options> options,
        StreamRequest request, bool told)
      : counts_(std::move(counts)),
        options_(std::move(options)),
        request_(std::move(request)),
        told_(told) {
    if (told_) Tell("http.stream.executing", "info", {});
  }

  void OnStarted() override {
    counts_->opened.Add(request_.method);
    if (told_) Tell("http.stream.started", "info", {});
  }

  void OnNoContent() override {
    if (told_) Tell("http.stream.ended", "info", {{"reason", "no_content"}});
  }

  void OnRefused(const absl::Status& status) override {
    const std::string code = absl::StatusCodeToString(status.code());
    counts_->refused.Add(request_.method, code);
    // Log only the code: the message may quote the request.
    Tell("http.stream.error", "warning", {{"code", code}});
  }

  void OnEnded(absl::string_view reason, uint64_t events, uint64_t bytes,
               absl::Duration duration) override {
    counts_->ended.Add(request_.method, std::string(reason));
    if (!told_ && reason != "error") return;
    Tell(EndName(reason), reason == "error" ? "warning" : "info",
         {{"reason", std::string(reason)},
          {"events", events},
          {"bytes", bytes},
          {"duration_ms", absl::ToInt64Milliseconds(duration)}});
  }

 private:
  void Tell(absl::string_view event, absl::string_view level,
            nlohmann::ordered_json more) {
    const auto& sink = options_->sink;
    if (!sink) return;
    nlohmann::ordered_json line;
    line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                    absl::UTCTimeZone());
    line["level"] = std::string(level);
    line["event"] = std::string(event);
    line["method"] = request_.method;
    line["route"] = request_.route;
    if (!request_.subject.empty()) {
      switch (options_->subjects) {
        case Subjects::kPlain:
          line["subject"] = request_.subject;
          break;
        case Subjects::kHashed:
          line["subject"] = HashSubject(request_.subject);
          break;
        case Subjects::kOmitted:
          break;
      }
    }
    line["address"] = request_.address;
    line["request_id"] = request_.request_id;
    line["traceparent"] = request_.traceparent;
    for (auto& [name, value] : more.items()) line[name] = value;
    sink(line.dump(-1, ' ', /*ensure_ascii=*/true,
                   nlohmann::ordered_json::error_handler_t::replace));
  }

  const std::shared_ptr<Counts> counts_;
  const std::shared_ptr<const Options> options_;
  const StreamRequest request_;
  const bool told_;
};

JsonAccessLog::JsonAccessLog(Options options)
    : options_(std::make_shared<const Options>(std::move(options))) {}

std::unique_ptr<AccessLogEntry> JsonAccessLog::OnExecuting(
    StreamRequest request) {
  std::shared_ptr<const Options> options;
  {
    MutexLock lock(&mu_);
    options = options_;
  }
  thread_local absl::BitGen random;
  const double part = options->sampling;
  const bool told = part >= 1 || absl::Uniform(random, 0.0, 1.0) < part;
  return std::make_unique<Entry>(counts_, std::move(options),
                                 std::move(request), told);
}

void JsonAccessLog::SetOptions(Options options) {
  auto next = std::make_shared<const Options>(std::move(options));
  MutexLock lock(&mu_);
  options_.swap(next);
}

std::string HashSubject(const std::string& subject) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(subject.data()), subject.size(),
         digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), kHashBytes));
}

}  // namespace sse_bridge

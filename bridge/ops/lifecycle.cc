#include "bridge/ops/lifecycle.h"

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

struct Lifecycle::Shared {
  Options options;
  Counts counts;
};

class Lifecycle::Witness : public StreamWitness {
 public:
  Witness(std::shared_ptr<Shared> shared, StreamRequest request, bool told)
      : shared_(std::move(shared)), request_(std::move(request)), told_(told) {
    if (told_) Tell("http.stream.executing", "info", {});
  }

  void OnStarted() override {
    shared_->counts.opened.Add(request_.method);
    if (told_) Tell("http.stream.started", "info", {});
  }

  void OnNoContent() override {
    if (told_) Tell("http.stream.ended", "info", {{"reason", "no_content"}});
  }

  void OnRefused(const absl::Status& status) override {
    const std::string code = absl::StatusCodeToString(status.code());
    shared_->counts.refused.Add(request_.method, code);
    // The message may quote the request: the code is enough.
    Tell("http.stream.error", "warning", {{"code", code}});
  }

  void OnEnded(absl::string_view reason, uint64_t events, uint64_t bytes,
               absl::Duration duration) override {
    shared_->counts.ended.Add(request_.method, std::string(reason));
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
    const auto& sink = shared_->options.sink;
    if (!sink) return;
    nlohmann::ordered_json line;
    line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                    absl::UTCTimeZone());
    line["level"] = std::string(level);
    line["event"] = std::string(event);
    line["method"] = request_.method;
    line["route"] = request_.route;
    if (!request_.subject.empty()) {
      switch (shared_->options.subjects) {
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

  const std::shared_ptr<Shared> shared_;
  const StreamRequest request_;
  const bool told_;
};

Lifecycle::Lifecycle(Options options) : shared_(std::make_shared<Shared>()) {
  shared_->options = std::move(options);
}

std::unique_ptr<StreamWitness> Lifecycle::OnExecuting(StreamRequest request) {
  thread_local absl::BitGen random;
  const double part = shared_->options.sampling;
  const bool told = part >= 1 || absl::Uniform(random, 0.0, 1.0) < part;
  return std::make_unique<Witness>(shared_, std::move(request), told);
}

const Lifecycle::Counts& Lifecycle::counts() const { return shared_->counts; }

std::string HashSubject(const std::string& subject) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(subject.data()), subject.size(),
         digest);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest), kHashBytes));
}

}  // namespace sse_bridge

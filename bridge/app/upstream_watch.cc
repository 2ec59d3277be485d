#include "bridge/app/upstream_watch.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

#include "absl/time/time.h"
#include "bridge/upstream/grpc/connection_probe.h"

namespace sse_bridge {
namespace {

constexpr std::chrono::milliseconds kBetweenChecks{200};

// A backend that answers at all answers within this time.
constexpr std::chrono::milliseconds kGrace{600};

// For the reason of one failed connection.
constexpr absl::Duration kReasonPatience = absl::Milliseconds(100);

}  // namespace

void UpstreamWatch::Start(
    const std::vector<std::shared_ptr<GrpcUpstream>>& upstreams) {
  thread_ = std::thread([this, upstreams] { Run(upstreams); });
}

void UpstreamWatch::Stop() {
  {
    MutexLock lock(&mu_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool UpstreamWatch::Sleep() {
  const auto until = std::chrono::steady_clock::now() + kBetweenChecks;
  MutexLock lock(&mu_);
  while (!stopped_) {
    if (wake_.wait_until(mu_, until) == std::cv_status::timeout) break;
  }
  return !stopped_;
}

void UpstreamWatch::Run(
    const std::vector<std::shared_ptr<GrpcUpstream>>& upstreams) {
  struct Away {
    std::string address;
    std::unique_ptr<ConnectionProbe> probe;
  };
  std::vector<Away> away;
  away.reserve(upstreams.size());
  for (const std::shared_ptr<GrpcUpstream>& upstream : upstreams) {
    away.push_back({std::string(upstream->address()),
                    ConnectionProbe::Start(upstream->options())});
  }
  const auto start = std::chrono::steady_clock::now();
  bool warned = false;
  while (!away.empty() && Sleep()) {
    std::erase_if(away, [&](const Away& each) {
      if (!each.probe->Connected()) return false;
      if (warned) spdlog::info("--upstream {}: connected", each.address);
      return true;
    });
    if (warned || std::chrono::steady_clock::now() - start < kGrace) continue;
    warned = true;
    for (const Away& each : away) {
      std::string why = each.probe->WhyNotConnected(kReasonPatience);
      if (why.empty()) why = "the first attempt has not ended";
      spdlog::warn(
          "--upstream {}: cannot connect: {}. The bridge keeps trying; until "
          "then requests to this backend get 503",
          each.address, why);
    }
  }
}

}  // namespace sse_bridge

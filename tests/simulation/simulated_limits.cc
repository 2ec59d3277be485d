#include "tests/simulation/simulated_limits.h"

#include <memory>
#include <utility>

#include "absl/time/time.h"

namespace sse_bridge {
namespace {

// RedisLimits::kPatience.
constexpr absl::Duration kPatience = absl::Milliseconds(75);

}  // namespace

void SimulatedLimits::Take(absl::string_view subject, int streams, int limit,
                           Done done) {
  if (network_->OneIn(4)) {  // Redis is away
    counts_[std::string(subject)] += streams;
    return std::move(done)(true);
  }
  auto shared = std::make_shared<Done>(std::move(done));
  network_->After(
      network_->RandomDelay(kPatience),
      [this, subject = std::string(subject), streams, limit, shared] {
        std::move (*shared)(Decide(subject, streams, limit));
      });
}

bool SimulatedLimits::Decide(const std::string& subject, int streams,
                             int limit) {
  int& count = counts_[subject];
  const int elsewhere = static_cast<int>(network_->Random(4));
  if (limit != 0 && count + elsewhere + streams > limit) {
    trace_->Add("too many streams of ", subject, " at all bridges");
    return false;
  }
  count += streams;
  return true;
}

void SimulatedLimits::Give(absl::string_view subject, int streams) {
  int& count = counts_[std::string(subject)];
  count -= streams;
  if (count < 0) trace_->Fail("AllIsReleased", "given back twice: ", subject);
}

int SimulatedLimits::total() const {
  int total = 0;
  for (const auto& [subject, count] : counts_) total += count;
  return total;
}

}  // namespace sse_bridge

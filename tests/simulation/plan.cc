#include "tests/simulation/plan.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

constexpr const char* kNames[Action::kKinds] = {
    "visit",   "leave", "cut",    "stall",  "publish", "ask",
    "restart", "end",   "refuse", "forget", "ban",     "reload"};

// How often each kind is drawn.
constexpr uint64_t kWeights[Action::kKinds] = {6, 1, 5, 3, 24, 3,
                                               2, 1, 1, 1, 1,  1};

}  // namespace

std::string Action::ToString() const {
  return absl::StrCat(kNames[static_cast<int>(kind)], " who=", who,
                      " what=", what, " amount=", amount);
}

Plan Plan::FromSeed(uint64_t seed) {
  // The network uses the seed itself.
  std::mt19937_64 random(seed * 2654435761u + 1);
  const auto below = [&random](uint64_t n) { return random() % n; };
  const auto one_in = [&below](uint64_t n) { return below(n) == 0; };
  Plan plan;
  plan.delivery_threads = 1 + static_cast<int>(below(3));
  plan.flush_window = one_in(3) ? absl::Milliseconds(10) : absl::ZeroDuration();
  plan.queue_limit_bytes = 1500 + below(one_in(2) ? 2000 : 30'000);
  plan.replay_events = one_in(3) ? 1 + below(5) : 1000;
  plan.replay_bytes = one_in(3) ? 200 + below(1000) : 100'000;
  plan.replay_age = one_in(4) ? absl::Seconds(1) : absl::Minutes(2);
  plan.linger = absl::Milliseconds(static_cast<int64_t>(below(3000)));
  plan.give_up = one_in(3) ? absl::Seconds(1) : absl::Minutes(5);
  plan.open_grace = absl::Milliseconds(one_in(3) ? 10 : 500);
  plan.streams_per_subject = one_in(4) ? 2 : 10;
  plan.max_streams = one_in(6) ? 3 : 0;
  plan.max_buffer_bytes = kMinBufferBytes + below(one_in(2) ? 1000 : 20'000);
  plan.max_delay = absl::Milliseconds(1 + static_cast<int64_t>(below(20)));
  plan.multiplexed = one_in(2);
  plan.window_bytes = 200 + below(one_in(2) ? 400 : 20'000);
  plan.upstream_streams = one_in(6) ? 3 : 0;
  plan.token_life = absl::Seconds(one_in(3) ? 2 : 3600);
  plan.http2_window_bytes =
      static_cast<uint32_t>(kMinBufferBytes + below(one_in(2) ? 1000 : 60'000));
  plan.http2_streams = one_in(3) ? 1 + static_cast<uint32_t>(below(3)) : 128;
  plan.compress_memory = one_in(4) ? 0 : size_t{64} << 20;
  plan.compress_exclusive = one_in(2);
  plan.shared_limits = one_in(3);
  plan.drains = one_in(3);
  plan.browsers = 1 + below(5);
  plan.length_ms = 1000 + static_cast<int64_t>(below(7000));

  uint64_t weights = 0;
  for (const uint64_t weight : kWeights) weights += weight;
  const auto at = [&] {
    return static_cast<int64_t>(below(static_cast<uint64_t>(plan.length_ms)));
  };
  for (uint64_t who = 0; who < plan.browsers; ++who) {
    plan.actions.push_back({Action::Kind::kVisit, at() / 3, who, below(64), 0});
  }
  const uint64_t count = 10 + below(40);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t drawn = below(weights);
    int kind = 0;
    while (drawn >= kWeights[kind]) drawn -= kWeights[kind++];
    Action action{static_cast<Action::Kind>(kind), at(), below(plan.browsers),
                  below(64), below(1000)};
    if (action.kind == Action::Kind::kVisit) {
      // Another browser, for which the others' indices stay the same.
      action.who = plan.browsers + below(3);
    }
    plan.actions.push_back(action);
  }
  std::stable_sort(
      plan.actions.begin(), plan.actions.end(),
      [](const Action& a, const Action& b) { return a.at_ms < b.at_ms; });
  return plan;
}

void Plan::Skip(const std::set<size_t>& indices) {
  std::vector<Action> kept;
  for (size_t i = 0; i < actions.size(); ++i) {
    if (!indices.contains(i)) kept.push_back(actions[i]);
  }
  actions = std::move(kept);
}

}  // namespace sse_bridge

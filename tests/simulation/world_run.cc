#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/world.h"

namespace sse_bridge {
namespace {

// How long it may take, in simulated time, until everybody has everything, and
// until everything is given back: longer than every timeout and backoff.
constexpr absl::Duration kConvergence = absl::Minutes(3);

}  // namespace

BackendTopic* World::TopicOf(uint64_t what) {
  switch (what % 7) {
    case 0:
    case 1:
      return backend_->FindTopic(absl::StrCat("l", what % 7), TopicKind::kLog);
    case 2:
    case 3:
      return backend_->FindTopic("r0", TopicKind::kRoom);
    case 4:
      return backend_->FindTopic("p0", TopicKind::kPrices);
    default:
      return backend_->FindTopic(absl::StrCat("m-u", what % 3),
                                 TopicKind::kMine);
  }
}

void World::PublishTo(BackendTopic* topic, bool to_all, uint64_t events) {
  // All for the same user, so that others have nothing to see for long.
  const bool one_user = network_.OneIn(3);
  const std::string user = absl::StrCat("u", network_.Random(3));
  for (uint64_t i = 0; i < events; ++i) {
    std::string key;
    if (topic->kind == TopicKind::kPrices) {
      key = absl::StrCat("k", network_.Random(4));
    }
    std::set<std::string> only_to;
    if (topic->kind == TopicKind::kRoom && !to_all && one_user) {
      only_to.insert(user);
    } else if (topic->kind == TopicKind::kRoom && !to_all &&
               network_.OneIn(2)) {
      only_to.insert(absl::StrCat("u", network_.Random(3)));
      if (network_.OneIn(2)) {
        only_to.insert(absl::StrCat("u", network_.Random(3)));
      }
    }
    // The newest values must fit into a queue, or some are dropped.
    const bool large = network_.OneIn(10) && topic->kind != TopicKind::kPrices;
    const size_t padding = network_.Random(large ? 3000 : 40);
    backend_->Publish(topic, key, only_to, padding);
  }
}

void World::Do(const Action& action) {
  using Kind = Action::Kind;
  trace_.Add("action ", action.ToString());
  Browser* browser = nullptr;
  while (browsers_.size() <= action.who &&
         (action.kind == Kind::kVisit || action.kind == Kind::kBan)) {
    const size_t n = browsers_.size();
    browsers_.push_back(std::make_unique<Browser>(
        &context_, absl::StrCat("browser", n), absl::StrCat("u", n % 3)));
  }
  if (action.who < browsers_.size()) browser = browsers_[action.who].get();
  const auto ms = absl::Milliseconds(static_cast<int64_t>(action.amount));
  switch (action.kind) {
    case Kind::kVisit:
      return browser->Visit(action.what);
    case Kind::kLeave:
      if (browser != nullptr) browser->Leave(action.amount % 2 == 0);
      return;
    case Kind::kCut:
      if (browser != nullptr) browser->Cut();
      return;
    case Kind::kStall:
      if (browser != nullptr) browser->Stall(ms);
      return;
    case Kind::kPublish:
      return PublishTo(TopicOf(action.what), /*to_all=*/false,
                       1 + action.amount % (action.amount > 800 ? 60 : 6));
    case Kind::kAsk:
      return calls_.Ask(static_cast<int>(action.what % 17));
    case Kind::kRestart:
      return backend_->Restart(ms * 2);
    case Kind::kEnd:
      return backend_->EndCalls(TopicOf(action.what),
                                static_cast<int>(action.amount % 17));
    case Kind::kRefuse:
      return backend_->RefuseNext(TopicOf(action.what), 1 + action.who,
                                  static_cast<int>(action.amount % 17));
    case Kind::kForget: {
      BackendTopic* const topic = TopicOf(action.what);
      const uint64_t keep = std::min(action.amount % 5, topic->last());
      topic->kept_from = std::max(topic->kept_from, topic->last() - keep + 1);
      return;
    }
    case Kind::kBan:
      backend_->FindTopic("r0", TopicKind::kRoom)
          ->banned.insert(browser->user());
      return;
    case Kind::kReload:
      return api_->Replace(fixtures_.served[action.amount % 2]);
  }
}

void World::Look() {
  for (const auto& browser : browsers_) browser->Look();
  calls_.Look();
  clients_.Look();
}

void World::CheckBounds() {
  const DeliveryStats stats = delivery_.Stats();
  // An exclusive stream stops to read at 64 KiB; a shared one ends at the
  // limit. One more event, at most, comes on top, and the end.
  constexpr uint64_t kOneEvent = 4096;
  const uint64_t each =
      std::max<uint64_t>(plan_.queue_limit_bytes, 64 << 10) + kOneEvent;
  if (stats.queue_bytes > stats.open * each * 2) {
    trace_.Fail("MemoryBound", stats.queue_bytes, " bytes wait for ",
                stats.open, " streams");
  }
  if (plan_.max_streams > 0 && !context_.healed &&
      limits_.counts().total > plan_.max_streams) {
    trace_.Fail("Limits", limits_.counts().total, " streams");
  }
}

bool World::StepUntil(absl::Duration time,
                      const std::function<bool()>& condition) {
  const int64_t end =
      network_.clock()->MonotonicNanos() + absl::ToInt64Nanoseconds(time);
  bool reached = false;
  network_.After(time, [] {});  // so that time passes
  while (!trace_.failed() && !reached) {
    if (condition()) return true;
    if (network_.clock()->MonotonicNanos() > end || !network_.Step()) break;
    Look();
    if (++steps_ % 64 == 0) CheckBounds();
    // Time stands still: a loop spins.
    if (steps_ > 2'000'000) trace_.Fail("Progress", "too many steps");
  }
  return condition();
}

void World::Run() {
  for (const Action& action : plan_.actions) {
    network_.After(absl::Milliseconds(action.at_ms),
                   [this, action] { Do(action); });
  }
  StepUntil(absl::Milliseconds(plan_.length_ms), [] { return false; });
  if (trace_.failed()) return;
  Converge();
  if (trace_.failed()) return;
  if (plan_.drains) {
    Drain();
  } else {
    SayGoodbye();
  }
}

void World::Converge() {
  trace_.Add("from now on, nothing fails");
  context_.healed = true;
  backend_->Heal();
  // With few streams allowed, not all can be there.
  ConnectionLimits::Options unlimited;
  unlimited.per_subject = 0;
  limits_.SetOptions(unlimited);
  const auto all = [this] {
    return std::all_of(browsers_.begin(), browsers_.end(),
                       [](const auto& browser) { return browser->HasAll(); }) &&
           calls_.AllAreAnswered();
  };
  if (plan_.upstream_streams > 0) {
    // Some are refused for ever. What they hold must be given back all the
    // same.
    StepUntil(absl::Seconds(5), [] { return false; });
    return;
  }
  std::string missing;
  const absl::Time end = network_.clock()->WallTime() + kConvergence;
  while (!trace_.failed() && network_.clock()->WallTime() < end) {
    if (StepUntil(absl::Seconds(3), all)) {
      // Nothing more comes that should not.
      StepUntil(absl::Milliseconds(200), [] { return false; });
      if (!all()) continue;
      return;
    }
    missing.clear();
    for (const auto& browser : browsers_) {
      if (!browser->HasAll()) absl::StrAppend(&missing, browser->State(), "; ");
    }
    // Those who begin anew need something to begin with.
    for (const auto& [name, topic] : backend_->topics()) {
      if (topic->kind == TopicKind::kJob) continue;
      PublishTo(topic.get(), /*to_all=*/true,
                topic->kind == TopicKind::kPrices ? 0 : 1);
    }
  }
  trace_.Fail("NothingWaitsForEver",
              missing.empty() ? "a unary call" : missing);
}

void World::SayGoodbye() {
  trace_.Add("all browsers leave");
  context_.leaving = true;
  for (const auto& browser : browsers_) browser->Leave(network_.OneIn(2));
  calls_.Leave();
  clients_.CloseAll();
  std::string what;
  if (!StepUntil(kConvergence, [&] { return IsReleased(&what); })) {
    trace_.Fail("AllIsReleased", what);
  }
}

void World::Drain() {
  // As Bridge::Drain, where each wait is a step.
  trace_.Add("the bridge drains");
  context_.leaving = true;
  listener_->StopAccepting();
  calls_.Leave();
  StepUntil(absl::Seconds(2),
            [this] { return listener_->WaitUntilIdle(absl::InfinitePast()); });
  api_->StartDraining();
  delivery_.CloseAll(absl::Seconds(1), nullptr);
  if (!StepUntil(absl::Seconds(20), [this] {
        return delivery_.WaitUntilEmpty(absl::InfinitePast());
      })) {
    trace_.Fail("AllIsReleased", delivery_.Stats().open,
                " streams after a drain");
  }
  StepUntil(absl::Seconds(2),
            [this] { return listener_->WaitUntilIdle(absl::InfinitePast()); });
  registry_.StopAll(absl::UnavailableError("the bridge is shutting down"));
  // Those who do not read for a while see their end later.
  StepUntil(absl::Seconds(2), [this] {
    return std::none_of(browsers_.begin(), browsers_.end(),
                        [](const auto& browser) {
                          return !browser->left() && browser->has_connection();
                        });
  });
  for (const auto& browser : browsers_) {
    if (!browser->left() && browser->has_connection()) {
      trace_.Fail("NothingWaitsForEver", browser->State(), " after a drain");
    }
  }
  for (const auto& browser : browsers_) browser->Leave(/*resets=*/false);
  std::string what;
  if (!StepUntil(kConvergence, [&] { return IsReleased(&what); })) {
    trace_.Fail("AllIsReleased", what);
  }
}

bool World::IsReleased(std::string* what) const {
  const auto counts = limits_.counts();
  const auto calls = call_limits_.counts();
  const size_t listening = plan_.drains ? 0 : 1;
  *what = absl::StrCat(
      listener_->connections(), " connections, ", http2_->held_bytes(),
      " bytes of requests, ", shared_limits_.total(), " shared leases, ",
      gzip_.used(), " bytes for compression, ", delivery_.Stats().open,
      " streams, ", delivery_.Stats().queue_bytes, " queued bytes, ",
      counts.total, "/", counts.subjects, "/", counts.addresses, " leases, ",
      calls.total, "/", calls.subjects, "/", calls.addresses, " call leases, ",
      registry_.size(), " feeds, ", admissions_.stats().sessions.load(),
      " sessions, ", admissions_.leaves_waiting(), " leaves, ",
      backend_->sessions_left_over(), " sessions at the backend, ",
      backend_->open_calls(), " calls, ",
      multiplexed_ == nullptr ? 0 : multiplexed_->streams(),
      " multiplexed streams, ", open_streams_.size(), " open streams, ",
      circuits_.away(), " outages, ", network_.open_sockets(), " sockets");
  return listener_->connections() == 0 && http2_->held_bytes() == 0 &&
         shared_limits_.total() == 0 && gzip_.used() == 0 &&
         delivery_.Stats().open == 0 && delivery_.Stats().queue_bytes == 0 &&
         counts.total == 0 && counts.subjects == 0 && counts.addresses == 0 &&
         calls.total == 0 && calls.addresses == 0 && registry_.size() == 0 &&
         admissions_.stats().sessions.load() == 0 &&
         admissions_.leaves_waiting() == 0 &&
         backend_->sessions_left_over() == 0 && backend_->open_calls() == 0 &&
         (multiplexed_ == nullptr || multiplexed_->streams() == 0) &&
         open_streams_.size() == 0 && circuits_.away() == 0 &&
         network_.open_sockets() == listening;
}

}  // namespace sse_bridge
